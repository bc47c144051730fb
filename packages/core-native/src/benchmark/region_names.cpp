#include "benchmark/region_names.h"

#include "benchmark/memo.h"
#include "pickle/lexer.h"

namespace nb201 {

namespace {

constexpr size_t kPiece = size_t{1} << 16;
constexpr std::string_view kDtype = "numpy\ndtype";

// Whether a dtype's arguments and state may have it between its name and its end.
bool isPlain(Op op) {
  switch (op) {
    case Op::None:
    case Op::BinInt:
    case Op::BinInt1:
    case Op::BinInt2:
    case Op::NewTrue:
    case Op::NewFalse:
    case Op::BinUnicode:
    case Op::Mark:
    case Op::Tuple:
    case Op::Tuple3:
    case Op::BinGet:
    case Op::LongBinGet: return true;
    default: return false;
  }
}

}  // namespace

RegionNames::RegionNames(SourcePtr bytes, const Region& region)
    : bytes_(std::move(bytes)), begin_(region.begin), end_(region.end), least_(region.memoLeast) {
  const uint64_t size = end_ - begin_;
  if (size >= kTwice || region.memoLeast > region.memoMost || region.memoMost - region.memoLeast >= size) return;
  places_.assign(static_cast<size_t>(region.memoMost - region.memoLeast + 1), kOther);
  Cursor cursor(*bytes_, begin_, end_, kPiece);
  Lexer lexer(cursor, Lexer::Of::Part);
  Token token;
  uint64_t count = region.memoCount;
  uint32_t last = kOther;  // the value that a PUT would put, where it is a name
  // A dtype that has begun: where, and the entry that it was put as behind its call.
  constexpr uint64_t kNone = UINT64_MAX;
  uint64_t dtypeAt = kNone, dtypeName = kNone, dtypeEntry = kNone;
  bool called = false;
  while (cursor.offset() < end_) {
    lexer.next(token);
    switch (token.op) {
      case Op::Put:
      case Op::BinPut:
      case Op::LongBinPut:
      case Op::Memoize: {
        const uint64_t index = token.op == Op::Memoize ? count : static_cast<uint64_t>(token.integer);
        ++count;
        if (called && dtypeEntry == kNone) dtypeEntry = index;
        if (last != kOther && begin_ + last - 1 == dtypeAt) dtypeName = index;
        if (index < least_ || index - least_ >= places_.size()) break;
        uint32_t& place = places_[static_cast<size_t>(index - least_)];
        place = place == kOther ? last : kTwice;
        break;
      }
      case Op::BinUnicode:
      case Op::ShortBinUnicode:
      case Op::BinUnicode8:
      case Op::Global: last = static_cast<uint32_t>(token.at - begin_) + 1; break;
      default: last = kOther;
    }
    const bool isPut = token.carries == Carries::MemoIndex && token.op != Op::BinGet && token.op != Op::LongBinGet;
    const bool named = token.op == Op::Global
                           ? std::string_view(reinterpret_cast<const char*>(token.bytes), token.size) == kDtype
                           : (token.op == Op::BinGet || token.op == Op::LongBinGet) &&
                                 static_cast<uint64_t>(token.integer) == dtypeName;
    if (named) {
      dtypeAt = token.at;
      dtypeEntry = kNone;
      called = false;
    } else if (token.op == Op::Reduce && dtypeAt != kNone && !called) {
      called = true;
    } else if (token.op == Op::Build && dtypeEntry != kNone && dtypeAt != kNone) {
      calls_[dtypeEntry] = {static_cast<uint32_t>(dtypeAt - begin_), static_cast<uint32_t>(cursor.offset() - begin_)};
      dtypeAt = kNone;
    } else if (!isPut && !isPlain(token.op)) {
      dtypeAt = kNone;
    }
  }
}

bool RegionNames::findCall(uint64_t index, uint64_t at, uint64_t& begin, uint64_t& end) const {
  const auto found = calls_.find(index);
  if (found == calls_.end() || places_[static_cast<size_t>(index - least_)] == kTwice ||
      begin_ + found->second.end > at) {
    return false;
  }
  begin = begin_ + found->second.begin;
  end = begin_ + found->second.end;
  return true;
}

const RegionNames::Known& RegionNames::read(uint32_t place) {
  const auto found = known_.find(place);
  if (found != known_.end()) return found->second;
  Cursor cursor(*bytes_, begin_ + place - 1, end_, kPiece / 64);
  Lexer lexer(cursor, Lexer::Of::Part);
  Token token;
  lexer.next(token);
  return known_.emplace(place, Known{token.op == Op::Global, {reinterpret_cast<const char*>(token.bytes), token.size}})
      .first->second;
}

bool RegionNames::find(Graph& graph, uint64_t index, uint64_t at, Value& out) {
  if (index < least_ || index - least_ >= places_.size()) return false;
  const uint32_t place = places_[static_cast<size_t>(index - least_)];
  if (place == kOther || place == kTwice || begin_ + place - 1 >= at) return false;
  const Known& name = read(place);
  if (name.global) {
    const size_t cut = name.text.find('\n');
    out.kind = Kind::Global;
    out.global = graph.global(name.text.substr(0, cut), name.text.substr(cut + 1));
  } else {
    out.kind = Kind::Str;
    out.text = graph.ownText(name.text);
  }
  return true;
}

}  // namespace nb201
