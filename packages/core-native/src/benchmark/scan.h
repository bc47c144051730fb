// The walk of a benchmark file that fills its tables.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "benchmark/index.h"

namespace nb201 {

class Scan {
 public:
  Scan(const Container& container, FileMemo& memo, Tables& tables);

  // All of the file.
  void run(const Progress& progress);

 private:
  struct Start {
    uint64_t at, memoCount;
  };
  Scan(const Container& container, FileMemo& memo, Tables& tables, Start start);

  void scanRoot(const Progress& progress);
  void scanArchitectures(const Progress& progress);
  void scanOneArchitecture(uint64_t root);
  void walkRecords(uint64_t stopAt, const Progress& progress);
  void walkInParallel(const Progress& progress);
  std::optional<Start> guessStart(uint64_t from);
  bool startsRecord(const uint8_t* p, size_t size, uint64_t at, Start& start);
  void expectRows(const Tables& first, uint64_t bytes);
  Region scanRegion(Around around);
  void takePuts(const std::string* text, const std::string* global);
  bool openDict();
  void report(const Progress& progress);
  const SourcePtr& bytes() const { return container_.pickles(); }

  Record record(const Ref& value);
  State state(const Ref& value, uint32_t hp);
  void trial(const Ref& value, const Ref& trialKey);
  void readArchitectures(const Ref& value);
  void readEvaluated(const Ref& value);
  void readSeeds(const Ref& value);
  std::vector<int64_t> integers(const Ref& value, const char* what);
  int64_t integer(const Ref& value, const char* what);
  double number(const Ref& value, const char* what, Trial& trial, Trial::Later bit);
  void meanLatency(const Ref& value, Trial& trial);
  void readEvalSets(const Ref& value, Trial& trial);
  void keepText(std::string_view text, State& state);
  uint16_t shortName(const Ref& value);
  std::string text(const Ref& value, const char* what);
  double later(const Ref& value, Trial& trial, Trial::Later bit);
  [[noreturn]] void bad(ErrorCode code, uint64_t at, const std::string& detail) const;

  const Container& container_;
  FileMemo& memo_;
  Tables& tables_;
  std::unique_ptr<Cursor> cursor_;
  std::unique_ptr<Lexer> lexer_;
  Outline outline_;
  uint64_t memoCount_ = 0;
  bool batch_ = false;  // between the MARK and the SETITEMS of arch2infos
};

}  // namespace nb201
