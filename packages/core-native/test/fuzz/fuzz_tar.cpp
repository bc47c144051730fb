// Any bytes as a tar archive, and the same with checksums that hold, so that what is behind them is reached; and as
// changes to the side-car of one.
#include <cstring>

#include "fuzz.h"
#include "tar_writer.h"
#include "torchfile/tar.h"
#include "torchfile/tar_sidecar.h"

using namespace nb201;

namespace {

void readAll(std::vector<uint8_t> bytes) {
  const SourcePtr source = fromMemory("fuzz", std::move(bytes));
  test::attempt([&] {
    const TarArchive archive(source);
    for (size_t i = 0; i < archive.members().size(); ++i) {
      test::attempt([&] {
        const SourcePtr file = archive.open(i);
        if (file->size() > source->size()) test::broken("a member is larger than its archive");
        std::vector<uint8_t> content(static_cast<size_t>(file->size()));
        file->read(0, content.data(), content.size());
      });
    }
  });
}

// Each change takes eight bytes: where (4), and what (4).
void readSidecar(const uint8_t* data, size_t size) {
  constexpr uint64_t kArchive = 4096;
  std::vector<uint8_t> bytes = writeTarSidecar({}, {{"a", 512, 0, false}, {"dir/b", 512, 2048, true}});
  for (; size >= 8; data += 8, size -= 8) {
    uint32_t at;
    std::memcpy(&at, data, sizeof at);
    std::memcpy(bytes.data() + at % (bytes.size() - 4), data + 4, 4);
  }
  const auto members = readTarSidecar(fromMemory("side-car", std::move(bytes)), {}, kArchive, Checksums::Ignore);
  if (!members) return;
  for (const TarMember& member : *members) {
    if (member.size > kArchive || member.offset > kArchive - member.size)
      test::broken("a member lies beyond its archive");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  readSidecar(data, size);
  readAll(test::copyOf(data, size));
  std::vector<uint8_t> signedBytes = test::copyOf(data, size);
  for (size_t at = 0; at + 512 <= size; at += 512) {
    if (signedBytes[at + 257] == 'u') test::sign(&signedBytes[at]);
  }
  readAll(std::move(signedBytes));
  return 0;
}
