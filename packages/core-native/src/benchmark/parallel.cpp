// Several threads walk one file. Opcodes delimit themselves, so a walk may start wherever a record seems to begin; it
// is proved right when the walk before it arrives exactly there, and thrown away otherwise. The result is the
// sequential walk's, always.
#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>

#include "benchmark/scan.h"
#include "benchmark/threads.h"

namespace nb201 {

namespace {

constexpr size_t kSearched = size_t{4} << 20;  // bytes in which a record must begin

uint64_t little(const uint8_t* p, unsigned width) {
  uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) value |= static_cast<uint64_t>(p[i]) << (8 * i);
  return value;
}

unsigned threadsWorth(const ContainerLimits& limits, uint64_t bytes) {
  const uint64_t worth = bytes / std::max<uint64_t>(limits.bytesPerThread, 1);
  return static_cast<unsigned>(std::min<uint64_t>(threadsFor(limits), worth));
}

}  // namespace

// Whether a record's key and dict stand at `p`, as picklers write them: 'M' index, '}' and its memo entry, '(' and the
// record's first key, which is a reference to a memo entry that is known, or text.
bool Scan::startsRecord(const uint8_t* p, size_t size, uint64_t at, Start& start) {
  const auto hp = [](std::string_view key) {
    return key == "full" || key == "less" || key == "12" || key == "200" || key == "01";
  };
  size_t i;
  switch (static_cast<Op>(p[0])) {
    case Op::BinInt1: i = 2; break;
    case Op::BinInt2: i = 3; break;
    case Op::BinInt: i = 5; break;
    default: return false;
  }
  if (size < i + 20 || p[i] != static_cast<uint8_t>(Op::EmptyDict)) return false;
  ++i;
  uint64_t memo;
  if (p[i] == static_cast<uint8_t>(Op::LongBinPut)) memo = little(p + i + 1, 4), i += 5;
  else if (p[i] == static_cast<uint8_t>(Op::BinPut)) memo = p[i + 1], i += 2;
  else return false;
  if (p[i++] != static_cast<uint8_t>(Op::Mark)) return false;
  start = {at, memo};
  if (p[i] == static_cast<uint8_t>(Op::BinUnicode)) {
    const uint64_t length = little(p + i + 1, 4);
    return length <= 4 && hp({reinterpret_cast<const char*>(p) + i + 5, static_cast<size_t>(length)});
  }
  uint64_t key;
  if (p[i] == static_cast<uint8_t>(Op::LongBinGet)) key = little(p + i + 1, 4);
  else if (p[i] == static_cast<uint8_t>(Op::BinGet)) key = p[i + 1];
  else return false;
  const FarItem* far = memo_.outline(key, at);
  return far && far->outline && far->item.kind == ItemKind::Text && hp(far->outline->text(far->item));
}

std::optional<Scan::Start> Scan::guessStart(uint64_t from) {
  const size_t size = static_cast<size_t>(std::min<uint64_t>(kSearched, bytes()->size() - from));
  std::vector<uint8_t> window(size);
  bytes()->read(from, window.data(), size);
  for (size_t i = 0; i + 32 < size; ++i) {
    Start start{};
    if (startsRecord(&window[i], size - i, from + i, start)) return start;
  }
  return std::nullopt;
}

// Walks what is left of arch2infos in stretches, side by side, as far as the guesses are right.
void Scan::walkInParallel(const Progress& progress) {
  const uint64_t begin = cursor_->offset(), left = bytes()->size() - begin;
  const unsigned threads = threadsWorth(container_.limits(), left);
  if (threads < 2 || !batch_ || lexer_->frameEnd() != UINT64_MAX || !memo_.ordered()) return;

  std::vector<Start> starts{{begin, memoCount_}};
  for (unsigned k = 1; k < threads; ++k) {
    const std::optional<Start> start = guessStart(begin + left / threads * k);
    if (start && start->at > starts.back().at && start->memoCount > starts.back().memoCount) starts.push_back(*start);
  }

  struct Walk {
    std::unique_ptr<FileMemo> memo;
    Tables tables;  // of the first walk, which is right in any case, the file's own
    std::unique_ptr<Scan> scan;
    std::exception_ptr failure;
    std::thread thread;
  };
  std::vector<Walk> walks(starts.size());
  std::atomic<bool> stopped{false};
  std::atomic<uint64_t> walked{begin};
  std::atomic<size_t> found{tables_.records.size()};
  const auto run = [&](size_t k) {
    uint64_t bytesBefore = starts[k].at;
    size_t recordsBefore = k == 0 ? tables_.records.size() : 0;
    const Progress report = [&, k](const ScanProgress& p) {
      walked += p.bytes - bytesBefore;
      found += p.architectures - recordsBefore;
      bytesBefore = p.bytes;
      recordsBefore = p.architectures;
      // Only the first walk is on the thread that may be asked; the others just count.
      if (k == 0 && progress && !progress({walked, p.total, found})) stopped = true;
      return !stopped;
    };
    try {
      walks[k].scan->walkRecords(k + 1 < starts.size() ? starts[k + 1].at : UINT64_MAX, report);
    } catch (...) {
      walks[k].failure = std::current_exception();
      if (k == 0) stopped = true;
    }
  };
  for (size_t k = 0; k < starts.size(); ++k) {
    Walk& walk = walks[k];
    walk.memo = std::make_unique<FileMemo>(container_, bytes(), &memo_);
    walk.scan.reset(new Scan(container_, *walk.memo, k == 0 ? tables_ : walk.tables, starts[k]));
    walk.scan->batch_ = true;
    if (k > 0)
      walk.scan->expectRows(tables_, (k + 1 < starts.size() ? starts[k + 1].at : bytes()->size()) - starts[k].at);
  }
  for (size_t k = 1; k < walks.size(); ++k) {
    try {
      walks[k].thread = std::thread(run, k);
    } catch (...) {
      walks[k].failure = std::current_exception();  // no thread to be had: this stretch is walked afterwards
    }
  }
  run(0);
  for (Walk& walk : walks) {
    if (walk.thread.joinable()) walk.thread.join();
  }

  // The first walk began where the file's own walk stood: what it says is so. Each other one is right if the one before
  // arrived where it began, at the same memo entry, and if no entry was put twice, which another order would tell
  // apart.
  if (walks[0].failure) std::rethrow_exception(walks[0].failure);
  uint64_t most = memo_.most();
  for (size_t k = 0; k < walks.size(); ++k) {
    const Scan& scan = *walks[k].scan;
    const FileMemo& memo = *walks[k].memo;
    const bool proved = k == 0 || (cursor_->offset() == starts[k].at && memoCount_ == starts[k].memoCount && batch_);
    if (walks[k].failure || !proved || !memo.ordered() || (k > 0 && memo.least() <= most)) return;
    most = std::max(most, memo.most());
    if (k > 0) tables_.append(walks[k].tables);
    walks[k].tables = Tables();
    memo_.append(memo);
    memoCount_ = scan.memoCount_;
    batch_ = scan.batch_;
    cursor_->keepNothing();
    cursor_->seek(scan.cursor_->offset());
  }
}

}  // namespace nb201
