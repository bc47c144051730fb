#pragma once

#include <memory>

#include "benchmark/index.h"
#include "node/napi.h"

namespace nb201::node {

class Addon;

// A benchmark file, or one architecture's, that is open: an index, and nothing of its values.
class BenchmarkFile : public Napi::ObjectWrap<BenchmarkFile> {
 public:
  static void define(Napi::Env env, Addon& addon, Napi::Object exports);
  explicit BenchmarkFile(const Napi::CallbackInfo& info);
  static Napi::Object wrap(Napi::Env env, std::shared_ptr<BenchmarkIndex> index);

 private:
  static Napi::Value open(const Napi::CallbackInfo& info);
  static Napi::Value openSync(const Napi::CallbackInfo& info);
  Napi::Value describe(const Napi::CallbackInfo& info);
  Napi::Value architectures(const Napi::CallbackInfo& info);
  Napi::Value evaluated(const Napi::CallbackInfo& info);
  Napi::Value recordIndexes(const Napi::CallbackInfo& info);
  Napi::Value hyperParameters(const Napi::CallbackInfo& info);
  Napi::Value names(const Napi::CallbackInfo& info);
  Napi::Value lastEpoch(const Napi::CallbackInfo& info);
  Napi::Value allFinals(const Napi::CallbackInfo& info);
  Napi::Value latency(const Napi::CallbackInfo& info);
  Napi::Value evalNames(const Napi::CallbackInfo& info);
  Napi::Value state(const Napi::CallbackInfo& info);
  Napi::Value archStr(const Napi::CallbackInfo& info);
  Napi::Value curves(const Napi::CallbackInfo& info);
  Napi::Value value(const Napi::CallbackInfo& info);
  Napi::Value storage(const Napi::CallbackInfo& info);
  Napi::Value storagePlace(const Napi::CallbackInfo& info);
  Napi::Value column(const Napi::CallbackInfo& info);
  Napi::Value sweep(const Napi::CallbackInfo& info);
  Napi::Value sideCar(const Napi::CallbackInfo& info);
  Napi::Value keptColumns(const Napi::CallbackInfo& info);
  Napi::Value dispose(const Napi::CallbackInfo& info);

  BenchmarkIndex& index(Napi::Env env);
  const Record* record(const Napi::CallbackInfo& info);
  const State* stateOf(const Napi::CallbackInfo& info);
  const Trial* trialOf(const Napi::CallbackInfo& info);

  std::shared_ptr<BenchmarkIndex> index_;
};

}  // namespace nb201::node
