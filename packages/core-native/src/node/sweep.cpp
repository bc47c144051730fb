#include "node/sweep.h"

#include "node/addon.h"
#include "node/arrays.h"

namespace nb201::node {

SweepWorker::SweepWorker(Napi::Env env, std::shared_ptr<BenchmarkIndex> index, const Napi::Object& request,
                         Napi::Object file, std::shared_ptr<std::atomic<bool>> aborted)
    : PromiseWorker(env), index_(std::move(index)), file_(Napi::Persistent(file)), aborted_(std::move(aborted)) {
  const Napi::Int32Array indexes = request.Get("indexes").As<Napi::Int32Array>();
  request_.indexes.assign(indexes.Data(), indexes.Data() + indexes.ElementLength());
  request_.hps = textsOf(request.Get("hps"));
  request_.datasets = textsOf(request.Get("datasets"));
  request_.configs = request.Get("configs").ToBoolean();
}

void SweepWorker::execute() { sweep(*index_, request_, *aborted_, batch_); }

Napi::Value SweepWorker::result(Napi::Env env) {
  const Tables& tables = index_->tables();
  SweepBatch& batch = batch_;
  const auto array = [&](auto& from) { return arrayFrom(env, std::move(from)); };

  std::vector<int32_t> hp, archIndex;
  std::vector<uint8_t> cleared;
  Napi::Array archStr = Napi::Array::New(env, batch.states.size());
  Napi::Array seeds = Napi::Array::New(env, batch.states.size());
  for (uint32_t s = 0; s < batch.states.size(); ++s) {
    const State& state = *batch.states[s];
    hp.push_back(static_cast<int32_t>(state.hp));
    archIndex.push_back(static_cast<int32_t>(state.archIndex));
    cleared.push_back(static_cast<uint8_t>(state.cleared));
    archStr.Set(s, textToJs(env, tables.textOf(state)));
    Napi::Array rows = Napi::Array::New(env, state.seedsCount);
    uint32_t i = 0;
    for (const Seeds& row : tables.seedsOf(state)) {
      Napi::Object made = Napi::Object::New(env);
      const Rows<int64_t> values = tables.valuesOf(row);
      made.Set("dataset", textToJs(env, tables.names()[row.dataset]));
      made.Set("seeds", arrayFrom(env, std::vector<double>(values.begin(), values.end())));
      rows.Set(i++, made);
    }
    seeds.Set(s, rows);
  }
  Napi::Object states = Napi::Object::New(env);
  states.Set("architecture", array(batch.architectureOf));
  states.Set("hp", array(hp));
  states.Set("archIndex", array(archIndex));
  states.Set("archStr", archStr);
  states.Set("cleared", array(cleared));
  states.Set("seeds", seeds);

  Napi::Object trials = Napi::Object::New(env);
  trials.Set("state", array(batch.stateOf));
  trials.Set("number", array(batch.number));
  trials.Set("dataset", array(batch.dataset));
  trials.Set("seed", array(batch.seed));
  trials.Set("epochs", array(batch.epochs));
  trials.Set("flop", array(batch.flop));
  trials.Set("params", array(batch.params));
  trials.Set("name", array(batch.name));
  trials.Set("seedText", array(batch.seedText));
  trials.Set("evalFirst", array(batch.evalFirst));
  trials.Set("evalSets", array(batch.evalSets));
  trials.Set("latencyState", array(batch.latencyState));
  trials.Set("latencyFirst", array(batch.latencyFirst));
  trials.Set("fields", array(batch.fields));
  if (request_.configs) {
    ValueWriter writer(env, Addon::of(env).factories(), file_.Value());
    Napi::Array configs = Napi::Array::New(env, batch.configs.size());
    for (uint32_t t = 0; t < batch.configs.size(); ++t) configs.Set(t, writer.write(batch.configs[t]));
    trials.Set("configs", configs);
  }

  Napi::Object curves = Napi::Object::New(env);
  curves.Set("trial", array(batch.curveTrial));
  curves.Set("field", array(batch.curveField));
  curves.Set("set", array(batch.curveSet));
  curves.Set("first", array(batch.curveFirst));

  Napi::Object out = Napi::Object::New(env);
  out.Set("indexes", array(batch.indexes));
  out.Set("states", states);
  out.Set("trials", trials);
  out.Set("latencies", array(batch.latencies));
  out.Set("curves", curves);
  out.Set("moreNames", textsOf(env, batch.moreNames));
  out.Set("values", array(batch.values));
  if (!batch.presence.empty()) out.Set("presence", array(batch.presence));
  if (!batch.inOrder.empty()) {
    Napi::Array inOrder = Napi::Array::New(env, batch.inOrder.size());
    for (uint32_t i = 0; i < batch.inOrder.size(); ++i) {
      Napi::Object made = Napi::Object::New(env);
      made.Set("curve", batch.inOrderCurve[i]);
      made.Set("values", array(batch.inOrder[i]));
      inOrder.Set(i, made);
    }
    out.Set("inOrder", inOrder);
  }
  return out;
}

}  // namespace nb201::node
