#pragma once

#include <memory>
#include <string>
#include <vector>

#include "node/napi.h"
#include "training/trainer.h"

namespace nb201::node {

class TorchAddon;

// A training of a network.
class Trainer : public Napi::ObjectWrap<Trainer> {
 public:
  static void define(Napi::Env env, TorchAddon& addon, Napi::Object exports);
  explicit Trainer(const Napi::CallbackInfo& info);

 private:
  static Napi::Value create(const Napi::CallbackInfo& info);
  Napi::Value advance(const Napi::CallbackInfo& info);

  std::shared_ptr<training::Trainer> trainer_;
};

// learningRates({ rate, least, warmup, epochs }, epoch, iterations): of each iteration of an epoch.
Napi::Value learningRates(const Napi::CallbackInfo& info);

}  // namespace nb201::node
