#pragma once

#include <atomic>
#include <memory>

#include "benchmark/sweep.h"
#include "node/promise_worker.h"

namespace nb201::node {

// One batch of a sweep on another thread.
class SweepWorker final : public PromiseWorker {
 public:
  // `request`: { indexes, hps, datasets, configs }; `file` is what storages of the configs would read through.
  SweepWorker(Napi::Env env, std::shared_ptr<BenchmarkIndex> index, const Napi::Object& request, Napi::Object file,
              std::shared_ptr<std::atomic<bool>> aborted);

 protected:
  void execute() override;
  Napi::Value result(Napi::Env env) override;

 private:
  std::shared_ptr<BenchmarkIndex> index_;
  SweepRequest request_;
  Napi::ObjectReference file_;
  std::shared_ptr<std::atomic<bool>> aborted_;
  SweepBatch batch_;
};

}  // namespace nb201::node
