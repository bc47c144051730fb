#pragma once

#include <memory>

#include "networks/network.h"
#include "node/napi.h"

namespace nb201::node {

class TorchAddon;

// A network. Everything that computes answers { promise, abort }.
class Network : public Napi::ObjectWrap<Network> {
 public:
  static void define(Napi::Env env, TorchAddon& addon, Napi::Object exports);
  explicit Network(const Napi::CallbackInfo& info);
  ~Network() override;
  // The network behind a handle; throws DISPOSED.
  static std::shared_ptr<networks::Network> from(const Napi::Value& value);
  // The lane that does all work of the network behind a handle.
  static size_t laneOf(const Napi::Value& value);

 private:
  static Napi::Value create(const Napi::CallbackInfo& info);
  Napi::Value load(const Napi::CallbackInfo& info);
  Napi::Value loadFile(const Napi::CallbackInfo& info);
  Napi::Value state(const Napi::CallbackInfo& info);
  Napi::Value to(const Napi::CallbackInfo& info);
  Napi::Value forward(const Napi::CallbackInfo& info);
  Napi::Value evaluate(const Napi::CallbackInfo& info);
  Napi::Value latency(const Napi::CallbackInfo& info);
  Napi::Value dispose(const Napi::CallbackInfo& info);
  void release(Napi::BasicEnv env);

  std::shared_ptr<networks::Network> network_;
  size_t lane_ = 0;
  int64_t reported_ = 0;  // bytes that the garbage collector knows of
};

}  // namespace nb201::node
