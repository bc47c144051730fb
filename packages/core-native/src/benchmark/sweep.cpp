#include "benchmark/sweep.h"

#include <algorithm>

#include "benchmark/column.h"

namespace nb201 {

namespace {

class Sweep {
 public:
  Sweep(BenchmarkIndex& index, const SweepRequest& request, SweepBatch& out)
      : index_(index), tables_(index.tables()), request_(request), out_(out) {}

  void take(const Record& record) {
    readWindow(record);
    out_.indexes.push_back(static_cast<int32_t>(record.index));
    for (const State& state : tables_.statesOf(record)) {
      if (!wanted(request_.hps, state.hp)) continue;
      out_.states.push_back(&state);
      out_.architectureOf.push_back(static_cast<int32_t>(out_.indexes.size()) - 1);
      const Rows<Trial> trials = tables_.trialsOf(state);
      for (size_t t = 0; t < trials.size(); ++t) {
        // Of two trials with one key the last counts, as in any dict.
        if (wanted(request_.datasets, trials[t].dataset) &&
            findTrial(tables_, state, trials[t].dataset, trials[t].seed) == &trials[t]) {
          take(trials[t], static_cast<int32_t>(t));
        }
      }
    }
  }

  void finish() {
    out_.evalFirst.push_back(static_cast<uint32_t>(out_.evalSets.size()));
    out_.latencyFirst.push_back(static_cast<uint32_t>(out_.latencies.size()));
    out_.curveFirst.push_back(static_cast<uint32_t>(out_.values.size()));
    if (!out_.presence.empty()) out_.presence.resize(out_.values.size(), static_cast<uint8_t>(Presence::There));
  }

 private:
  bool wanted(const std::vector<std::string>& names, uint32_t name) const {
    return names.empty() || std::find(names.begin(), names.end(), tables_.names()[name]) != names.end();
  }

  // Reads the stretch of the record that the trials asked for take.
  void readWindow(const Record& record) {
    if (request_.hps.empty() && request_.datasets.empty()) {
      window_.read(*index_.bytes(), record.begin, record.size);
      return;
    }
    uint64_t begin = UINT64_MAX, end = 0;
    for (const State& state : tables_.statesOf(record)) {
      if (!wanted(request_.hps, state.hp)) continue;
      for (const Trial& trial : tables_.trialsOf(state)) {
        if (!wanted(request_.datasets, trial.dataset)) continue;
        begin = std::min(begin, trial.begin);
        end = std::max(end, trial.begin + trial.size);
      }
    }
    // Trials that lie elsewhere are read by themselves.
    if (begin < end && end - begin <= record.size) window_.read(*index_.bytes(), begin, static_cast<size_t>(end - begin));
  }

  void take(const Trial& trial, int32_t number) {
    out_.stateOf.push_back(static_cast<int32_t>(out_.states.size()) - 1);
    out_.number.push_back(number);
    out_.dataset.push_back(static_cast<int32_t>(trial.dataset));
    out_.seed.push_back(static_cast<double>(trial.seed));
    out_.epochs.push_back(trial.epochs);
    out_.flop.push_back(index_.flop(trial).value);
    out_.params.push_back(index_.params(trial).value);
    const auto named = [](uint16_t name) { return name == Trial::kNoName ? SweepBatch::kNone : int32_t{name}; };
    out_.name.push_back(named(trial.name));
    out_.seedText.push_back(named(trial.seedText));
    out_.evalFirst.push_back(static_cast<uint32_t>(out_.evalSets.size()));
    if (trial.evalSetCount == Trial::kUnknownSets) out_.evalSets.push_back(SweepBatch::kNone);
    else out_.evalSets.insert(out_.evalSets.end(), trial.evalSets.begin(), trial.evalSets.begin() + trial.evalSetCount);

    const Extent latency = tables_.extent(trial, trial.latency);
    const FieldState latencyState = !latency ? FieldState::Missing : latency.none ? FieldState::None : FieldState::Dict;
    out_.latencyState.push_back(static_cast<uint8_t>(latencyState));
    out_.latencyFirst.push_back(static_cast<uint32_t>(out_.latencies.size()));
    if (latencyState == FieldState::Dict) {
      const std::vector<double> seconds = readLatency(index_, trial);
      out_.latencies.insert(out_.latencies.end(), seconds.begin(), seconds.end());
    }
    if (request_.configs) {
      const Extent config = tables_.extent(trial, trial.config);
      out_.configs.push_back(config ? index_.memo().decode(out_.graph, config.begin, config.begin + config.size)
                                    : Value{});
    }
    const uint32_t row = static_cast<uint32_t>(out_.stateOf.size()) - 1;
    for (size_t f = 0; f < kFields; ++f) {
      const FieldCurves field = readCurves(index_, trial, static_cast<Field>(f), window_);
      out_.fields.push_back(static_cast<uint8_t>(field.state));
      for (const Curve& curve : field.curves) {
        if (!field.inOrder.empty()) {
          out_.inOrderCurve.push_back(static_cast<uint32_t>(out_.curveTrial.size()));
          out_.inOrder.push_back(field.inOrder);
        }
        take(curve, row, static_cast<uint8_t>(f));
      }
    }
  }

  void take(const Curve& curve, uint32_t trial, uint8_t field) {
    const size_t first = out_.values.size();
    out_.curveTrial.push_back(trial);
    out_.curveField.push_back(field);
    out_.curveSet.push_back(curve.set.empty() ? SweepBatch::kNone : setNumber(curve.set));
    out_.curveFirst.push_back(static_cast<uint32_t>(first));
    out_.values.insert(out_.values.end(), curve.values.begin(), curve.values.end());
    if (!curve.presence.empty()) {
      out_.presence.resize(first, static_cast<uint8_t>(Presence::There));
      for (const Presence presence : curve.presence) out_.presence.push_back(static_cast<uint8_t>(presence));
    }
  }

  // A set that is in no record's eval_names has a number of its own in this batch.
  int32_t setNumber(const std::string& set) {
    const uint32_t number = tables_.find(set);
    if (number < tables_.names().size()) return static_cast<int32_t>(number);
    const auto known = std::find(out_.moreNames.begin(), out_.moreNames.end(), set);
    const size_t more = static_cast<size_t>(known - out_.moreNames.begin());
    if (known == out_.moreNames.end()) out_.moreNames.push_back(set);
    return static_cast<int32_t>(number + more);
  }

  BenchmarkIndex& index_;
  const Tables& tables_;
  const SweepRequest& request_;
  SweepBatch& out_;
  Window window_;
};

}  // namespace

void sweep(BenchmarkIndex& index, const SweepRequest& request, const std::atomic<bool>& aborted, SweepBatch& out) {
  // A number takes some 16 bytes of a record, with its key: room for all of them at once, where all are asked for.
  size_t bytes = 0;
  for (const int64_t wanted : request.indexes) {
    if (const Record* record = index.tables().record(wanted)) bytes += record->size;
  }
  if (request.hps.empty() && request.datasets.empty()) out.values.reserve(bytes / 16);
  Sweep sweeper(index, request, out);
  for (const int64_t wanted : request.indexes) {
    if (aborted) index.bytes()->fail(ErrorCode::Aborted, 0, "the reading was aborted");
    if (const Record* record = index.tables().record(wanted)) sweeper.take(*record);
  }
  sweeper.finish();
}

}  // namespace nb201
