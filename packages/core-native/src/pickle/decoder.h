// Builds the plain values of a pickle, or of a stretch of one.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "pickle/lexer.h"
#include "pickle/memo.h"
#include "pickle/value.h"

namespace nb201 {

struct DecodeLimits {
  uint32_t depth = 1000;               // of nested containers and open marks; CPython's own pickler stops near there
  uint64_t stack = uint64_t{1} << 24;  // values on the stack at once; picklers batch theirs by 1000
};

// Turns a persistent id (torch's description of a storage) into a value.
using PersistentLoad = std::function<Value(const Value& id, uint64_t at)>;
// Turns the bytes [begin, end) of the source, a torch file of one storage inside the pickle, into that storage.
using StorageLoad = std::function<Value(uint64_t begin, uint64_t end, uint64_t at)>;
// Answers a GET whose PUT is not in the stretch that is decoded.
using FarMemo = std::function<Value(uint64_t index, uint64_t at)>;

class Decoder {
 public:
  // `bytes` are in memory (data() is not null): texts point into them, so the graph must hold them.
  // Offsets in errors are `base` + the position in `bytes`.
  Decoder(Graph& graph, const ByteSource& bytes, const DecodeLimits& limits = {});

  void onPersistentId(PersistentLoad load) { persistent_ = std::move(load); }
  void onStorageBytes(StorageLoad load) { storage_ = std::move(load); }
  void onFarMemo(FarMemo far) { far_ = std::move(far); }
  // MEMOIZE numbers its entries by counting: what was counted before this stretch. Where nobody knows, what it puts is
  // found as any other entry of elsewhere is, by onFarMemo.
  void memoStartsAt(uint64_t count) { memoStart_ = count; }

  // A whole pickle from `begin` to its STOP; `end()` then tells where that was.
  Value pickle(uint64_t begin);
  // The opcodes [begin, end), which must leave one value.
  Value stretch(uint64_t begin, uint64_t end);

  uint64_t end() const { return end_; }
  const Memo<Value>& memo() const { return memo_; }

 private:
  enum class Progress { Goes, Stopped };
  Progress step(Token& token);
  void run(Cursor& cursor, uint64_t end);

  void push(Value value) {
    if (stack_.size() >= limits_.stack) failStack();
    stack_.push_back(value);
  }
  [[noreturn]] void failStack() const;
  Value pop();
  Value& top();
  size_t popMark();
  void put(uint64_t index);
  void get(uint64_t index);
  Value textValue(Kind kind, const Token& token);
  Value integerValue(const Token& token);
  Value tuple(size_t count);
  Value sequenceFromMark(Kind kind);
  void extend(size_t mark, const char* expected);
  void add(Value target, Value item);
  void set(Value target, Value key, Value value);
  void setItems(size_t mark);
  void deepen(Holder& holder, const Value& item);
  void checkDepth(const Value& root);
  void chargeCopies(uint64_t bytes);
  void checkKey(Holder& holder, const Value& key);
  void checkKeys(Sequence& sequence, size_t step);
  void reduce();
  bool loadStorage(const Value& callee, const Value& arguments, Value& result);
  void build();
  Value newObject(Value callee, Value arguments, Value keywords);
  void pushGlobal(std::string_view module, std::string_view name);
  [[noreturn]] void fail(ErrorCode code, const std::string& detail) const;

  Graph& graph_;
  const ByteSource& bytes_;
  DecodeLimits limits_;
  PersistentLoad persistent_;
  StorageLoad storage_;
  FarMemo far_;
  std::vector<Value> stack_;
  std::vector<size_t> marks_;
  Memo<Value> memo_;
  std::optional<uint64_t> memoStart_;
  bool depthInDoubt_ = false;
  uint64_t copied_ = 0;
  uint64_t begin_ = 0;
  uint64_t at_ = 0;
  uint64_t end_ = 0;
};

// The part of a value that holds others, or null.
Holder* holderOf(const Value& value);
bool isHashable(const Value& value);
const char* kindName(Kind kind);

}  // namespace nb201
