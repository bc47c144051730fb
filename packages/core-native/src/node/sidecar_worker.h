// Puts together the bytes of a file that keeps something: a promise of them, or of null.
#pragma once

#include <functional>
#include <vector>

#include "node/arrays.h"
#include "node/promise_worker.h"

namespace nb201::node {

class SidecarWorker final : public PromiseWorker {
 public:
  using Bytes = std::function<std::vector<uint8_t>()>;
  SidecarWorker(Napi::Env env, Bytes bytes) : PromiseWorker(env), make_(std::move(bytes)) {}

 protected:
  void execute() override { bytes_ = make_(); }
  Napi::Value result(Napi::Env env) override { return bytes_.empty() ? env.Null() : arrayFrom(env, std::move(bytes_)); }

 private:
  Bytes make_;
  std::vector<uint8_t> bytes_;
};

}  // namespace nb201::node
