// One number of every architecture at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "benchmark/curves.h"

namespace nb201 {

struct ColumnRequest {
  std::string hp, dataset;
  // A curve's number, or a number of the trial itself.
  enum class What { Curve, Flop, Params, Latency } what = What::Curve;
  Field field = Field::EvalAcc1;
  std::string set;          // of an evaluation curve
  int32_t epoch = -1;       // -1: each trial's last
  bool cumulative = false;  // the sum of epochs 0 to `epoch`, added in order
};

// The trials of architecture i are the counts[i] entries after those of all before it, in the order of the record's
// seeds.
struct Column {
  static constexpr uint8_t kNoRecord = 255;  // the file has no such record, hyper-parameters or data set
  std::vector<uint8_t> counts;               // [architectures]
  std::vector<double> values;
  std::vector<Presence> presence;
};

Column readColumn(BenchmarkIndex& index, const ColumnRequest& request, const std::atomic<bool>& aborted);

// The numbers of a latency list: seconds for a batch of 256. Empty where it is None.
std::vector<double> readLatency(BenchmarkIndex& index, const Trial& trial);

// Their mean, as Python's sum and division give it; -1 where none was measured.
double meanLatency(BenchmarkIndex& index, const Trial& trial);

// The trial of a data set and seed; of two with the same key the last, as in any dict.
const Trial* findTrial(const Tables& tables, const State& state, uint32_t dataset, int64_t seed);

}  // namespace nb201
