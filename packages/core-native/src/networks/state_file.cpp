#include "networks/state_file.h"

#include <unordered_map>

#include "networks/error.h"
#include "networks/tensor_source.h"
#include "torchfile/container.h"

namespace nb201::networks {

namespace {

// One read in place of one for each of hundreds of small tensors.
SourcePtr inMemory(const SourcePtr& file) {
  return file->size() > TensorSource::kMost ? file : std::make_shared<TensorSource>(*file, 0, file->size());
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
  const std::vector<Value>& items = loaded.value.sequence->items;
  std::vector<StoredTensor> out;
  out.reserve(items.size() / 2);
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
