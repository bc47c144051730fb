#pragma once

#include <memory>
#include <vector>

#include "node/napi.h"
#include "torchfile/container.h"

namespace nb201::node {

class Addon;

// A file of torch or pickle, decoded as a whole. Its tensors' bytes are read when they are asked for.
class TorchFile : public Napi::ObjectWrap<TorchFile> {
 public:
  static void define(Napi::Env env, Addon& addon, Napi::Object exports);
  explicit TorchFile(const Napi::CallbackInfo& info);

  struct Content {
    explicit Content(Container opened) : container(std::move(opened)) {}
    Container container;
    Graph graph;
    std::vector<nb201::Value> values;  // several pickles may follow one another in a bare file
    StorageTable storages;
  };
  static Napi::Object wrap(Napi::Env env, std::shared_ptr<Content> content);

 private:
  static Napi::Value open(const Napi::CallbackInfo& info);
  Napi::Value values(const Napi::CallbackInfo& info);
  Napi::Value describe(const Napi::CallbackInfo& info);
  Napi::Value storage(const Napi::CallbackInfo& info);
  Napi::Value storagePlace(const Napi::CallbackInfo& info);

  std::shared_ptr<Content> content_;
};

// { path, offset, size } of a storage that lies in its file as it is; undefined else.
Napi::Value placeToJs(Napi::Env env, const std::string& path, const std::optional<Container::FilePlace>& place);

ContainerLimits limitsFrom(const Napi::Value& options);

}  // namespace nb201::node
