// What is known of a benchmark file once it was walked, as flat tables: where every architecture, trial and curve lies,
// and the numbers that were collected on the way. Rows are plain bytes, so that a side-car file can hold them as they
// are.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "benchmark/big_table.h"
#include "benchmark/finals.h"
#include "benchmark/pages.h"

namespace nb201 {

// A stretch of the file that is one value; size 0 where the record has none.
struct Extent {
  uint64_t begin = 0;
  uint32_t size = 0;
  uint8_t none = 0;         // it is there, and it is None
  uint8_t dict = 0;         // it is a dict, whatever made it
  uint8_t byReference = 0;  // a regular curve whose keys are those of an earlier curve, by memo reference
  uint8_t unused = 0;
  explicit operator bool() const { return size != 0; }
};

// An extent in eight bytes: counted from the begin of its trial, or, where it lies too far from it, a row of `far`.
struct Near {
  int32_t from = 0;
  uint32_t size : 28;
  uint32_t isFar : 1;
  uint32_t none : 1;
  uint32_t dict : 1;
  uint32_t byReference : 1;
  Near() : size(0), isFar(0), none(0), dict(0), byReference(0) {}
  explicit operator bool() const { return size != 0 || isFar; }
};
static_assert(sizeof(Near) == 8);

// The curves of a trial, by the reference's names (nas_201_api ResultsCount).
enum class Field : uint8_t { TrainAcc1, TrainAcc5, TrainLoss, TrainTime, EvalAcc1, EvalLoss, EvalTime };
constexpr size_t kFields = 7;
std::string_view fieldKey(Field field);

struct Trial {
  static constexpr uint8_t kUnknownSets = 255;
  static constexpr uint16_t kNoName = UINT16_MAX;
  // Numbers that are read when they are asked for (NumPy scalars): the table then has the row of `far` in their place.
  enum Later : uint8_t { kLaterFlop = 1, kLaterParams = 2, kLaterLatency = 4 };

  uint64_t begin = 0;
  int64_t seed = 0;
  double flop = std::numeric_limits<double>::quiet_NaN();  // millions
  double params = std::numeric_limits<double>::quiet_NaN();
  double meanLatency = -1;  // seconds for a batch of 256; -1 where none was measured
  uint32_t size = 0;
  uint32_t dataset = 0;  // index into names
  int32_t epochs = 0;
  uint32_t firstFinal = 0;  // rows of finals, training first
  uint8_t finalCount = 0;   // 0 where they were not collected
  uint8_t later = 0;
  uint8_t evalSetCount = kUnknownSets;
  std::array<uint8_t, 5> evalSets{};  // eval_names as indices into names
  uint16_t name = kNoName,
           seedText = kNoName;  // attributes 'name' and 'seed' as indices into names, where they are texts
  uint32_t unused = 0;
  Near latency, config;  // config: arch_config
  std::array<Near, kFields> curves;
};
static_assert(sizeof(Trial) == 144);

// What one set of hyper-parameters gave for one architecture (nas_201_api ArchResults).
struct State {
  uint64_t begin = 0;
  int64_t archIndex = -1;
  uint32_t size = 0;
  uint32_t hp = 0;                          // index into names: '12', '200', '01', '90'
  uint32_t firstTrial = 0, trialCount = 0;  // of all_results, in its order
  uint32_t firstSeeds = 0, seedsCount = 0;  // of dataset_seed, in its order
  uint32_t textAt = 0, textSize = 0;        // arch_str in texts
  uint32_t cleared = 0;                     // clear_net_done
  uint32_t unused = 0;
};
static_assert(sizeof(State) == 56);

// The seeds of one data set, in the record's order.
struct Seeds {
  uint32_t dataset = 0;  // index into names
  uint32_t first = 0, count = 0;
};
static_assert(sizeof(Seeds) == 12);

struct Record {
  int64_t index = -1;
  uint64_t begin = 0;
  uint32_t size = 0;
  uint32_t firstState = 0, stateCount = 0;  // in the reference's order: '12' before '200'; NATS-Bench's as stored
  uint32_t unused = 0;
};
static_assert(sizeof(Record) == 32);

enum class FileKind : uint32_t { Benchmark, Architecture };

// Some rows of a table.
template <class T>
class Rows {
 public:
  Rows(const T* begin, size_t count) : begin_(begin), count_(count) {}
  const T* begin() const { return begin_; }
  const T* end() const { return begin_ + count_; }
  size_t size() const { return count_; }
  const T& operator[](size_t i) const { return begin_[i]; }

 private:
  const T* begin_;
  size_t count_;
};

class Tables {
 public:
  FileKind kind = FileKind::Benchmark;
  bool instances = false;
  // Whether records name their hyper-parameters by epochs ('12', '200'), as NATS-Bench does, not 'less' and 'full'.
  bool namedByEpochs = false;
  int64_t total = -1;                      // 'total_archs'; -1 where it is missing
  std::vector<std::string> architectures;  // 'meta_archs'
  bool repeated = false;                   // an architecture stands there twice
  std::vector<int64_t> evaluated;          // 'evaluated_indexes', sorted, as the reference keeps them
  uint64_t pickleEnd = 0;

  std::vector<Record> records;  // in index order
  std::vector<State> states;
  BigTable<Trial> trials;  // of a file that was walked
  std::vector<Seeds> seeds;
  std::vector<int64_t> seedValues;
  BigTable<Final> finals;  // the same
  // In their place where they are in a side-car.
  std::unique_ptr<Pages> keptTrials, keptFinals;
  std::vector<Extent> far;
  std::vector<char> texts;

  const std::vector<std::string>& names() const { return names_; }
  // The number of a name, which is added where it is new.
  uint32_t name(std::string_view text);
  // The number of a name, or names().size() where there is none.
  uint32_t find(std::string_view text) const;

  const Record* record(int64_t index) const;
  Rows<State> statesOf(const Record& record) const { return {states.data() + record.firstState, record.stateCount}; }
  // Throws where the rows are in a side-car that was damaged, and the file has changed as well.
  Rows<Trial> trialsOf(const State& state) const {
    return rowsOf(trials, keptTrials, state.firstTrial, state.trialCount);
  }
  Rows<Seeds> seedsOf(const State& state) const { return {seeds.data() + state.firstSeeds, state.seedsCount}; }
  Rows<int64_t> valuesOf(const Seeds& of) const { return {seedValues.data() + of.first, of.count}; }
  Rows<Final> finalsOf(const Trial& trial) const {  // the same
    return rowsOf(finals, keptFinals, trial.firstFinal, trial.finalCount);
  }
  std::string_view textOf(const State& state) const { return {texts.data() + state.textAt, state.textSize}; }
  Extent extent(const Trial& trial, Near near) const;
  Extent curve(const Trial& trial, Field field) const {
    return extent(trial, trial.curves[static_cast<size_t>(field)]);
  }

  Near near(const Trial& trial, const Extent& extent);
  // Appends the rows of what follows in the file.
  void append(const Tables& next);

 private:
  template <class T>
  static Rows<T> rowsOf(const BigTable<T>& walked, const std::unique_ptr<Pages>& kept, uint32_t first, uint32_t count) {
    return {kept ? kept->need<T>(first, count) : walked.data() + first, count};
  }

  std::vector<std::string> names_;
  std::unordered_map<std::string, uint32_t> numbers_;  // of names beyond the first few
};

}  // namespace nb201
