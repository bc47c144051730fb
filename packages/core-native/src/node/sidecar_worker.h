// Puts together the bytes of a side-car, of whatever has one: a promise of them, or of null.
#pragma once

#include <memory>
#include <vector>

#include "node/arrays.h"
#include "node/promise_worker.h"

namespace nb201::node {

template <class Opened>
class SidecarWorker final : public PromiseWorker {
 public:
  SidecarWorker(Napi::Env env, std::shared_ptr<Opened> opened) : PromiseWorker(env), opened_(std::move(opened)) {}

 protected:
  void execute() override { bytes_ = opened_->sidecar(); }
  Napi::Value result(Napi::Env env) override { return bytes_.empty() ? env.Null() : arrayFrom(env, std::move(bytes_)); }

 private:
  std::shared_ptr<Opened> opened_;
  std::vector<uint8_t> bytes_;
};

}  // namespace nb201::node
