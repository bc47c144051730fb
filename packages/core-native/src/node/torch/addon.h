#pragma once

#include "node/napi.h"
#include "node/torch/compute.h"

namespace nb201::node {

// What one environment has of torch.node. No static holds a JavaScript value.
class TorchAddon : public Napi::Addon<TorchAddon> {
 public:
  TorchAddon(Napi::Env env, Napi::Object exports);

  static TorchAddon& of(Napi::Env env) { return *env.GetInstanceData<TorchAddon>(); }
  Compute& compute() { return compute_; }

  Napi::FunctionReference deviceTensor, network, sgd;

 private:
  Napi::Value info(const Napi::CallbackInfo& info);
  Napi::Value setThreads(const Napi::CallbackInfo& info);
  Napi::Value stop(const Napi::CallbackInfo& info);

  Compute compute_;
};

}  // namespace nb201::node
