#include "benchmark/column.h"

#include <algorithm>
#include <future>

#include "benchmark/kept_columns.h"
#include "benchmark/threads.h"

namespace nb201 {

namespace {

CurvePoint sumTo(BenchmarkIndex& index, const Trial& trial, const ColumnRequest& request, int32_t epoch) {
  const FieldCurves curves = readCurves(index, trial, request.field);
  for (const Curve& curve : curves.curves) {
    if (curve.set != request.set) continue;
    double sum = 0;
    for (int32_t e = 0; e <= epoch && e < trial.epochs; ++e) {
      if (!curve.presence.empty() && curve.presence[static_cast<size_t>(e)] == Presence::Missing) return {};
      sum += curve.values[static_cast<size_t>(e)];
    }
    return epoch >= 0 && epoch < trial.epochs ? CurvePoint{sum, Presence::There} : CurvePoint{};
  }
  return {};
}

// The last epoch's number from what was collected when the file was walked. False where it has to be read.
bool finalPoint(const BenchmarkIndex& index, const Trial& trial, const ColumnRequest& request, CurvePoint& point) {
  if (trial.finalCount == 0) return false;
  for (const Final& row : index.tables().finalsOf(trial)) {
    if (row.set == kTraining ? !request.set.empty() : index.tables().names()[row.set] != request.set) continue;
    const bool training = row.set == kTraining;
    if (request.field == (training ? Field::TrainAcc1 : Field::EvalAcc1)) point.value = row.accuracy;
    else if (request.field == (training ? Field::TrainLoss : Field::EvalLoss)) point.value = row.loss;
    else if (request.field == (training ? Field::TrainTime : Field::EvalTime) && row.timed)
      point.value = request.cumulative ? row.all : row.time;
    else return false;
    point.presence = Presence::There;
    return true;
  }
  return false;
}

CurvePoint pointOf(BenchmarkIndex& index, const Trial& trial, const ColumnRequest& request) {
  const auto there = [](const Number& n) { return CurvePoint{n.value, n.single ? Presence::Single : Presence::There}; };
  switch (request.what) {
    case ColumnRequest::What::Flop: return there(index.flop(trial));
    case ColumnRequest::What::Params: return there(index.params(trial));
    case ColumnRequest::What::Latency: return {meanLatency(index, trial), Presence::There};
    case ColumnRequest::What::Curve: break;
  }
  const int32_t epoch = request.epoch < 0 ? trial.epochs - 1 : request.epoch;
  CurvePoint point;
  if (epoch == trial.epochs - 1 && finalPoint(index, trial, request, point)) return point;
  return request.cumulative ? sumTo(index, trial, request, epoch)
                            : readPoint(index, trial, request.field, request.set, epoch);
}

}  // namespace

const Trial* findTrial(const Tables& tables, const State& state, uint32_t dataset, int64_t seed) {
  const Trial* found = nullptr;
  for (const Trial& trial : tables.trialsOf(state)) {
    if (trial.dataset == dataset && trial.seed == seed) found = &trial;
  }
  return found;
}

std::vector<double> readLatency(BenchmarkIndex& index, const Trial& trial) {
  std::vector<double> out;
  const Extent extent = index.tables().extent(trial, trial.latency);
  if (!extent || extent.none) return out;
  Graph graph;
  const Value list = index.memo().decode(graph, extent.begin, extent.begin + extent.size);
  if (list.kind != Kind::List && list.kind != Kind::Tuple) {
    index.bytes()->fail(ErrorCode::BadRecord, extent.begin, "expected latencies as a list");
  }
  for (const Value& item : list.sequence->items) {
    const std::optional<Number> number = index.asNumber(item);
    if (!number) index.bytes()->fail(ErrorCode::BadRecord, extent.begin, "expected latencies as numbers");
    out.push_back(number->value);
  }
  return out;
}

double meanLatency(BenchmarkIndex& index, const Trial& trial) {
  if (!(trial.later & Trial::kLaterLatency)) return trial.meanLatency;
  const std::vector<double> latency = readLatency(index, trial);
  double sum = 0;
  for (const double seconds : latency) sum += seconds;
  return sum / static_cast<double>(latency.size());
}

namespace {

// The numbers of some records, behind those that `out` has; their counts go where `counts` has the architecture.
void readPart(BenchmarkIndex& index, const ColumnRequest& request, const std::atomic<bool>& aborted,
              Rows<Record> records, std::vector<uint8_t>& counts, Column& out) {
  const Tables& tables = index.tables();
  const uint32_t hp = tables.find(request.hp), dataset = tables.find(request.dataset);
  for (const Record& record : records) {
    if (aborted) index.bytes()->fail(ErrorCode::Aborted, record.begin, "the reading was aborted");
    if (record.index < 0 || static_cast<uint64_t>(record.index) >= counts.size()) continue;
    for (const State& state : tables.statesOf(record)) {
      if (state.hp != hp) continue;
      for (const Seeds& seeds : tables.seedsOf(state)) {
        if (seeds.dataset != dataset) continue;
        uint8_t& count = counts[static_cast<size_t>(record.index)];
        count = 0;
        for (const int64_t seed : tables.valuesOf(seeds)) {
          const Trial* trial = findTrial(tables, state, dataset, seed);
          const CurvePoint point = trial ? pointOf(index, *trial, request) : CurvePoint{};
          out.values.push_back(point.value);
          out.presence.push_back(point.presence);
          if (++count == Column::kNoRecord) {
            index.bytes()->fail(ErrorCode::BadRecord, state.begin, "expected fewer than 255 trials of a data set");
          }
        }
      }
    }
  }
}

constexpr size_t kRecordsPerThread = 512;  // fewer are not worth one

}  // namespace

Column readColumn(BenchmarkIndex& index, const ColumnRequest& request, const std::atomic<bool>& aborted) {
  if (KeptColumns* kept = index.columns()) {
    if (std::optional<Column> column = kept->find(request)) return std::move(*column);
  }
  const std::vector<Record>& records = index.tables().records;
  const size_t parts =
      std::max<size_t>(1, std::min<size_t>(threadsFor(index.container().limits()), records.size() / kRecordsPerThread));
  Column out;
  out.counts.assign(index.tables().architectures.size(), Column::kNoRecord);
  std::vector<Column> found(parts);
  std::vector<std::future<void>> others;
  const auto read = [&](size_t k) {
    const size_t first = records.size() * k / parts, end = records.size() * (k + 1) / parts;
    readPart(index, request, aborted, {records.data() + first, end - first}, out.counts, found[k]);
  };
  for (size_t k = 1; k < parts; ++k) {
    others.push_back(std::async(std::launch::async | std::launch::deferred, read, k));
  }
  read(0);
  for (std::future<void>& other : others) other.get();
  for (const Column& part : found) {
    out.values.insert(out.values.end(), part.values.begin(), part.values.end());
    out.presence.insert(out.presence.end(), part.presence.begin(), part.presence.end());
  }
  if (KeptColumns* kept = index.columns()) kept->add(request, out);
  return out;
}

}  // namespace nb201
