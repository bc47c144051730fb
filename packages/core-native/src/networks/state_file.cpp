#include "networks/state_file.h"

#include <unordered_map>

#include "networks/error.h"
#include "torchfile/container.h"

namespace nb201::networks {

namespace {

// All of a file that is needed as a whole: one read in place of one for each of hundreds of small tensors.
SourcePtr inMemory(const SourcePtr& file) {
  constexpr uint64_t kMost = uint64_t{256} << 20;
  if (file->size() > kMost) return file;
  std::vector<uint8_t> bytes(static_cast<size_t>(file->size()));
  file->read(0, bytes.data(), bytes.size());
  return fromMemory(file->name(), std::move(bytes));
}

std::vector<int64_t> integers(const std::vector<uint64_t>& from) { return {from.begin(), from.end()}; }

}  // namespace

std::vector<StoredTensor> readStateFile(const std::string& path) {
  const Container container = Container::open(inMemory(openFile(path)), {});
  Graph graph;
  const Container::Loaded loaded = container.load(graph, container.pickleAt());
  const auto refuse = [&](const std::string& found) {
    throw NetworkError("NO_WEIGHTS", path + ": expected a state dict, a dict of names and tensors; found " + found);
  };
  if (loaded.value.kind != Kind::Dict) refuse(kindName(loaded.value.kind));
  const StorageTable storages = container.storages(loaded.types, loaded.end);
  std::unordered_map<std::string, SourcePtr> opened;
  std::vector<StoredTensor> out;
  const std::vector<Value>& items = loaded.value.sequence->items;
  for (size_t i = 0; i + 1 < items.size(); i += 2) {
    if (!items[i].isText() || items[i + 1].kind != Kind::Tensor) refuse("an entry that is something else");
    const Tensor& tensor = *items[i + 1].tensor;
    SourcePtr& bytes = opened[tensor.storage->key];
    if (!bytes) bytes = container.openStorage(storages, tensor.storage->key);
    out.push_back({std::string(items[i].str()), tensor.type, integers(tensor.shape), integers(tensor.stride),
                   static_cast<int64_t>(tensor.offset), bytes});
  }
  return out;
}

}  // namespace nb201::networks
