#pragma once

#include <memory>

#include "node/napi.h"
#include "training/weight_sharing.h"

namespace nb201::node {

class TorchAddon;

// A supernet with all that trains it. Everything that computes answers { promise, abort }.
class WeightSharing : public Napi::ObjectWrap<WeightSharing> {
 public:
  static void define(Napi::Env env, TorchAddon& addon, Napi::Object exports);
  explicit WeightSharing(const Napi::CallbackInfo& info);
  ~WeightSharing() override;

 private:
  static Napi::Value create(const Napi::CallbackInfo& info);
  Napi::Value architecture(const Napi::CallbackInfo& info);
  Napi::Value weightStep(const Napi::CallbackInfo& info);
  Napi::Value architectureStep(const Napi::CallbackInfo& info);
  Napi::Value unrolledStep(const Napi::CallbackInfo& info);
  Napi::Value evaluate(const Napi::CallbackInfo& info);
  Napi::Value sample(const Napi::CallbackInfo& info);
  Napi::Value reinforce(const Napi::CallbackInfo& info);
  Napi::Value controllerStep(const Napi::CallbackInfo& info);
  Napi::Value random(const Napi::CallbackInfo& info);
  Napi::Value skipUniform(const Napi::CallbackInfo& info);
  Napi::Value permutation(const Napi::CallbackInfo& info);
  Napi::Value state(const Napi::CallbackInfo& info);
  Napi::Value load(const Napi::CallbackInfo& info);
  Napi::Value to(const Napi::CallbackInfo& info);
  Napi::Value dispose(const Napi::CallbackInfo& info);

  using Shared = std::shared_ptr<training::WeightSharing>;
  // Throws DISPOSED.
  Shared shared(Napi::Env env) const;
  // Starts what gives a batch's metrics and the cells that it was run with.
  template <class Work>
  static Napi::Value startPass(Napi::Env env, Work work);
  void release(Napi::BasicEnv env);

  Shared sharing_;
  int64_t reported_ = 0;  // bytes that the garbage collector knows of
};

}  // namespace nb201::node
