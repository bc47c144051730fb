// Walks one value of a pickle without building it: notes where its containers are and what is in them. Long curves
// are noted as runs, a few words each.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "pickle/decoder.h"
#include "pickle/lexer.h"
#include "pickle/runs.h"

namespace nb201 {

class Outline;

enum class ItemKind : uint8_t { None, Bool, Int, Float, Text, Global, Node, Far, Other };

// A value as far as an outline knows it. Offsets count from the outline's begin. [begin, end) is where this mention of
// it stands: for a memo reference that is the GET, while `at` and `node` say where the value itself is.
struct Item {
  uint32_t begin = 0, end = 0;
  ItemKind kind = ItemKind::None;
  bool owned = false;  // a text that is not in the file as it reads: then `at` is an index of owned texts
  uint32_t size = 0;   // of a text
  union {
    int64_t integer = 0;
    double number;
    uint64_t at;  // of a text's or global's bytes
    uint32_t node;
    const struct FarItem* far;
  };
};

// A value that an earlier stretch of the same pickle put in the memo.
struct FarItem {
  std::shared_ptr<const Outline> outline;  // of the stretch that has it; null for a container that is still open
  Item item;
};

enum class NodeKind : uint8_t { Dict, List, Tuple, Set, Call, Instance, Persistent };

struct Node {
  NodeKind kind;
  uint32_t begin = 0, end = 0;
  uint32_t firstChunk = UINT32_MAX, lastChunk = UINT32_MAX;
  uint32_t count = 0;                   // children in chunks: keys and values of a dict, callee and arguments of a call
  uint32_t firstRun = 0, runCount = 0;  // a dict's regular batches
  bool irregular = false;               // a dict with both runs and children, or batches out of line
};

// What surrounds a value. Where it stands in a dict's batch, the next key follows it, and only the kind of that key
// tells whether what comes next is still a part of the value; elsewhere an opcode that takes the value follows.
enum class Around : uint8_t { TextKeys, IntKeys, Taker };

using FarLookup = std::function<const FarItem*(uint64_t index, uint64_t at)>;

class Outline {
 public:
  // Walks the value that begins at the lexer's position and stops behind it, before whatever uses it.
  // `memoCount` is how many entries the pickle's memo has so far.
  void scan(Lexer& lexer, Around around, uint64_t memoCount, const DecodeLimits& limits, const FarLookup& far);
  void clear();

  uint64_t begin() const { return begin_; }
  uint64_t end() const { return end_; }
  const Item& root() const { return root_; }
  const Node& node(const Item& item) const { return nodes_[item.node]; }
  // The children of a node, in order.
  template <class Visit>
  void children(const Node& node, Visit visit) const {
    for (uint32_t c = node.firstChunk; c != UINT32_MAX; c = chunks_[c].next) {
      for (uint32_t i = 0; i < chunks_[c].count; ++i) visit(pool_[chunks_[c].first + i]);
    }
  }
  // The runs of a curve, each with the bytes of the batch that it was parsed from and the name of its set.
  template <class Visit>
  void runs(const Node& node, Visit visit) const {
    const auto* from = bytes();
    for (uint32_t r = node.firstRun; r < node.firstRun + node.runCount; ++r) {
      visit(runs_[r], from + runBase_[r],
            std::string_view(reinterpret_cast<const char*>(from) + runName_[r], runs_[r].nameSize));
    }
  }
  // Whether all of a dict is runs, some of which have the keys of earlier runs by reference.
  bool byReference(const Node& node) const;
  // The persistent ids that were met, each a node whose child is the id.
  const std::vector<Item>& persistent() const { return persistent_; }

  std::string_view text(const Item& item) const;

  // What the memo entry of this index is, or false. Only entries that this stretch put.
  bool memo(uint64_t index, Item& item) const;
  uint64_t memoPuts() const { return memoPuts_; }
  uint64_t memoLeast() const { return memoLeast_; }
  uint64_t memoMost() const { return memoMost_; }

  // Texts are read from the cursor's window, which keeps the value's bytes until its next keepFrom(). An outline that
  // shall outlive that holds the bytes itself.
  void hold(SourcePtr bytes) { bytes_ = std::move(bytes); }

 private:
  struct Chunk {
    uint32_t first, count, next;
  };
  // A stretch of the memo: entries, or the keys of a run.
  struct Segment {
    uint64_t first;
    uint64_t count;
    uint32_t at;  // index into memoItems_ or runs_
    bool run;
  };

  // Where a value may have ended: everything noted since can be taken back.
  struct Checkpoint {
    uint64_t offset = UINT64_MAX, frameEnd = 0;
    size_t pool = 0, memoItems = 0, nodes = 0, chunks = 0, runs = 0, segments = 0, owned = 0, persistent = 0;
    uint64_t lastSegment = 0, memoPuts = 0, memoLeast = 0, memoMost = 0;
  };

  const uint8_t* bytes() const;
  bool step(const Token& token);
  bool atEnd(Around around);
  bool endsHere(Op op, Around around);
  bool maybeContinues(Op op, Around around) const;
  bool stillFits(Op op) const;
  void remember();
  void takeBack();
  void push(const Token& token, ItemKind kind);
  Item newNode(NodeKind kind, uint32_t begin);
  void addChildren(Node& node, size_t from);
  size_t popMark(const Token& token);
  Item pop(const Token& token);
  Item& top(const Token& token);
  void tuple(const Token& token, size_t count);
  void fromMark(const Token& token, NodeKind kind);
  void extend(const Token& token, size_t from);
  void put(const Token& token, uint64_t index);
  void get(const Token& token);
  void call(const Token& token, NodeKind kind, size_t parts);
  void tryRuns();
  size_t runsByReference(const uint8_t* batch, size_t size);
  const Segment* segmentOf(uint64_t index) const;
  uint32_t offset(uint64_t at) const { return static_cast<uint32_t>(at - begin_); }
  [[noreturn]] void fail(ErrorCode code, const Token& token, const char* detail) const;

  uint64_t begin_ = 0, end_ = 0;
  Item root_;
  SourcePtr bytes_;
  const Cursor* cursor_ = nullptr;
  std::vector<Item> stack_, pool_, memoItems_;
  std::vector<size_t> marks_;
  std::vector<uint64_t> markOffsets_;
  std::vector<Node> nodes_;
  std::vector<Chunk> chunks_;
  std::vector<Run> runs_;
  std::vector<uint32_t> runBase_;  // for each run, where its batch begins
  std::vector<uint32_t> runName_;  // for each run, where the name of its set stands
  std::vector<Segment> segments_;
  std::unordered_map<uint64_t, Item> overwritten_;
  std::deque<std::string> owned_;
  std::vector<Item> persistent_;
  uint64_t memoStart_ = 0, memoPuts_ = 0, memoLeast_ = UINT64_MAX, memoMost_ = 0;
  Checkpoint checkpoint_;
  Lexer* lexer_ = nullptr;
  const FarLookup* far_ = nullptr;
  uint32_t depthLimit_ = 0;
};

// A value in some outline, with far values followed to where they are.
class Ref {
 public:
  Ref() = default;
  Ref(const Outline* outline, const Item& item);

  explicit operator bool() const { return outline_ != nullptr; }
  ItemKind kind() const { return item_.kind; }
  bool isNone() const { return item_.kind == ItemKind::None; }
  bool isText() const { return item_.kind == ItemKind::Text; }
  bool isInt() const { return item_.kind == ItemKind::Int; }
  std::string_view text() const { return outline_->text(item_); }
  int64_t integer() const { return item_.integer; }
  double number() const { return item_.number; }
  bool is(NodeKind kind) const { return item_.kind == ItemKind::Node && outline_->node(item_).kind == kind; }
  const Node& node() const { return outline_->node(item_); }
  const Outline& outline() const { return *outline_; }

  // Where it is in the file.
  uint64_t begin() const { return outline_->begin() + extentBegin(); }
  uint32_t size() const { return extentEnd() - extentBegin(); }

  // The dict behind it: itself, or the state of an instance. Otherwise empty.
  Ref asDict() const;
  std::vector<Ref> children() const;
  template <class Visit>
  void pairs(Visit visit) const {
    Ref key;
    outline_->children(node(), [&](const Item& item) {
      if (!key) key = Ref(outline_, item);
      else visit(key, Ref(outline_, item)), key = Ref();
    });
  }

 private:
  uint32_t extentBegin() const { return item_.kind == ItemKind::Node ? outline_->node(item_).begin : item_.begin; }
  uint32_t extentEnd() const { return item_.kind == ItemKind::Node ? outline_->node(item_).end : item_.end; }

  const Outline* outline_ = nullptr;
  Item item_;
};

}  // namespace nb201
