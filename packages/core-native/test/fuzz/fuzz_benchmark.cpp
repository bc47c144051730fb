// Any bytes as a benchmark file: index it, read every curve both ways, decode every record. Opened once more piece by
// piece, and on several threads, it must hold the same.
#include "benchmark.h"
#include "fuzz.h"
#include "pieces.h"

using namespace nb201;

namespace {

ContainerLimits small(unsigned threads) {
  ContainerLimits limits;
  limits.threads = threads;
  limits.bytesPerThread = 1;
  limits.decompressed = uint64_t{8} << 20;
  limits.pickle = uint64_t{1} << 20;
  limits.decode.depth = 100;
  return limits;
}

// The summary, or nothing where the bytes are no benchmark.
std::string read(const SourcePtr& source, unsigned threads) {
  std::string out;
  test::attempt([&] {
    const auto index = BenchmarkIndex::open(source, small(threads), nullptr);
    out = test::summary(*index);
    const std::string disagreement = test::disagreement(*index);
    if (!disagreement.empty()) test::broken("two ways to read a curve disagree: " + disagreement);
    for (const Record& record : index->tables().records) {
      test::attempt([&] {
        Graph graph;
        const Value value = index->memo().decode(graph, record.begin, record.begin + record.size);
        test::mustKeepPromises(value);
      });
    }
  });
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string inMemory = read(fromMemory("fuzz", test::copyOf(data, size)), 1);
  const std::string inPieces = read(std::make_shared<test::PieceSource>(test::copyOf(data, size)), 1);
  const std::string together = read(fromMemory("fuzz", test::copyOf(data, size)), 3);
  if (inMemory != inPieces) test::broken("a benchmark read piece by piece differs from one in memory");
  if (inMemory != together) test::broken("a benchmark read on several threads differs from one read on one");
  return 0;
}
