#include "benchmark/tables.h"

#include <algorithm>

namespace nb201 {

namespace {

constexpr std::string_view kFieldKeys[kFields] = {"train_acc1es", "train_acc5es", "train_losses", "train_times",
                                                  "eval_acc1es",  "eval_losses",  "eval_times"};
// Names that are looked for one by one; a benchmark has a dozen.
constexpr size_t kFewNames = 32;
constexpr uint32_t kMaxNearSize = (1u << 28) - 1;

template <class T>
void addRows(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

std::string_view fieldKey(Field field) { return kFieldKeys[static_cast<size_t>(field)]; }

uint32_t Tables::find(std::string_view text) const {
  const size_t few = std::min(names_.size(), kFewNames);
  for (size_t i = 0; i < few; ++i) {
    if (names_[i] == text) return static_cast<uint32_t>(i);
  }
  if (names_.size() > kFewNames) {
    const auto found = numbers_.find(std::string(text));
    if (found != numbers_.end()) return found->second;
  }
  return static_cast<uint32_t>(names_.size());
}

uint32_t Tables::name(std::string_view text) {
  const uint32_t number = find(text);
  if (number < names_.size()) return number;
  names_.emplace_back(text);
  if (number >= kFewNames) numbers_.emplace(names_.back(), number);
  return number;
}

const Record* Tables::record(int64_t index) const {
  const auto found =
      std::partition_point(records.begin(), records.end(), [&](const Record& r) { return r.index < index; });
  return found != records.end() && found->index == index ? &*found : nullptr;
}

Extent Tables::extent(const Trial& trial, Near near) const {
  if (near.isFar) return far[static_cast<size_t>(near.from)];
  Extent out;
  if (!near) return out;
  out.begin = trial.begin + static_cast<uint64_t>(static_cast<int64_t>(near.from));
  out.size = near.size;
  out.none = near.none;
  out.dict = near.dict;
  out.byReference = near.byReference;
  return out;
}

Near Tables::near(const Trial& trial, const Extent& extent) {
  Near out;
  const int64_t from = static_cast<int64_t>(extent.begin) - static_cast<int64_t>(trial.begin);
  out.none = extent.none != 0;
  out.dict = extent.dict != 0;
  out.byReference = extent.byReference != 0;
  if (from >= INT32_MIN && from <= INT32_MAX && extent.size <= kMaxNearSize) {
    out.from = static_cast<int32_t>(from);
    out.size = extent.size;
  } else {
    out.from = static_cast<int32_t>(far.size());
    out.isFar = 1;
    far.push_back(extent);
  }
  return out;
}

void Tables::append(const Tables& next) {
  std::vector<uint32_t> numbers;
  for (const std::string& text : next.names_) numbers.push_back(name(text));
  const auto short_ = [&](uint16_t number) {
    return number == Trial::kNoName || numbers[number] >= Trial::kNoName ? Trial::kNoName
                                                                         : static_cast<uint16_t>(numbers[number]);
  };
  const uint32_t firstState = static_cast<uint32_t>(states.size()), firstTrial = static_cast<uint32_t>(trials.size()),
                 firstSeeds = static_cast<uint32_t>(seeds.size()), firstFinal = static_cast<uint32_t>(finals.size()),
                 firstText = static_cast<uint32_t>(texts.size()), firstFar = static_cast<uint32_t>(far.size()),
                 firstValue = static_cast<uint32_t>(seedValues.size());
  for (Record record : next.records) {
    record.firstState += firstState;
    records.push_back(record);
  }
  for (State state : next.states) {
    state.hp = numbers[state.hp];
    state.firstTrial += firstTrial;
    state.firstSeeds += firstSeeds;
    state.textAt += firstText;
    states.push_back(state);
  }
  const auto moved = [&](Near& near) {
    if (near.isFar) near.from += static_cast<int32_t>(firstFar);
  };
  for (Trial trial : next.trials) {
    trial.dataset = numbers[trial.dataset];
    trial.firstFinal += firstFinal;
    trial.name = short_(trial.name);
    trial.seedText = short_(trial.seedText);
    for (uint8_t i = 0; trial.evalSetCount != Trial::kUnknownSets && i < trial.evalSetCount; ++i) {
      const uint32_t number = numbers[trial.evalSets[i]];
      trial.evalSets[i] = static_cast<uint8_t>(number);
      if (number > UINT8_MAX) trial.evalSetCount = Trial::kUnknownSets;
    }
    for (const auto& [bit, number] : {std::pair{Trial::kLaterFlop, &trial.flop},
                                      {Trial::kLaterParams, &trial.params},
                                      {Trial::kLaterLatency, &trial.meanLatency}}) {
      if (trial.later & bit) *number += firstFar;
    }
    moved(trial.latency);
    moved(trial.config);
    for (Near& curve : trial.curves) moved(curve);
    trials.push_back(trial);
  }
  for (Seeds row : next.seeds) {
    row.dataset = numbers[row.dataset];
    row.first += firstValue;
    seeds.push_back(row);
  }
  for (Final row : next.finals) {
    if (row.set != kTraining) row.set = numbers[row.set];
    finals.push_back(row);
  }
  addRows(seedValues, next.seedValues);
  addRows(far, next.far);
  addRows(texts, next.texts);
  instances = instances || next.instances;
  namedByEpochs = namedByEpochs || next.namedByEpochs;
}

}  // namespace nb201
