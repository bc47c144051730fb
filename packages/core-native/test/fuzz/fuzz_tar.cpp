// Any bytes as a tar archive, and the same with checksums that hold, so that what is behind them is reached; and as
// what stands in the side-car of one.
#include <algorithm>

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

void readSidecar(const uint8_t* data, size_t size) {
  const FileStamp stamp{size, 0, 0};
  std::vector<uint8_t> bytes = writeTarSidecar(stamp, {{"a", 512, 0, false}, {"b", 512, 0, false}});
  std::copy_n(data, std::min<size_t>(size, 8), bytes.begin() + 40);  // how many members it says that it has
  if (size > 8) bytes.insert(bytes.begin() + 56, data + 8, data + size);
  const auto members = readTarSidecar(*fromMemory("side-car", std::move(bytes)), stamp, Checksums::Ignore);
  if (!members) return;
  for (const TarMember& member : *members) {
    if (member.offset + member.size > stamp.size) test::broken("a member lies beyond its archive");
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
