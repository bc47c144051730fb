#include "node/torch/device_tensor.h"

#include <ATen/ops/empty.h>

#include <cstring>

#include "networks/device.h"
#include "node/torch/addon.h"
#include "node/torch/batch.h"

namespace nb201::node {

namespace {

constexpr napi_type_tag kTag{0x6e62323031746e73, 0x8f5d3c1ab7e24960};

}  // namespace

Napi::Array numbers(Napi::Env env, at::IntArrayRef values) {
  Napi::Array out = Napi::Array::New(env, values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    out.Set(static_cast<uint32_t>(i), Napi::Number::New(env, static_cast<double>(values[i])));
  }
  return out;
}

Napi::Object arrayOf(Napi::Env env, const at::Tensor& tensor) {
  Napi::Float32Array data = Napi::Float32Array::New(env, static_cast<size_t>(tensor.numel()));
  if (tensor.numel() > 0) std::memcpy(data.Data(), tensor.data_ptr(), tensor.nbytes());
  Napi::Object out = Napi::Object::New(env);
  out.Set("data", data);
  out.Set("shape", numbers(env, tensor.sizes()));
  return out;
}

void DeviceTensor::define(Napi::Env env, TorchAddon& addon, Napi::Object exports) {
  const Napi::Function constructor =
      DefineClass(env, "DeviceTensor",
                  {StaticMethod("create", &DeviceTensor::create), InstanceMethod("read", &DeviceTensor::read),
                   InstanceMethod("dispose", &DeviceTensor::dispose)});
  addon.deviceTensor = Napi::Persistent(constructor);
  exports.Set("DeviceTensor", constructor);
}

DeviceTensor::DeviceTensor(const Napi::CallbackInfo& info) : Napi::ObjectWrap<DeviceTensor>(info) {
  if (info.Length() != 1 || !info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "use DeviceTensor.create()");
  tensor_ = *info[0].As<Napi::External<at::Tensor>>().Data();
  info.This().As<Napi::Object>().TypeTag(&kTag);
  reported_ = static_cast<int64_t>(tensor_.nbytes());
  Napi::MemoryManagement::AdjustExternalMemory(info.Env(), reported_);
}

DeviceTensor::~DeviceTensor() { release(Env()); }

void DeviceTensor::release(Napi::BasicEnv env) {
  if (reported_ != 0) Napi::MemoryManagement::AdjustExternalMemory(env, -reported_);
  reported_ = 0;
  tensor_ = at::Tensor();
}

Napi::Object DeviceTensor::wrap(Napi::Env env, at::Tensor tensor) {
  Napi::Object out = TorchAddon::of(env).deviceTensor.New({Napi::External<at::Tensor>::New(env, &tensor)});
  out.Set("shape", numbers(env, tensor.sizes()));
  out.Set("device", tensor.device().str());
  return out;
}

at::Tensor DeviceTensor::from(const Napi::Value& value) {
  const Napi::Env env = value.Env();
  const Napi::Object object = value.As<Napi::Object>();
  if (object.CheckTypeTag(&kTag)) {
    const at::Tensor& tensor = Unwrap(object)->tensor_;
    if (!tensor.defined()) throw disposed(env, "tensor");
    return tensor;
  }
  const std::vector<int64_t> shape = integers(object.Get("shape"));
  const auto data = object.Get("data").As<Napi::Float32Array>();
  at::Tensor out = at::empty(shape, at::kFloat);
  if (out.nbytes() != data.ByteLength()) throw Napi::TypeError::New(env, "expected as many numbers as the shape has");
  if (data.ByteLength() > 0) std::memcpy(out.data_ptr(), data.Data(), data.ByteLength());
  return out;
}

// create({ data, shape }, device): a promise of a DeviceTensor.
Napi::Value DeviceTensor::create(const Napi::CallbackInfo& info) {
  return onCompute(
      info.Env(),
      [tensor = from(info[0]), name = info[1].As<Napi::String>().Utf8Value()](const networks::Checkpoint&) {
        return tensor.to(networks::deviceNamed(name));
      },
      [](Napi::Env env, const at::Tensor& made) { return wrap(env, made); });
}

// read(): a promise of { data, shape }.
Napi::Value DeviceTensor::read(const Napi::CallbackInfo& info) {
  return onCompute(
      info.Env(),
      [tensor = from(info.This())](const networks::Checkpoint&) {
        return tensor.to(at::kCPU, at::kFloat).contiguous();
      },
      [](Napi::Env env, const at::Tensor& made) { return arrayOf(env, made); });
}

Napi::Value DeviceTensor::dispose(const Napi::CallbackInfo& info) {
  release(info.Env());
  return info.Env().Undefined();
}

}  // namespace nb201::node
