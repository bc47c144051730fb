// Any bytes as a file: open it, read all values and all storages, as TorchFile.open does.
#include "fuzz.h"
#include "torchfile/container.h"

using namespace nb201;

namespace {

void readAll(const SourcePtr& source) {
  ContainerLimits limits;
  limits.decompressed = uint64_t{8} << 20;
  limits.pickle = uint64_t{1} << 20;
  limits.decode.depth = 100;

  Graph graph;
  const Container container = Container::open(source, limits);
  Container::StorageTypes types;
  uint64_t at = container.pickleAt();
  int pickles = 0;
  do {
    Container::Loaded loaded = container.load(graph, at);
    test::mustKeepPromises(loaded.value);
    types.merge(loaded.types);
    at = loaded.end;
  } while (container.kind() == ContainerKind::Pickle && at < container.pickles()->size() && ++pickles < 100);

  const StorageTable table = container.storages(types, at);
  uint64_t read = 0;
  for (const auto& [key, type] : types) {
    const SourcePtr bytes = container.openStorage(table, key);
    if (bytes->size() != type.count * elementSize(type.type)) test::broken("a storage has another size than its type");
    if ((read += bytes->size()) > (uint64_t{8} << 20)) break;
    std::vector<uint8_t> content(static_cast<size_t>(bytes->size()));
    bytes->read(0, content.data(), content.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  test::attempt([&] { readAll(fromMemory("fuzz", test::copyOf(data, size))); });
  return 0;
}
