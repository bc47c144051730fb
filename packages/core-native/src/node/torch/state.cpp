#include "node/torch/state.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "networks/stored_tensor.h"
#include "networks/tensor_source.h"
#include "node/torch/batch.h"
#include "node/torch/device_tensor.h"
#include "pickle/source.h"

namespace nb201::node {

namespace {

TensorType typeFrom(Napi::Env env, const std::string& name) {
  for (int i = 0; i <= static_cast<int>(TensorType::Untyped); ++i) {
    if (name == typeName(static_cast<TensorType>(i))) return static_cast<TensorType>(i);
  }
  throw Napi::TypeError::New(env, "no tensor's type: " + name);
}

}  // namespace

GivenState::GivenState(const Napi::Object& from) {
  const Napi::Env env = from.Env();
  const Napi::Array storages = from.Get("storages").As<Napi::Array>();
  for (uint32_t i = 0; i < storages.Length(); ++i) {
    const Napi::Object storage = storages.Get(i).As<Napi::Object>();
    if (storage.IsTypedArray()) {
      const auto array = storage.As<Napi::Uint8Array>();
      bytes_.push_back(fromMemory("<memory>", {array.Data(), array.Data() + array.ByteLength()}));
      places_.emplace_back();
    } else {
      const auto number = [&](const char* name) {
        return static_cast<uint64_t>(storage.Get(name).As<Napi::Number>().DoubleValue());
      };
      bytes_.push_back(nullptr);
      places_.push_back({storage.Get("path").As<Napi::String>(), number("offset"), number("size")});
    }
  }
  const Napi::Array tensors = from.Get("tensors").As<Napi::Array>();
  for (uint32_t i = 0; i < tensors.Length(); ++i) {
    const Napi::Object tensor = tensors.Get(i).As<Napi::Object>();
    networks::StoredTensor stored;
    stored.name = tensor.Get("name").As<Napi::String>();
    stored.type = typeFrom(env, tensor.Get("dtype").As<Napi::String>());
    stored.shape = integers(tensor.Get("shape"));
    stored.stride = integers(tensor.Get("stride"));
    stored.offset = tensor.Get("offset").As<Napi::Number>();
    tensors_.push_back(std::move(stored));
    storage_.push_back(tensor.Get("storage").As<Napi::Number>().Uint32Value());
  }
}

std::vector<networks::StoredTensor> GivenState::opened() {
  struct File {
    uint64_t begin = UINT64_MAX, end = 0, wanted = 0;
    SourcePtr bytes;
  };
  std::unordered_map<std::string, File> files;
  for (const Place& place : places_) {
    if (place.path.empty()) continue;
    File& file = files[place.path];
    file.begin = std::min(file.begin, place.offset);
    file.end = std::max(file.end, place.offset + place.size);
    file.wanted += place.size;
  }
  for (auto& [path, file] : files) {
    file.bytes = openFile(path);
    if (file.end <= file.bytes->size() && file.end - file.begin <= networks::TensorSource::kMost &&
        file.end - file.begin <= 2 * file.wanted) {
      file.bytes = std::make_shared<networks::TensorSource>(*file.bytes, file.begin, file.end);
    }
  }
  for (size_t i = 0; i < bytes_.size(); ++i) {
    const Place& place = places_[i];
    if (!bytes_[i]) bytes_[i] = sliceOf(files[place.path].bytes, place.path, place.offset, place.size);
  }
  for (size_t i = 0; i < tensors_.size(); ++i) tensors_[i].bytes = bytes_.at(storage_[i]);
  return std::move(tensors_);
}

Napi::Array weightsToJs(Napi::Env env, const std::vector<networks::Weight>& weights) {
  Napi::Array out = Napi::Array::New(env, weights.size());
  for (size_t i = 0; i < weights.size(); ++i) {
    const at::Tensor& tensor = weights[i].tensor;
    Napi::Uint8Array bytes = Napi::Uint8Array::New(env, tensor.nbytes());
    std::memcpy(bytes.Data(), tensor.data_ptr(), tensor.nbytes());
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("name", weights[i].name);
    entry.Set("dtype", networks::typeName(tensor.scalar_type()));
    entry.Set("shape", numbers(env, tensor.sizes()));
    entry.Set("parameter", weights[i].parameter);
    entry.Set("bytes", bytes);
    out.Set(static_cast<uint32_t>(i), entry);
  }
  return out;
}

}  // namespace nb201::node
