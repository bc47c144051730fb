#pragma once

#include "node/napi.h"
#include "node/values.h"

namespace nb201::node {

// What one environment (the main thread, a worker thread) has of this addon. No static holds a JavaScript value.
class Addon : public Napi::Addon<Addon> {
 public:
  Addon(Napi::Env env, Napi::Object exports);

  const Factories& factories() const { return factories_; }
  static Addon& of(Napi::Env env) { return *env.GetInstanceData<Addon>(); }

  Napi::FunctionReference archive;
  Napi::FunctionReference torchFile;
  Napi::FunctionReference benchmarkFile;

 private:
  Napi::Value configure(const Napi::CallbackInfo& info);

  Factories factories_;
};

}  // namespace nb201::node
