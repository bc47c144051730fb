#include "node/benchmark_file.h"

#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "benchmark/column.h"
#include "benchmark/curves.h"
#include "node/addon.h"
#include "node/archive.h"
#include "node/arrays.h"
#include "node/sidecar_worker.h"
#include "node/sweep.h"
#include "node/torch_file.h"

namespace nb201::node {

namespace {

class OpenWorker final : public PromiseWorker {
 public:
  OpenWorker(Napi::Env env, FileRequest file, ContainerLimits limits, Napi::Value onProgress,
             std::vector<std::string> sidecars, std::vector<std::string> columns, Aborted aborted)
      : PromiseWorker(env),
        file_(std::move(file)),
        limits_(limits),
        sidecars_(std::move(sidecars)),
        columns_(std::move(columns)),
        aborted_(std::move(aborted)) {
    if (!onProgress.IsFunction()) return;
    reports_ = Napi::ThreadSafeFunction::New(env, onProgress.As<Napi::Function>(), "nb201 progress", 1, 1);
    reports_.Unref(env);
    reporting_ = true;
  }

 protected:
  void execute() override {
    struct Release {
      OpenWorker& worker;
      ~Release() {
        if (worker.reporting_) worker.reports_.Release();
      }
    } release{*this};
    const Progress report = [this](const ScanProgress& progress) {
      if (reporting_) {
        // Where the main thread is behind, this report is dropped: the next one says more.
        auto* copy = new ScanProgress(progress);
        const napi_status status =
            reports_.NonBlockingCall(copy, [](Napi::Env env, Napi::Function callback, ScanProgress* p) {
              const std::unique_ptr<ScanProgress> owned(p);
              callback.Call({Napi::Number::New(env, static_cast<double>(p->bytes)),
                             Napi::Number::New(env, static_cast<double>(p->total)),
                             Napi::Number::New(env, static_cast<double>(p->architectures))});
            });
        if (status != napi_ok) delete copy;
        // The environment is going down: the function must not even be released any more.
        if (status == napi_closing) reporting_ = false;
      }
      return !*aborted_;
    };
    index_ = BenchmarkIndex::open(file_.open(), limits_, report, sidecars_);
    index_->keepColumns(columns_);
  }
  Napi::Value result(Napi::Env env) override { return BenchmarkFile::wrap(env, std::move(index_)); }

 private:
  FileRequest file_;
  ContainerLimits limits_;
  std::vector<std::string> sidecars_, columns_;
  Aborted aborted_;
  bool reporting_ = false;
  Napi::ThreadSafeFunction reports_;
  std::shared_ptr<BenchmarkIndex> index_;
};

template <class List>
Napi::Value copyOf(Napi::Env env, const List& from) {
  if constexpr (sizeof(*from.begin()) == 1) {
    Napi::Uint8Array out = Napi::Uint8Array::New(env, from.size());
    if (!from.empty()) std::memcpy(out.Data(), from.data(), from.size());
    return out;
  } else {
    Napi::Float64Array out = Napi::Float64Array::New(env, from.size());
    for (size_t i = 0; i < from.size(); ++i) out[i] = static_cast<double>(from[i]);
    return out;
  }
}

class ColumnWorker final : public PromiseWorker {
 public:
  ColumnWorker(Napi::Env env, std::shared_ptr<BenchmarkIndex> index, ColumnRequest request, Aborted aborted)
      : PromiseWorker(env), index_(std::move(index)), request_(std::move(request)), aborted_(std::move(aborted)) {}

 protected:
  void execute() override { column_ = readColumn(*index_, request_, *aborted_); }
  Napi::Value result(Napi::Env env) override { return toObject(env, column_); }

 public:
  static Napi::Object toObject(Napi::Env env, const Column& column) {
    Napi::Object out = Napi::Object::New(env);
    out.Set("counts", copyOf(env, column.counts));
    out.Set("values", copyOf(env, column.values));
    out.Set("presence", copyOf(env, column.presence));
    return out;
  }

 private:
  std::shared_ptr<BenchmarkIndex> index_;
  ColumnRequest request_;
  Aborted aborted_;
  Column column_;
};

ColumnRequest requestFrom(const Napi::CallbackInfo& info) {
  const Napi::Object from = info[0].As<Napi::Object>();
  ColumnRequest request;
  request.hp = from.Get("hp").As<Napi::String>();
  request.dataset = from.Get("dataset").As<Napi::String>();
  const std::string field = from.Get("field").As<Napi::String>();
  if (field == "flop") request.what = ColumnRequest::What::Flop;
  else if (field == "params") request.what = ColumnRequest::What::Params;
  else if (field == "latency") request.what = ColumnRequest::What::Latency;
  for (size_t f = 0; f < kFields; ++f) {
    if (field == fieldKey(static_cast<Field>(f))) request.field = static_cast<Field>(f);
  }
  if (from.Get("set").IsString()) request.set = from.Get("set").As<Napi::String>();
  if (from.Get("epoch").IsNumber()) request.epoch = from.Get("epoch").As<Napi::Number>();
  request.cumulative = from.Get("cumulative").ToBoolean();
  return request;
}

}  // namespace

void BenchmarkFile::define(Napi::Env env, Addon& addon, Napi::Object exports) {
  const Napi::Function constructor = DefineClass(env, "BenchmarkFile",
                                                 {StaticMethod("open", &BenchmarkFile::open),
                                                  StaticMethod("openSync", &BenchmarkFile::openSync),
                                                  InstanceMethod("describe", &BenchmarkFile::describe),
                                                  InstanceMethod("architectures", &BenchmarkFile::architectures),
                                                  InstanceMethod("evaluated", &BenchmarkFile::evaluated),
                                                  InstanceMethod("recordIndexes", &BenchmarkFile::recordIndexes),
                                                  InstanceMethod("names", &BenchmarkFile::names),
                                                  InstanceMethod("lastEpoch", &BenchmarkFile::lastEpoch),
                                                  InstanceMethod("allFinals", &BenchmarkFile::allFinals),
                                                  InstanceMethod("latency", &BenchmarkFile::latency),
                                                  InstanceMethod("evalNames", &BenchmarkFile::evalNames),
                                                  InstanceMethod("hyperParameters", &BenchmarkFile::hyperParameters),
                                                  InstanceMethod("state", &BenchmarkFile::state),
                                                  InstanceMethod("archStr", &BenchmarkFile::archStr),
                                                  InstanceMethod("curves", &BenchmarkFile::curves),
                                                  InstanceMethod("value", &BenchmarkFile::value),
                                                  InstanceMethod("storage", &BenchmarkFile::storage),
                                                  InstanceMethod("storagePlace", &BenchmarkFile::storagePlace),
                                                  InstanceMethod("column", &BenchmarkFile::column),
                                                  InstanceMethod("sweep", &BenchmarkFile::sweep),
                                                  InstanceMethod("sideCar", &BenchmarkFile::sideCar),
                                                  InstanceMethod("keptColumns", &BenchmarkFile::keptColumns),
                                                  InstanceMethod("dispose", &BenchmarkFile::dispose)});
  addon.benchmarkFile = Napi::Persistent(constructor);
  exports.Set("BenchmarkFile", constructor);
}

BenchmarkFile::BenchmarkFile(const Napi::CallbackInfo& info) : Napi::ObjectWrap<BenchmarkFile>(info) {
  if (info.Length() != 1 || !info[0].IsExternal())
    throw Napi::TypeError::New(info.Env(), "use BenchmarkFile.open(path)");
  index_ = *info[0].As<Napi::External<std::shared_ptr<BenchmarkIndex>>>().Data();
}

Napi::Object BenchmarkFile::wrap(Napi::Env env, std::shared_ptr<BenchmarkIndex> index) {
  return Addon::of(env).benchmarkFile.New({Napi::External<std::shared_ptr<BenchmarkIndex>>::New(env, &index)});
}

// open(path or member, limits, onProgress?, sidecars, files of columns): { promise, abort }.
Napi::Value BenchmarkFile::open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Aborted aborted = std::make_shared<std::atomic<bool>>(false);
  auto* worker = new OpenWorker(env, FileRequest::from(info[0]), limitsFrom(info[1]), info[2], textsOf(info[3]),
                                textsOf(info[4]), aborted);
  return abortable(env, worker->start(), aborted);
}

Napi::Value BenchmarkFile::openSync(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const FileRequest file = FileRequest::from(info[0]);
  return guarded(
      env, [&]() -> Napi::Value { return wrap(env, BenchmarkIndex::open(file.open(), limitsFrom(info[1]), nullptr)); });
}

BenchmarkIndex& BenchmarkFile::index(Napi::Env env) {
  if (!index_) throw toJs(env, Error(ErrorCode::Disposed, "<closed>", 0, "the file was closed"));
  return *index_;
}

// The record, state and trial of the arguments (index, hp, trial number), or null.
const Record* BenchmarkFile::record(const Napi::CallbackInfo& info) {
  if (!info[0].IsNumber()) throw Napi::TypeError::New(info.Env(), "expected an architecture's index");
  return index(info.Env()).tables().record(info[0].As<Napi::Number>().Int64Value());
}

const State* BenchmarkFile::stateOf(const Napi::CallbackInfo& info) {
  const Record* found = record(info);
  if (!found || !info[1].IsString()) return nullptr;
  const std::string hp = info[1].As<Napi::String>();
  for (const State& state : index_->tables().statesOf(*found)) {
    if (index_->tables().names()[state.hp] == hp) return &state;
  }
  return nullptr;
}

const Trial* BenchmarkFile::trialOf(const Napi::CallbackInfo& info) {
  const State* found = stateOf(info);
  if (!found || !info[2].IsNumber()) return nullptr;
  const uint32_t number = info[2].As<Napi::Number>();
  return guarded(info.Env(),
                 [&] { return number < found->trialCount ? &index_->tables().trialsOf(*found)[number] : nullptr; });
}

Napi::Value BenchmarkFile::describe(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const BenchmarkIndex& from = index(env);
  Napi::Object out = Napi::Object::New(env);
  out.Set("kind", from.tables().kind == FileKind::Benchmark ? "benchmark" : "architecture");
  out.Set("container", containerName(from.container().kind()));
  out.Set("bzip2", from.container().bzip2());
  out.Set("instances", from.tables().instances);
  out.Set("namedByEpochs", from.tables().namedByEpochs);
  out.Set("sideCar", from.openedWith().empty() ? env.Null() : textToJs(env, from.openedWith()));
  out.Set("size", static_cast<double>(from.bytes()->size()));
  out.Set("file", textToJs(env, from.bytes()->name()));
  out.Set("heldBytes", from.bytes()->data() ? static_cast<double>(from.bytes()->size()) : 0.0);
  out.Set("architectures", static_cast<double>(from.tables().architectures.size()));
  out.Set("repeated", from.tables().repeated);
  out.Set("totalArchitectures", static_cast<double>(from.tables().total));
  return out;
}

Napi::Value BenchmarkFile::architectures(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return textsOf(env, index(env).tables().architectures);
}

Napi::Value BenchmarkFile::evaluated(const Napi::CallbackInfo& info) {
  return copyOf(info.Env(), index(info.Env()).tables().evaluated);
}

Napi::Value BenchmarkFile::recordIndexes(const Napi::CallbackInfo& info) {
  std::vector<int64_t> out;
  for (const Record& record : index(info.Env()).tables().records) out.push_back(record.index);
  return copyOf(info.Env(), out);
}

// hyperParameters(index): the names of its states, in the reference's order.
Napi::Value BenchmarkFile::hyperParameters(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Array out = Napi::Array::New(env);
  if (const Record* found = record(info)) {
    const Tables& tables = index_->tables();
    for (const State& state : tables.statesOf(*found)) out.Set(out.Length(), textToJs(env, tables.names()[state.hp]));
  }
  return out;
}

// state(index, hp, out): fills `out` with what there is to know without reading a curve: the record's own arch_index,
// whether its weights were cleared, its data sets and its trials; of each data set, in the order of dataset_seed, its
// number, how many seeds it has, and those; of each trial its data set's number, seed, epochs, millions of FLOPs and of
// parameters, and mean latency. Returns how long that is; nothing is filled in where there is less room, and it is 0
// where there is no such state.
Napi::Value BenchmarkFile::state(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const State* state = stateOf(info);
  if (!state) return Napi::Number::New(env, 0);
  constexpr size_t kHead = 4, kDataset = 2, kTrial = 6;
  const Tables& tables = index_->tables();
  size_t size = kHead + kTrial * state->trialCount;
  for (const Seeds& row : tables.seedsOf(*state)) size += kDataset + row.count;
  Napi::Float64Array out = info[2].As<Napi::Float64Array>();
  if (size <= out.ElementLength()) {
    double* to = out.Data();
    const auto put = [&](auto... values) { ((*to++ = static_cast<double>(values)), ...); };
    put(state->archIndex, state->cleared != 0, state->seedsCount, state->trialCount);
    for (const Seeds& row : tables.seedsOf(*state)) {
      put(row.dataset, row.count);
      for (const int64_t seed : tables.valuesOf(row)) put(seed);
    }
    guarded(env, [&] {
      for (const Trial& trial : tables.trialsOf(*state)) {
        put(trial.dataset, trial.seed, trial.epochs, index_->flop(trial).value, index_->params(trial).value,
            meanLatency(*index_, trial));
      }
    });
  }
  return Napi::Number::New(env, static_cast<double>(size));
}

// archStr(index, hp): the record's own arch_str.
Napi::Value BenchmarkFile::archStr(const Napi::CallbackInfo& info) {
  const State* state = stateOf(info);
  return state ? textToJs(info.Env(), index_->tables().textOf(*state)) : info.Env().Undefined();
}

// names(): what is called by number.
Napi::Value BenchmarkFile::names(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return textsOf(env, index(env).tables().names());
}

namespace {

// Writes the last epochs of a data set's trials, in the order of the record's seeds, as far as they were collected and
// there is room.
bool putFinals(BenchmarkIndex& index, const State& state, const Seeds& seeds, double*& to, const double* end) {
  constexpr size_t kHead = 5, kRow = 6;
  const Tables& from = index.tables();
  for (const int64_t seed : from.valuesOf(seeds)) {
    const Trial* trial = findTrial(from, state, seeds.dataset, seed);
    if (!trial || trial->finalCount == 0 || (trial->later & Trial::kLaterLatency) ||
        static_cast<size_t>(end - to) < kHead + kRow * trial->finalCount) {
      return false;
    }
    for (const double value : {trial->meanLatency, static_cast<double>(trial->epochs), index.flop(*trial).value,
                               index.params(*trial).value, static_cast<double>(trial->finalCount)}) {
      *to++ = value;
    }
    for (const Final& row : from.finalsOf(*trial)) {
      for (const double value :
           {row.set == kTraining ? -1.0 : row.set, row.timed ? 1.0 : 0.0, row.loss, row.accuracy, row.time, row.all}) {
        *to++ = value;
      }
    }
  }
  return true;
}

}  // namespace

namespace {

// The sets that an answer of getMoreInfo tells of, training first.
constexpr size_t kInfoSets = 4;

// The last epoch of one of them, of a trial or of all.
struct AtEnd {
  double loss = 0, accuracy = 0, seconds = 0;
  size_t found = 0, timed = 0;  // trials
};
using Answer = std::array<AtEnd, kInfoSets>;

void add(AtEnd& sum, const Final& row) {
  if (sum.found++ == 0) {
    sum.loss = row.loss, sum.accuracy = row.accuracy, sum.seconds = row.all;
  } else {
    sum.loss += row.loss, sum.accuracy += row.accuracy, sum.seconds += row.all;
  }
  if (row.timed) ++sum.timed;
}

// Of several trials the mean: per cent and seconds; no number where there are no times.
void put(const Answer& answer, double trials, double epochs, double*& to) {
  for (const AtEnd& set : answer) {
    const double seconds = set.timed ? set.seconds / trials : std::numeric_limits<double>::quiet_NaN();
    for (const double value : {set.loss / trials, set.accuracy / trials, seconds / epochs, seconds}) *to++ = value;
  }
}

}  // namespace

// lastEpoch(index, hp's number, data set's number, sets, out, at): what getMoreInfo answers of the last epoch of a data
// set's trials. `sets`: the numbers of the sets that it calls valid, test and valtest, and whether valid must be there.
// Fills `out` from `at` on with the number of trials, which of the three sets there are (bits), the mean latency (-1:
// none was measured) and the seeds; then, of the mean over the trials and of each trial, of training and the three
// sets: loss, accuracy, seconds an epoch and in all, NaN where it was not timed. Returns where this ends; -1 where it
// was not collected, the trials are not all of a kind or too many, or there is no room.
Napi::Value BenchmarkFile::lastEpoch(const Napi::CallbackInfo& info) {
  constexpr size_t kMost = 7;  // NumPy adds more of them in another order
  const Napi::Env env = info.Env();
  const Napi::Number unknown = Napi::Number::New(env, -1);
  const Tables& from = index(env).tables();
  const Record* found = record(info);
  if (!found) return unknown;
  const uint32_t hp = info[1].As<Napi::Number>(), dataset = info[2].As<Napi::Number>();
  const Napi::Float64Array sets = info[3].As<Napi::Float64Array>();
  Napi::Float64Array out = info[4].As<Napi::Float64Array>();
  const uint32_t at = info[5].As<Napi::Number>();
  const State* state = nullptr;
  for (const State& candidate : from.statesOf(*found)) {
    if (candidate.hp == hp) {
      state = &candidate;
      break;
    }
  }
  const Seeds* seeds = nullptr;
  if (state) {
    for (const Seeds& candidate : from.seedsOf(*state)) {
      if (candidate.dataset == dataset) seeds = &candidate;
    }
  }
  if (!seeds || seeds->count < 1 || seeds->count > kMost || sets.ElementLength() != kInfoSets ||
      at > out.ElementLength() || out.ElementLength() - at < 3 + kMost + (kMost + 1) * kInfoSets * 4) {
    return unknown;
  }
  const double* set = sets.Data();
  Answer all;
  std::array<Answer, kMost> each;
  double latency = 0, measured = 0;
  int32_t epochs = 0;
  size_t trials = 0;
  const bool alike = guarded(env, [&] {
    for (const int64_t seed : from.valuesOf(*seeds)) {
      const Trial* trial = findTrial(from, *state, dataset, seed);
      if (!trial || trial->finalCount == 0 || (trial->later & Trial::kLaterLatency)) return false;
      if (trials == 0) epochs = trial->epochs;
      if (trial->epochs != epochs) return false;
      if (trial->meanLatency > 0) latency += trial->meanLatency, ++measured;
      for (const Final& row : from.finalsOf(*trial)) {
        const double number = row.set;
        const size_t slot = row.set == kTraining ? 0 : number == set[0] ? 1 : number == set[1] ? 2 : 3;
        if (slot == 3 && number != set[2]) continue;
        if (row.timed && std::isnan(row.all)) return false;
        add(all[slot], row);
        add(each[trials][slot], row);
      }
      ++trials;
    }
    for (const AtEnd& sum : all) {
      if (sum.timed != 0 && sum.timed != sum.found) return false;
    }
    return all[0].found == trials && (set[3] == 0 || all[1].found == trials);
  });
  if (!alike) return unknown;
  double* to = out.Data() + at;
  *to++ = static_cast<double>(trials);
  *to++ = (all[1].found == trials ? 1 : 0) + (all[2].found == trials ? 2 : 0) + (all[3].found == trials ? 4 : 0);
  *to++ = measured > 0 ? latency / measured : -1;
  for (const int64_t seed : from.valuesOf(*seeds)) *to++ = static_cast<double>(seed);
  put(all, static_cast<double>(trials), epochs, to);
  for (size_t t = 0; t < trials; ++t) put(each[t], 1, epochs, to);
  return Napi::Number::New(env, static_cast<double>(to - out.Data()));
}

// allFinals(index, hp's number, out): the last epochs of all data sets: of each its number and how many trials it has;
// of each trial latency, epochs, FLOPs, parameters and the number of rows; of each row the set's number (-1: training),
// whether it is timed, loss, accuracy, seconds, seconds of all epochs. Returns the number of data sets; 0 where there
// is no such record, -1 where anything was not collected.
Napi::Value BenchmarkFile::allFinals(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  BenchmarkIndex& from = index(env);
  const Record* found = record(info);
  const uint32_t hp = info[1].As<Napi::Number>();
  Napi::Float64Array out = info[2].As<Napi::Float64Array>();
  double* to = out.Data();
  const double* end = to + out.ElementLength();
  double datasets = 0;
  if (!found) return Napi::Number::New(env, datasets);
  for (const State& state : from.tables().statesOf(*found)) {
    if (state.hp != hp) continue;
    for (const Seeds& seeds : from.tables().seedsOf(state)) {
      if (end - to < 2) return Napi::Number::New(env, -1);
      *to++ = seeds.dataset;
      *to++ = static_cast<double>(seeds.count);
      if (!guarded(env, [&] { return putFinals(from, state, seeds, to, end); })) return Napi::Number::New(env, -1);
      ++datasets;
    }
    break;
  }
  return Napi::Number::New(env, datasets);
}

// latency(index, hp, trial): what was measured, in seconds, or null.
Napi::Value BenchmarkFile::latency(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Trial* trial = trialOf(info);
  if (!trial || !trial->latency || trial->latency.none != 0) return env.Null();
  return guarded(env, [&] { return copyOf(env, readLatency(*index_, *trial)); });
}

// evalNames(index, hp, trial): the trial's evaluation sets, or undefined where they have to be read with the record.
Napi::Value BenchmarkFile::evalNames(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Trial* trial = trialOf(info);
  if (!trial || trial->evalSetCount == Trial::kUnknownSets) return env.Undefined();
  Napi::Array out = Napi::Array::New(env, trial->evalSetCount);
  for (uint8_t i = 0; i < trial->evalSetCount; ++i)
    out.Set(i, textToJs(env, index_->tables().names()[trial->evalSets[i]]));
  return out;
}

// curves(index, hp, trial): for each of the seven fields its state, curves and, where it matters, dict order.
Napi::Value BenchmarkFile::curves(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Trial* trial = trialOf(info);
  if (!trial) return env.Undefined();
  return guarded(env, [&]() -> Napi::Value {
    Napi::Array out = Napi::Array::New(env, kFields);
    for (size_t f = 0; f < kFields; ++f) {
      const FieldCurves from = readCurves(*index_, *trial, static_cast<Field>(f));
      Napi::Object field = Napi::Object::New(env);
      field.Set("state", static_cast<double>(from.state));
      Napi::Array curves = Napi::Array::New(env, from.curves.size());
      for (size_t i = 0; i < from.curves.size(); ++i) {
        Napi::Object curve = Napi::Object::New(env);
        curve.Set("set", textToJs(env, from.curves[i].set));
        curve.Set("values", copyOf(env, from.curves[i].values));
        if (!from.curves[i].presence.empty()) curve.Set("presence", copyOf(env, from.curves[i].presence));
        curves.Set(static_cast<uint32_t>(i), curve);
      }
      field.Set("curves", curves);
      if (!from.inOrder.empty()) field.Set("inOrder", copyOf(env, from.inOrder));
      out.Set(static_cast<uint32_t>(f), field);
    }
    return out;
  });
}

// value(index), value(index, hp), value(index, hp, trial): the record, state or trial as plain values.
Napi::Value BenchmarkFile::value(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uint64_t begin = 0, size = 0;
  const auto take = [&](const auto* found) {
    if (found) begin = found->begin, size = found->size;
  };
  if (info.Length() > 2) take(trialOf(info));
  else if (info.Length() > 1) take(stateOf(info));
  else take(record(info));
  if (!size) return env.Undefined();
  return guarded(env, [&] {
    Graph graph;
    const nb201::Value decoded = index_->memo().decode(graph, begin, begin + size);
    return ValueWriter(env, Addon::of(env).factories(), info.This()).write(decoded);
  });
}

Napi::Value BenchmarkFile::storage(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsString()) throw Napi::TypeError::New(env, "expected a storage's key");
  return guarded(env, [&] {
    const SourcePtr bytes = index(env).openStorage(info[0].As<Napi::String>());
    Napi::Uint8Array out = Napi::Uint8Array::New(env, static_cast<size_t>(bytes->size()));
    bytes->read(0, out.Data(), out.ByteLength());
    return out;
  });
}

Napi::Value BenchmarkFile::storagePlace(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsString()) throw Napi::TypeError::New(env, "expected a storage's key");
  return guarded(env, [&] {
    return placeToJs(env, index(env).container().file()->name(), index(env).storageInFile(info[0].As<Napi::String>()));
  });
}

// column(request, sync?): { promise, abort }, or the column itself.
Napi::Value BenchmarkFile::column(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  index(env);
  const ColumnRequest request = requestFrom(info);
  const Aborted aborted = std::make_shared<std::atomic<bool>>(false);
  if (info[1].ToBoolean()) {
    return guarded(
        env, [&]() -> Napi::Value { return ColumnWorker::toObject(env, readColumn(*index_, request, *aborted)); });
  }
  auto* worker = new ColumnWorker(env, index_, request, aborted);
  return abortable(env, worker->start(), aborted);
}

// sweep(request): { promise, abort } of one batch.
Napi::Value BenchmarkFile::sweep(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  index(env);
  if (!info[0].IsObject()) throw Napi::TypeError::New(env, "expected what to sweep");
  const Aborted aborted = std::make_shared<std::atomic<bool>>(false);
  auto* worker = new SweepWorker(env, index_, info[0].As<Napi::Object>(), info.This().As<Napi::Object>(), aborted);
  return abortable(env, worker->start(), aborted);
}

// sideCar(): a promise of its bytes; of null where there is nothing to keep.
Napi::Value BenchmarkFile::sideCar(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  index(env);
  return (new SidecarWorker(env, [index = index_] { return index->sidecar(); }))->start();
}

// keptColumns(): a promise of the bytes of a file of columns; of null where it would say nothing new.
Napi::Value BenchmarkFile::keptColumns(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  index(env);
  return (new SidecarWorker(env, [index = index_] { return index->keptColumns(); }))->start();
}

// Work that is in flight keeps the index until it is done.
Napi::Value BenchmarkFile::dispose(const Napi::CallbackInfo& info) {
  index_.reset();
  return info.Env().Undefined();
}

}  // namespace nb201::node
