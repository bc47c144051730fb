// A side-car that was changed by somebody who knows the format and its checksums: the input says which bytes get which
// values. Whatever it then says, reading through it must stay within the file and end in an Error at worst.
#include <cstring>

#include "benchmark.h"
#include "benchmark/sidecar.h"
#include "fuzz.h"

using namespace nb201;

namespace {

struct Benchmark {
  std::vector<uint8_t> bytes, sidecar;
};

// Small, irregular, and with tensors in a storage.
const Benchmark& benchmark() {
  static const Benchmark made = [] {
    const std::string path = std::string(NB201_FIXTURES) + "/benchmark/irregular.pth";
    const SourcePtr file = openFile(path);
    Benchmark out;
    out.bytes.resize(static_cast<size_t>(file->size()));
    file->read(0, out.bytes.data(), out.bytes.size());
    out.sidecar = BenchmarkIndex::open(file, {}, nullptr, {"nowhere"})->sidecar();
    return out;
  }();
  return made;
}

}  // namespace

// Each change takes eight bytes: where (4), and what (4).
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<uint8_t> sidecar = benchmark().sidecar;
  for (; size >= 8; data += 8, size -= 8) {
    uint32_t at;
    std::memcpy(&at, data, sizeof at);
    at %= static_cast<uint32_t>(sidecar.size() - 4);
    std::memcpy(sidecar.data() + at, data + 4, 4);
  }
  test::attempt([&] {
    const auto file = fromMemory("fuzz", benchmark().bytes);
    const auto source = fromMemory("side-car", std::move(sidecar));
    const auto index = BenchmarkIndex::restore(file, {}, {}, source, Checksums::Ignore);
    if (index) test::summary(*index);
  });
  return 0;
}
