#pragma once

#include <memory>

#include "node/napi.h"
#include "training/loader.h"

namespace nb201::node {

class TorchAddon;

// Labelled images as bytes, for any number of trainings.
class ImageSet : public Napi::ObjectWrap<ImageSet> {
 public:
  static void define(Napi::Env env, TorchAddon& addon, Napi::Object exports);
  explicit ImageSet(const Napi::CallbackInfo& info);
  ~ImageSet() override;
  static std::shared_ptr<training::ImageSet> from(const Napi::Value& value);

 private:
  std::shared_ptr<training::ImageSet> images_;
  int64_t reported_ = 0;  // bytes that the garbage collector knows of
};

// { of: ImageSet, indices: Int32Array | null, shuffled }
training::Subset subsetFrom(const Napi::Object& from);
// { mean, std, padding }
training::Pixels pixelsFrom(const Napi::Object& from);

}  // namespace nb201::node
