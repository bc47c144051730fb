// A benchmark file that is open: where everything lies, and the ways to read it. Values are read when they are asked
// for.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "benchmark/memo.h"
#include "benchmark/number.h"
#include "benchmark/sidecar.h"
#include "benchmark/tables.h"
#include "torchfile/container.h"

namespace nb201 {

struct ScanProgress {
  uint64_t bytes, total;
  size_t architectures;
};
// Called now and then; the walk ends with ABORTED once it returns false.
using Progress = std::function<bool(const ScanProgress&)>;

class KeptColumns;

class BenchmarkIndex {
 public:
  ~BenchmarkIndex();

  // Walks the file once; or takes what an earlier walk has found from the first of the side-cars that is to be
  // believed.
  static std::shared_ptr<BenchmarkIndex> open(const SourcePtr& file, const ContainerLimits& limits,
                                              const Progress& progress, const std::vector<std::string>& sidecars = {});

  // What the walk of a file has found, from a side-car. Null where that is not to be believed.
  static std::shared_ptr<BenchmarkIndex> restore(SourcePtr file, const ContainerLimits& limits, const FileStamp& stamp,
                                                 SourcePtr sidecar, Checksums checksums = Checksums::Verify);

  // The side-car that it was opened with; empty where it was walked.
  const std::string& openedWith() const { return openedWith_; }
  // A side-car for this file, as bytes. Empty where there is nothing to keep, or the file has changed since it was
  // opened.
  std::vector<uint8_t> sidecar() const;

  // Takes columns from the first of these files that is to be believed, and keeps those that are read from now on for
  // it. Without effect where it was opened without side-cars.
  void keepColumns(std::vector<std::string> paths);
  // Null where none are kept.
  KeptColumns* columns() const { return columns_.get(); }
  // The columns that are kept, as bytes of such a file. Empty where it would say nothing new, or this file has changed
  // since it was opened.
  std::vector<uint8_t> keptColumns() const;

  const Tables& tables() const { return tables_; }
  const Container& container() const { return container_; }
  const SourcePtr& bytes() const { return container_.pickles(); }
  FileMemo& memo() { return memo_; }

  // The bytes behind the storages of this file's tensors.
  SourcePtr openStorage(const std::string& key);
  std::optional<Container::FilePlace> storageInFile(const std::string& key);
  // A number of a trial, which may have been left for later.
  Number flop(const Trial& trial) { return number(trial.flop, trial.later & Trial::kLaterFlop); }
  Number params(const Trial& trial) { return number(trial.params, trial.later & Trial::kLaterParams); }
  // The value as a number, or nothing where it is none. Reads the storage of a tensor of one element.
  std::optional<Number> asNumber(const Value& value);

 private:
  explicit BenchmarkIndex(Container container);

  // Takes the tables and the memo from a side-car. False, with both empty, where that is not to be believed.
  bool restore(SourcePtr sidecar, Checksums checksums);
  // What a walk of the file finds, where the side-car turned out to be damaged.
  const Tables& walkAgain();
  bool unchanged() const;
  Number number(double value, bool later);
  const StorageTable& storages();

  Container container_;
  FileMemo memo_;
  Tables tables_;
  bool keepable_ = false;
  std::optional<FileStamp> stamp_;  // where something is kept of it
  std::string openedWith_;
  std::mutex walkLock_;
  std::unique_ptr<Tables> walked_;
  std::unique_ptr<KeptColumns> columns_;
  std::mutex storagesLock_;
  std::optional<StorageTable> storages_;
};

}  // namespace nb201
