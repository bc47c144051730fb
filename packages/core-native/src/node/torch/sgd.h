#pragma once

#include <memory>

#include "node/napi.h"
#include "training/sgd.h"

namespace nb201::node {

class TorchAddon;

// The optimiser of a network.
class Sgd : public Napi::ObjectWrap<Sgd> {
 public:
  static void define(Napi::Env env, TorchAddon& addon, Napi::Object exports);
  explicit Sgd(const Napi::CallbackInfo& info);

 private:
  Napi::Value step(const Napi::CallbackInfo& info);

  std::shared_ptr<training::Sgd> sgd_;
};

// { momentum, weightDecay, nesterov, channelsLast }
training::SgdOptions sgdOptionsFrom(const Napi::Object& from);

}  // namespace nb201::node
