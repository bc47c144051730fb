#pragma once

#include <memory>

#include "node/napi.h"
#include "training/loader.h"

namespace nb201::node {

class TorchAddon;

// Batches of normalised images, as a training is given them.
class ImageLoader : public Napi::ObjectWrap<ImageLoader> {
 public:
  static void define(Napi::Env env, TorchAddon& addon, Napi::Object exports);
  explicit ImageLoader(const Napi::CallbackInfo& info);

 private:
  static Napi::Value create(const Napi::CallbackInfo& info);
  Napi::Value begin(const Napi::CallbackInfo& info);
  Napi::Value next(const Napi::CallbackInfo& info);

  std::shared_ptr<training::Loader> loader_;
};

}  // namespace nb201::node
