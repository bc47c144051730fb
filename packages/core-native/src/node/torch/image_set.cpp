#include "node/torch/image_set.h"

#include <ATen/ops/empty.h>

#include <cstring>

#include "node/torch/addon.h"
#include "node/torch/batch.h"

namespace nb201::node {

namespace {

constexpr napi_type_tag kTag{0x6e62323031696d67, 0x5d27a90c3be8146f};

// On JavaScript's own thread, where no other exception may get out.
at::Tensor bytesOf(Napi::Env env, int64_t count, int64_t size) {
  try {
    return at::empty({count, 3, size, size}, at::kByte);
  } catch (const std::exception&) {
    throw toJs(env, std::current_exception());
  }
}

}  // namespace

void ImageSet::define(Napi::Env env, TorchAddon& addon, Napi::Object exports) {
  const Napi::Function constructor = DefineClass(env, "ImageSet", {});
  addon.imageSet = Napi::Persistent(constructor);
  exports.Set("ImageSet", constructor);
}

// new ImageSet(pixels: Uint8Array, labels: Int32Array, size): copies them.
ImageSet::ImageSet(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ImageSet>(info) {
  const auto pixels = info[0].As<Napi::Uint8Array>();
  const at::Tensor labels = labelsFrom(info[1]);
  const int64_t size = info[2].As<Napi::Number>(), count = labels.size(0);
  const at::Tensor copy = bytesOf(info.Env(), count, size);
  if (count == 0 || copy.nbytes() != pixels.ByteLength()) {
    throw Napi::TypeError::New(info.Env(), "expected 3 x size x size bytes for each label");
  }
  for (int64_t i = 0; i < count; ++i) {
    if (static_cast<const int64_t*>(labels.data_ptr())[i] < 0) {
      throw Napi::TypeError::New(info.Env(), "expected labels from 0 on");
    }
  }
  std::memcpy(copy.data_ptr(), pixels.Data(), pixels.ByteLength());
  images_ = std::make_shared<training::ImageSet>(copy, labels);
  info.This().As<Napi::Object>().TypeTag(&kTag);
  reported_ = static_cast<int64_t>(copy.nbytes());
  Napi::MemoryManagement::AdjustExternalMemory(info.Env(), reported_);
}

ImageSet::~ImageSet() { Napi::MemoryManagement::AdjustExternalMemory(Env(), -reported_); }

std::shared_ptr<training::ImageSet> ImageSet::from(const Napi::Value& value) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kTag)) {
    throw Napi::TypeError::New(value.Env(), "expected an ImageSet");
  }
  return Unwrap(value.As<Napi::Object>())->images_;
}

training::Subset subsetFrom(const Napi::Object& from) {
  training::Subset out;
  out.images = ImageSet::from(from.Get("of"));
  out.shuffled = from.Get("shuffled").ToBoolean();
  const Napi::Value indices = from.Get("indices");
  if (!indices.IsNull()) {
    out.indices = labelsFrom(indices);
    const auto* index = static_cast<const int64_t*>(out.indices.data_ptr());
    for (int64_t i = 0; i < out.indices.size(0); ++i) {
      if (index[i] < 0 || index[i] >= out.images->count()) {
        throw Napi::RangeError::New(from.Env(), "expected indices of images, found " + std::to_string(index[i]));
      }
    }
  }
  if (out.count() == 0) throw Napi::RangeError::New(from.Env(), "expected at least one image");
  return out;
}

training::Pixels pixelsFrom(const Napi::Object& from) {
  training::Pixels out;
  const Napi::Array mean = from.Get("mean").As<Napi::Array>(), std = from.Get("std").As<Napi::Array>();
  for (uint32_t i = 0; i < 3; ++i) {
    out.mean[i] = mean.Get(i).As<Napi::Number>();
    out.std[i] = std.Get(i).As<Napi::Number>();
  }
  out.padding = from.Get("padding").As<Napi::Number>();
  return out;
}

}  // namespace nb201::node
