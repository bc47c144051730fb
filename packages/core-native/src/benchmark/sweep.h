// Every number of every trial of some architectures, as flat arrays.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "benchmark/curves.h"

namespace nb201 {

struct SweepRequest {
  std::vector<int64_t> indexes;            // of the architectures; those that the file has no record of are left out
  std::vector<std::string> hps, datasets;  // none: all
  bool configs = false;                    // whether to decode each trial's arch_config
};

struct SweepBatch {
  static constexpr int32_t kNone = -1;

  std::vector<int32_t> indexes;  // [architectures]

  std::vector<const State*> states;     // [states]
  std::vector<int32_t> architectureOf;  // [states] row of indexes

  std::vector<int32_t> stateOf;         // [trials] row of states
  std::vector<int32_t> number;          // [trials] which of its state's trials it is in the file
  std::vector<int32_t> dataset;         // [trials] name
  std::vector<double> seed;             // [trials]
  std::vector<int32_t> epochs;          // [trials]
  std::vector<double> flop, params;     // [trials] millions
  std::vector<int32_t> name, seedText;  // [trials] name, or kNone where the attribute is no text
  std::vector<uint32_t> evalFirst;      // [trials + 1] into evalSets
  std::vector<int32_t> evalSets;        // names; one kNone where they have to be read with the record
  std::vector<uint8_t> latencyState;    // [trials] FieldState
  std::vector<uint32_t> latencyFirst;   // [trials + 1] into latencies
  std::vector<double> latencies;        // seconds
  std::vector<uint8_t> fields;          // [trials * kFields] FieldState

  std::vector<uint32_t> curveTrial;    // [curves] row of trials
  std::vector<uint8_t> curveField;     // [curves]
  std::vector<int32_t> curveSet;       // [curves] name, or kNone: training
  std::vector<uint32_t> curveFirst;    // [curves + 1] into values: one an epoch
  std::vector<std::string> moreNames;  // sets that the file's names lack: their numbers count on from those
  std::vector<double> values;
  std::vector<uint8_t> presence;  // [values] Presence, or empty where all are there

  // Numbers of training curves in their dict's order, where that is not the order of the epochs.
  std::vector<uint32_t> inOrderCurve;  // row of curves
  std::vector<std::vector<double>> inOrder;

  Graph graph;                 // owns the configs
  std::vector<Value> configs;  // [trials] where they were asked for
};

// Safe from several threads at once.
void sweep(BenchmarkIndex& index, const SweepRequest& request, const std::atomic<bool>& aborted, SweepBatch& out);

}  // namespace nb201
