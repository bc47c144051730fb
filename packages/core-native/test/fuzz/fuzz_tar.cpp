// Any bytes as a tar archive, and the same with checksums that hold, so that what is behind them is reached.
#include "fuzz.h"
#include "tar_writer.h"
#include "torchfile/tar.h"

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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  readAll(test::copyOf(data, size));
  std::vector<uint8_t> signedBytes = test::copyOf(data, size);
  for (size_t at = 0; at + 512 <= size; at += 512) {
    if (signedBytes[at + 257] == 'u') test::sign(&signedBytes[at]);
  }
  readAll(std::move(signedBytes));
  return 0;
}
