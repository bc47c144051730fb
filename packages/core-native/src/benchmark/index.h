// Where every architecture, trial and curve of a benchmark file lies. Values are read when they are asked for.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "benchmark/finals.h"
#include "benchmark/memo.h"
#include "torchfile/container.h"

namespace nb201 {

// A stretch of the file that is one value; size 0 where the record has none.
struct Extent {
  uint64_t begin = 0;
  uint32_t size = 0;
  bool none = false;  // it is there, and it is None
  bool dict = false;  // it is a dict, whatever made it
  explicit operator bool() const { return size != 0; }
};

// A number that is noted where the pickle has it as it is, and else read when it is asked for (NumPy scalars).
struct NumberAt {
  double value = 0;
  Extent later;
};

// A number out of a value, and whether it was a 32-bit float: NumPy's means of such are rounded to 32 bits as well.
struct Number {
  double value = 0;
  bool single = false;
};

// The curves of a trial, by the reference's names (nas_201_api ResultsCount).
enum class Field : uint8_t { TrainAcc1, TrainAcc5, TrainLoss, TrainTime, EvalAcc1, EvalLoss, EvalTime };
constexpr size_t kFields = 7;
const char* fieldKey(Field field);

struct Trial {
  uint32_t dataset = 0;  // index into names()
  int64_t seed = 0;
  int32_t epochs = 0;
  NumberAt flop, params;
  Extent latency;
  NumberAt meanLatency;     // seconds for a batch of 256; -1 where none was measured
  uint32_t firstFinal = 0;  // rows of finals(), training first
  uint8_t finalCount = 0;   // 0 where they were not collected
  uint8_t evalSetCount = kUnknownSets;
  std::array<uint8_t, 6> evalSets{};  // eval_names as indices into names()
  static constexpr uint8_t kUnknownSets = 255;
  Extent whole;
  std::array<Extent, kFields> curves;
};

// What one set of hyper-parameters gave for one architecture (nas_201_api ArchResults).
struct State {
  uint32_t hp = 0;  // index into names(): '12', '200', '01', '90'
  int64_t archIndex = -1;
  std::string archText;
  bool cleared = false;
  Extent whole;
  std::vector<Trial> trials;  // of all_results, in its order
  struct Seeds {
    uint32_t dataset;            // index into names()
    std::vector<int64_t> seeds;  // in the record's order
  };
  std::vector<Seeds> datasets;  // of dataset_seed, in its order
};

struct Record {
  int64_t index = -1;
  Extent whole;
  std::vector<State> states;  // in the reference's order: '12' before '200'; NATS-Bench's as stored
};

struct ScanProgress {
  uint64_t bytes, total;
  size_t architectures;
};

enum class FileKind { Benchmark, Architecture };

class BenchmarkIndex {
 public:
  // Walks the file once. `progress` is called now and then; the scan ends with ABORTED once it returns false.
  static std::shared_ptr<BenchmarkIndex> open(SourcePtr file, const ContainerLimits& limits,
                                              const std::function<bool(const ScanProgress&)>& progress);

  FileKind kind() const { return kind_; }
  const Container& container() const { return container_; }
  const SourcePtr& bytes() const { return container_.pickles(); }
  FileMemo& memo() { return *memo_; }
  const std::vector<std::string>& names() const { return names_; }

  // 'meta_archs', 'evaluated_indexes' (sorted, as the reference keeps them), 'total_archs' (-1 where it is missing).
  const std::vector<std::string>& architectures() const { return architectures_; }
  const std::vector<int64_t>& evaluated() const { return evaluated_; }
  int64_t totalArchitectures() const { return total_; }
  // In index order.
  const std::vector<Record>& records() const { return records_; }
  const Record* find(int64_t index) const;
  const std::vector<Final>& finals() const { return finals_; }
  bool instances() const { return instances_; }
  // Whether records name their hyper-parameters by epochs ('12', '200'), as NATS-Bench does, not 'less' and 'full'.
  bool namedByEpochs() const { return namedByEpochs_; }

  // The bytes behind the storages of this file's tensors.
  SourcePtr openStorage(const std::string& key);
  std::optional<Container::FilePlace> storageInFile(const std::string& key);
  // Reads a number that was left for later.
  Number number(const NumberAt& at);
  // The value as a number, or nothing where it is none. Reads the storage of a tensor of one element.
  std::optional<Number> asNumber(const Value& value);

 private:
  explicit BenchmarkIndex(Container container);

  using Progress = std::function<bool(const ScanProgress&)>;
  void scan(const Progress& progress);
  void scanRoot(const Progress& progress);
  void scanArchitectures(const Progress& progress);
  void walkRecords(uint64_t stopAt, const Progress& progress);
  void walkInParallel(const Progress& progress);
  struct Start {
    uint64_t at, memoCount;
  };
  std::optional<Start> guessStart(uint64_t from);
  bool startsRecord(const uint8_t* p, size_t size, uint64_t at, Start& start);
  void take(BenchmarkIndex& next);
  Region scanRegion(Around around);
  void takePuts(const std::string* text, const std::string* global);
  bool openDict();
  void report(const Progress& progress);

  Record record(const Ref& value);
  State state(const Ref& value, uint32_t hp);
  Trial trial(const Ref& value, const Ref& trialKey);
  void readArchitectures(const Ref& value);
  void readEvaluated(const Ref& value);
  std::vector<int64_t> integers(const Ref& value, const char* what);
  int64_t integer(const Ref& value, const char* what);
  NumberAt number(const Ref& value, const char* what);
  NumberAt meanLatency(const Ref& value);
  void readEvalSets(const Ref& value, Trial& trial);
  std::string text(const Ref& value, const char* what);
  uint32_t name(std::string_view text);
  [[noreturn]] void bad(ErrorCode code, uint64_t at, const std::string& detail) const;

  Container container_;
  std::unique_ptr<FileMemo> memo_;
  FileKind kind_ = FileKind::Benchmark;
  std::vector<std::string> names_;
  std::vector<std::string> architectures_;
  std::vector<int64_t> evaluated_;
  int64_t total_ = -1;
  std::vector<Record> records_;
  std::vector<Final> finals_;
  bool instances_ = false;
  bool namedByEpochs_ = false;
  uint64_t pickleEnd_ = 0;
  const StorageTable& storages();
  std::mutex storagesLock_;
  std::optional<StorageTable> storages_;

  // While it scans.
  std::unique_ptr<Cursor> cursor_;
  std::unique_ptr<Lexer> lexer_;
  Outline outline_;
  uint64_t memoCount_ = 0;
  bool batch_ = false;  // between the MARK and the SETITEMS of arch2infos
};

}  // namespace nb201
