#include "node/torch/image_loader.h"

#include "networks/device.h"
#include "node/torch/addon.h"
#include "node/torch/batch.h"
#include "node/torch/device_tensor.h"
#include "node/torch/image_set.h"

namespace nb201::node {

namespace {

using SharedLoader = std::shared_ptr<training::Loader>;

}  // namespace

void ImageLoader::define(Napi::Env env, TorchAddon& addon, Napi::Object exports) {
  const Napi::Function constructor =
      DefineClass(env, "ImageLoader",
                  {StaticMethod("create", &ImageLoader::create), InstanceMethod("begin", &ImageLoader::begin),
                   InstanceMethod("next", &ImageLoader::next)});
  addon.imageLoader = Napi::Persistent(constructor);
  exports.Set("ImageLoader", constructor);
}

ImageLoader::ImageLoader(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ImageLoader>(info) {
  if (info.Length() != 1 || !info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "use ImageLoader.create()");
  loader_ = *info[0].As<Napi::External<SharedLoader>>().Data();
}

// create(subset, { pixels, augmented, batch, seed, drawOnDevice, device }): a promise of an ImageLoader.
Napi::Value ImageLoader::create(const Napi::CallbackInfo& info) {
  const Napi::Object from = info[1].As<Napi::Object>();
  return onCompute(
      info.Env(),
      [subset = subsetFrom(info[0].As<Napi::Object>()), pixels = pixelsFrom(from.Get("pixels").As<Napi::Object>()),
       augmented = from.Get("augmented").ToBoolean().Value(), batch = from.Get("batch").As<Napi::Number>().Int64Value(),
       seed = static_cast<uint64_t>(from.Get("seed").As<Napi::Number>().Int64Value()),
       drawOnDevice = from.Get("drawOnDevice").ToBoolean().Value(),
       name = from.Get("device").As<Napi::String>().Utf8Value()](const networks::Checkpoint&) {
        const at::Device device = networks::deviceNamed(name);
        return std::make_shared<training::Loader>(subset, training::orderOf(seed, drawOnDevice, device), pixels,
                                                  augmented, batch, device);
      },
      [](Napi::Env env, SharedLoader made) {
        return TorchAddon::of(env).imageLoader.New({Napi::External<SharedLoader>::New(env, &made)});
      });
}

// begin(): a promise; an epoch begins.
Napi::Value ImageLoader::begin(const Napi::CallbackInfo& info) {
  return onCompute(info.Env(), [loader = loader_](const networks::Checkpoint&) { loader->begin(); });
}

// next(): a promise of { images: DeviceTensor, labels, indices }, or of null at the end of the epoch.
Napi::Value ImageLoader::next(const Napi::CallbackInfo& info) {
  return onCompute(
      info.Env(),
      [loader = loader_](const networks::Checkpoint&) {
        std::optional<training::Batch> batch = loader->next();
        if (batch) {
          batch->labels = batch->labels.to(at::kCPU);
          batch->indices = batch->indices.to(at::kCPU).contiguous();
        }
        return batch;
      },
      [](Napi::Env env, const std::optional<training::Batch>& batch) -> Napi::Value {
        if (!batch) return env.Null();
        Napi::Object out = Napi::Object::New(env);
        out.Set("images", DeviceTensor::wrap(env, batch->images));
        out.Set("labels", int32ArrayOf(env, batch->labels));
        out.Set("indices", int32ArrayOf(env, batch->indices));
        return out;
      });
}

}  // namespace nb201::node
