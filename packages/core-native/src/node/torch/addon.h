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

  Napi::FunctionReference deviceTensor, imageLoader, imageSet, network, sgd, trainer, weightSharing;

 private:
  Napi::Value info(const Napi::CallbackInfo& info);
  Napi::Value setThreads(const Napi::CallbackInfo& info);
  Napi::Value limitMemory(const Napi::CallbackInfo& info);
  Napi::Value stop(const Napi::CallbackInfo& info);

  Compute compute_;
};

// Starts work on the compute thread of a lane (see Compute::start).
template <class Work, class... ToJs>
Napi::Value onLane(Napi::Env env, size_t lane, Work work, ToJs... toJs) {
  return TorchAddon::of(env).compute().start(env, lane, std::move(work), std::move(toJs)...);
}
// On that of the first.
template <class Work, class... ToJs>
Napi::Value onCompute(Napi::Env env, Work work, ToJs... toJs) {
  return onLane(env, 0, std::move(work), std::move(toJs)...);
}

}  // namespace nb201::node
