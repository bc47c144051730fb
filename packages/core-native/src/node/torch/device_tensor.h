#pragma once

#include <ATen/core/Tensor.h>

#include "node/napi.h"

namespace nb201::node {

class TorchAddon;

// A tensor that stays on its device.
class DeviceTensor : public Napi::ObjectWrap<DeviceTensor> {
 public:
  static void define(Napi::Env env, TorchAddon& addon, Napi::Object exports);
  explicit DeviceTensor(const Napi::CallbackInfo& info);
  ~DeviceTensor() override;
  static Napi::Object wrap(Napi::Env env, at::Tensor tensor);

  // The tensor behind a handle, or of { data, shape } in JavaScript's memory: a float32 copy on the CPU.
  static at::Tensor from(const Napi::Value& value);

 private:
  static Napi::Value create(const Napi::CallbackInfo& info);
  Napi::Value read(const Napi::CallbackInfo& info);
  Napi::Value dispose(const Napi::CallbackInfo& info);
  void release(Napi::BasicEnv env);

  at::Tensor tensor_;
  int64_t reported_ = 0;  // bytes that the garbage collector knows of
};

// { data: Float32Array, shape } of a tensor that is on the CPU, contiguous and float32.
Napi::Object arrayOf(Napi::Env env, const at::Tensor& tensor);
Napi::Array numbers(Napi::Env env, at::IntArrayRef values);

}  // namespace nb201::node
