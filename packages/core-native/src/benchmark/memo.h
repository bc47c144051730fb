// The memo of a file that is too large to remember it: which stretch put which entries, and those that others ask for.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "benchmark/region_names.h"
#include "pickle/decoder.h"
#include "pickle/outline.h"
#include "torchfile/container.h"

namespace nb201 {

// A value of the pickle that can be read by itself: a record, the list of architectures.
struct Region {
  uint64_t begin = 0, end = 0;
  uint64_t memoCount = 0;                         // entries put before it
  uint64_t memoLeast = UINT64_MAX, memoMost = 0;  // the indices that it puts
};

class FileMemo {
 public:
  // With a `base`, a memo of a later stretch of the same pickle: what it has not itself, the base may have. The base
  // does not change meanwhile.
  FileMemo(const Container& container, SourcePtr bytes, FileMemo* base = nullptr)
      : container_(container), bytes_(std::move(bytes)), base_(base) {}

  // Forgets everything, for a walk that begins anew.
  void forget();
  void add(const Region& region);
  // Takes over the regions of a memo whose stretch follows.
  void append(const FileMemo& next);
  // Whether each region's entries come after those of the one before, as one pickler numbers them.
  bool ordered() const { return ordered_; }
  uint64_t least() const;
  uint64_t most() const;
  // A container that is still open when others refer to it, such as the whole file's dict.
  void addOpen(uint64_t index);
  // A text or a global ("module\nname") between the regions, such as a key of the whole file's dict.
  void addText(uint64_t index, const std::string& text);
  void addGlobal(uint64_t index, const std::string& name);

  // The entry as it was when the byte `at` was reached, or null.
  const FarItem* outline(uint64_t index, uint64_t at);
  // The same as a value, which `graph` then keeps alive. Throws BAD_MEMO where there is none.
  Value value(Graph& graph, uint64_t index, uint64_t at);

  // Decodes [begin, end) of some region, memo references included. The graph owns what comes back.
  Value decode(Graph& graph, uint64_t begin, uint64_t end);

  const Container::StorageTypes& storageTypes() const { return types_; }

  // What there is to remember, for a side-car: plain rows and texts.
  struct BetweenRow {
    uint64_t index;
    uint32_t kind;  // Between
    uint32_t unused;
  };
  struct StorageRow {
    uint64_t count;
    uint32_t type, unused;
  };
  struct Kept {
    bool ordered = true;
    std::vector<Region> regions;
    std::vector<BetweenRow> betweenAt;
    std::vector<std::string> betweenTexts;  // one a row
    std::vector<StorageRow> storages;
    std::vector<std::string> storageKeys;  // one a row
  };
  Kept keep() const;
  // Takes the place of a walk. False where it makes no sense.
  bool restore(const Kept& kept);

  void addStorages(const Outline& outline);

 private:
  bool addPlainStorage(const Outline& outline, const Item& item);
  class Nested;
  enum class Between : uint32_t { Open, Text, Global };
  void addAtom(uint64_t index, std::vector<uint8_t> pickle);
  const Region* holding(uint64_t index, uint64_t at);
  std::shared_ptr<const Outline> outlineOf(const Region& region);
  struct Decoded {
    Graph graph;
    Memo<Value> memo;
  };
  std::shared_ptr<const Decoded> decoded(const Region& region);
  RegionNames& names(const Region& region);
  const Region* around(uint64_t at) const;
  Value persistent(Graph& graph, const Value& id, uint64_t at);
  [[noreturn]] void missing(uint64_t index, uint64_t at) const;

  const Container& container_;
  SourcePtr bytes_;
  std::vector<Region> regions_;
  bool ordered_ = true;
  FileMemo* base_ = nullptr;
  std::unordered_map<uint64_t, const FarItem*> fromBase_;
  std::unordered_map<uint64_t, FarItem> between_;
  std::vector<std::pair<BetweenRow, std::string>> betweenLog_;  // how these came to be
  // What was asked for from afar: few and distinct. Outlines point to them, so they stay where they are.
  std::deque<std::pair<uint64_t, FarItem>> farItems_;  // where the region begins, and the entry
  std::unordered_map<uint64_t, size_t> far_;           // by index
  std::map<uint64_t, std::weak_ptr<const Outline>> outlines_;
  std::deque<std::pair<uint64_t, std::shared_ptr<const Decoded>>> decoded_;  // the last few regions that were built
  std::deque<std::pair<uint64_t, RegionNames>> names_;  // of the last few regions that parts were read of
  Container::StorageTypes types_;
  std::string storageGlobal_;  // the last that was looked up: most are the same
  TensorType storageType_ = TensorType::Float32;
  int depth_ = 0;
  mutable std::recursive_mutex lock_;  // resolving an entry may resolve others
};

}  // namespace nb201
