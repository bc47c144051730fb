#include "benchmark/memo.h"

#include <algorithm>

#include "pickle/known.h"

namespace nb201 {

namespace {

constexpr size_t kDecodedKept = 16;
constexpr size_t kNamesKept = 4;
// Regions that refer to regions that refer to regions: two or three in files that a pickler wrote.
constexpr int kMaxDepth = 100;

}  // namespace

// Counts how deep regions ask one another, and ends it before the stack does.
class FileMemo::Nested {
 public:
  Nested(FileMemo& memo, uint64_t at) : memo_(memo) {
    if (memo_.depth_ >= kMaxDepth)
      memo_.bytes_->fail(ErrorCode::TooDeep, at, "expected fewer values that refer to one another");
    ++memo_.depth_;
  }
  ~Nested() { --memo_.depth_; }

 private:
  FileMemo& memo_;
};

void FileMemo::forget() {
  regions_.clear();
  ordered_ = true;
  between_.clear();
  betweenLog_.clear();
  far_.clear();
  farItems_.clear();
  outlines_.clear();
  decoded_.clear();
  names_.clear();
  types_.clear();
}

void FileMemo::add(const Region& region) {
  if (region.memoLeast <= region.memoMost && !regions_.empty()) {
    for (auto last = regions_.rbegin(); last != regions_.rend(); ++last) {
      if (last->memoLeast > last->memoMost) continue;  // puts nothing
      ordered_ = ordered_ && last->memoMost < region.memoLeast;
      break;
    }
  }
  regions_.push_back(region);
}

void FileMemo::append(const FileMemo& next) {
  for (const Region& region : next.regions_) add(region);
  for (const auto& [key, storage] : next.types_) types_.emplace(key, storage);
}

uint64_t FileMemo::least() const {
  uint64_t least = UINT64_MAX;
  for (const Region& region : regions_) least = std::min(least, region.memoLeast);
  return least;
}

uint64_t FileMemo::most() const {
  uint64_t most = 0;
  for (const Region& region : regions_) most = std::max(most, region.memoMost);
  return most;
}

void FileMemo::addOpen(uint64_t index) {
  between_[index] = FarItem{};
  betweenLog_.push_back({{index, static_cast<uint32_t>(Between::Open), 0}, {}});
}

// An outline of its own, so that it reads like any other entry.
void FileMemo::addAtom(uint64_t index, std::vector<uint8_t> pickle) {
  pickle.push_back(static_cast<uint8_t>(Op::Stop));
  const SourcePtr source = fromMemory(bytes_->name(), std::move(pickle));
  Cursor cursor(*source, 0, source->size());
  Lexer lexer(cursor);
  auto outline = std::make_shared<Outline>();
  outline->scan(lexer, Around::Taker, 0, {}, [](uint64_t, uint64_t) { return nullptr; });
  outline->hold(source);
  between_[index] = FarItem{outline, outline->root()};
}

void FileMemo::addText(uint64_t index, const std::string& text) {
  betweenLog_.push_back({{index, static_cast<uint32_t>(Between::Text), 0}, text});
  std::vector<uint8_t> pickle{static_cast<uint8_t>(Op::BinUnicode)};
  for (int i = 0; i < 4; ++i) pickle.push_back(static_cast<uint8_t>(text.size() >> (8 * i)));
  pickle.insert(pickle.end(), text.begin(), text.end());
  addAtom(index, std::move(pickle));
}

void FileMemo::addGlobal(uint64_t index, const std::string& name) {
  betweenLog_.push_back({{index, static_cast<uint32_t>(Between::Global), 0}, name});
  std::vector<uint8_t> pickle{static_cast<uint8_t>(Op::Global)};
  pickle.insert(pickle.end(), name.begin(), name.end());
  pickle.push_back('\n');
  addAtom(index, std::move(pickle));
}

// The last region that ends before `at` and puts this index. A region finds its own entries without asking here.
const Region* FileMemo::holding(uint64_t index, uint64_t at) {
  if (ordered_) {
    const auto after = std::partition_point(regions_.begin(), regions_.end(), [&](const Region& r) {
      return r.memoLeast > r.memoMost ? r.memoCount <= index : r.memoLeast <= index;
    });
    for (auto r = after; r != regions_.begin();) {
      --r;
      if (r->memoLeast > r->memoMost) continue;
      return index <= r->memoMost && r->end <= at ? &*r : nullptr;
    }
    return nullptr;
  }
  for (auto r = regions_.rbegin(); r != regions_.rend(); ++r) {
    if (r->end > at || index < r->memoLeast || index > r->memoMost) continue;
    Item item;
    if (outlineOf(*r)->memo(index, item)) return &*r;
  }
  return nullptr;
}

std::shared_ptr<const Outline> FileMemo::outlineOf(const Region& region) {
  auto& known = outlines_[region.begin];
  if (auto alive = known.lock()) return alive;
  const Nested nested(*this, region.begin);
  const SourcePtr stretch = stretchOf(bytes_, region.begin, region.end);
  Cursor cursor(*stretch, region.begin, region.end);
  Lexer lexer(cursor, Lexer::Of::Part);
  auto outline = std::make_shared<Outline>();
  outline->scan(lexer, Around::Taker, region.memoCount, container_.limits().decode,
                [this](uint64_t index, uint64_t at) { return this->outline(index, at); });
  outline->hold(stretch);
  known = outline;
  return outline;
}

const FarItem* FileMemo::outline(uint64_t index, uint64_t at) {
  const std::lock_guard<std::recursive_mutex> guard(lock_);
  const auto known = far_.find(index);
  if (known != far_.end() && ordered_) return &farItems_[known->second].second;
  const auto between = between_.find(index);
  if (between != between_.end()) return &between->second;
  const Region* region = holding(index, at);
  if (!region && base_) {
    const auto asked = fromBase_.find(index);
    if (asked != fromBase_.end()) return asked->second;
    const FarItem* found = base_->outline(index, at);
    if (found) fromBase_[index] = found;
    return found;
  }
  if (!region) return nullptr;
  if (known != far_.end() && farItems_[known->second].first == region->begin) return &farItems_[known->second].second;
  const std::shared_ptr<const Outline> outline = outlineOf(*region);
  Item item;
  if (!outline->memo(index, item)) return nullptr;
  far_[index] = farItems_.size();
  farItems_.emplace_back(region->begin, item.kind == ItemKind::Far ? *item.far : FarItem{outline, item});
  return &farItems_.back().second;
}

void FileMemo::missing(uint64_t index, uint64_t at) const {
  bytes_->fail(ErrorCode::BadMemo, at, "expected a memo entry that was put, found index " + std::to_string(index));
}

std::shared_ptr<const FileMemo::Decoded> FileMemo::decoded(const Region& region) {
  for (const auto& [begin, kept] : decoded_) {
    if (begin == region.begin) return kept;
  }
  const Nested nested(*this, region.begin);
  auto made = std::make_shared<Decoded>();
  const SourcePtr stretch = stretchOf(bytes_, region.begin, region.end);
  made->graph.hold(stretch);
  Decoder decoder(made->graph, *stretch, container_.limits().decode);
  decoder.memoStartsAt(region.memoCount);
  decoder.onFarMemo([&](uint64_t index, uint64_t at) { return value(made->graph, index, at); });
  decoder.onPersistentId([&](const Value& id, uint64_t at) { return persistent(made->graph, id, at); });
  decoder.onStorageBytes([&](uint64_t first, uint64_t last, uint64_t at) {
    return container_.embeddedStorage(made->graph, first, last, at);
  });
  decoder.stretch(region.begin, region.end);
  made->memo = decoder.memo();
  decoded_.emplace_back(region.begin, made);
  if (decoded_.size() > kDecodedKept) decoded_.pop_front();
  return made;
}

RegionNames& FileMemo::names(const Region& region) {
  for (auto& [begin, kept] : names_) {
    if (begin == region.begin) return kept;
  }
  if (names_.size() == kNamesKept) names_.pop_front();
  return names_.emplace_back(region.begin, RegionNames(bytes_, region)).second;
}

// The region that these bytes are a part of, or null.
const Region* FileMemo::around(uint64_t at) const {
  const auto after =
      std::partition_point(regions_.begin(), regions_.end(), [&](const Region& r) { return r.begin <= at; });
  return after != regions_.begin() && at < (after - 1)->end ? &*(after - 1) : nullptr;
}

// An item that is no container, as a value; false for the others.
static bool atom(Graph& graph, const Outline& outline, const Item& item, Value& out) {
  switch (item.kind) {
    case ItemKind::None: return true;
    case ItemKind::Bool:
      out.kind = Kind::Bool;
      out.boolean = item.integer != 0;
      return true;
    case ItemKind::Int:
      out.kind = Kind::Int;
      out.integer = item.integer;
      return true;
    case ItemKind::Float:
      out.kind = Kind::Float;
      out.number = item.number;
      return true;
    case ItemKind::Text:
      out.kind = Kind::Str;
      out.text = graph.ownText(std::string(outline.text(item)));
      return true;
    case ItemKind::Global: {
      const std::string_view both = outline.text(item);
      const size_t cut = both.find('\n');
      out.kind = Kind::Global;
      out.global = graph.global(std::string(both.substr(0, cut)), std::string(both.substr(cut + 1)));
      return true;
    }
    default: return false;
  }
}

Value FileMemo::value(Graph& graph, uint64_t index, uint64_t at) {
  const std::lock_guard<std::recursive_mutex> guard(lock_);
  const FarItem* far = outline(index, at);
  if (!far) missing(index, at);
  if (!far->outline) {
    bytes_->fail(ErrorCode::BadRecord, at,
                 "expected values that can be read by themselves, found one that contains its own file");
  }
  Value out;
  if (atom(graph, *far->outline, far->item, out)) return out;
  const Region* region = holding(index, at);
  if (!region && base_) return base_->value(graph, index, at);
  if (!region) missing(index, at);
  const std::shared_ptr<const Decoded> made = decoded(*region);
  const Value* found = made->memo.find(index);
  if (!found) missing(index, at);
  graph.hold(made);
  return *found;
}

Value FileMemo::persistent(Graph& graph, const Value& id, uint64_t at) {
  return container_.persistentLoad(graph, types_, id, at);
}

Value FileMemo::decode(Graph& graph, uint64_t begin, uint64_t end) {
  const std::lock_guard<std::recursive_mutex> guard(lock_);
  const SourcePtr stretch = stretchOf(bytes_, begin, end);
  graph.hold(stretch);
  const Region* region = around(begin);
  const bool whole = region && region->begin == begin && region->end == end;
  Decoder decoder(graph, *stretch, container_.limits().decode);
  if (whole) decoder.memoStartsAt(region->memoCount);
  std::unordered_map<uint64_t, Value> calls;
  decoder.onFarMemo([&](uint64_t index, uint64_t at) -> Value {
    // A part of a region may refer to what the region put before it.
    if (region && !whole && index >= region->memoLeast && index <= region->memoMost) {
      Value name;
      RegionNames& from = names(*region);
      if (from.find(graph, index, begin, name)) return name;
      uint64_t callBegin = 0, callEnd = 0;
      if (from.findCall(index, begin, callBegin, callEnd)) {
        const auto known = calls.find(index);
        if (known != calls.end()) return known->second;
        return calls.emplace(index, decode(graph, callBegin, callEnd)).first->second;
      }
      const std::shared_ptr<const Decoded> made = decoded(*region);
      if (const Value* found = made->memo.find(index)) {
        graph.hold(made);
        return *found;
      }
    }
    return value(graph, index, at);
  });
  decoder.onPersistentId([&](const Value& id, uint64_t at) { return persistent(graph, id, at); });
  decoder.onStorageBytes(
      [&](uint64_t first, uint64_t last, uint64_t at) { return container_.embeddedStorage(graph, first, last, at); });
  return decoder.stretch(begin, end);
}

FileMemo::Kept FileMemo::keep() const {
  const std::lock_guard<std::recursive_mutex> guard(lock_);
  Kept kept;
  kept.ordered = ordered_;
  kept.regions = regions_;
  for (const auto& [row, text] : betweenLog_) {
    kept.betweenAt.push_back(row);
    kept.betweenTexts.push_back(text);
  }
  for (const auto& [key, storage] : types_) {
    kept.storages.push_back({storage.count, static_cast<uint32_t>(storage.type), 0});
    kept.storageKeys.push_back(key);
  }
  return kept;
}

bool FileMemo::restore(const Kept& kept) {
  forget();
  uint64_t end = 0;
  for (const Region& region : kept.regions) {
    if (region.begin < end || region.end < region.begin || region.end > bytes_->size()) return false;
    end = region.end;
    add(region);
  }
  if (ordered_ != kept.ordered || kept.betweenAt.size() != kept.betweenTexts.size() ||
      kept.storageKeys.size() != kept.storages.size()) {
    return false;
  }
  for (size_t i = 0; i < kept.betweenAt.size(); ++i) {
    const uint64_t index = kept.betweenAt[i].index;
    switch (static_cast<Between>(kept.betweenAt[i].kind)) {
      case Between::Open: addOpen(index); break;
      case Between::Text: addText(index, kept.betweenTexts[i]); break;
      case Between::Global: addGlobal(index, kept.betweenTexts[i]); break;
      default: return false;
    }
  }
  for (size_t i = 0; i < kept.storages.size(); ++i) {
    const StorageRow& row = kept.storages[i];
    if (row.type > static_cast<uint32_t>(TensorType::Untyped)) return false;
    types_.emplace(kept.storageKeys[i], Container::StoredAs{static_cast<TensorType>(row.type), row.count});
  }
  return true;
}

// A persistent id as nearly all of them are: noted without a value being built of it. False for others.
bool FileMemo::addPlainStorage(const Outline& outline, const Item& item) {
  const Node& id = outline.node(item);
  if (id.count != 1) return false;
  Ref parts[6];  // the last is there in legacy files: None, where the storage is no view of another
  size_t found = 0;
  outline.children(id, [&](const Item& tuple) {
    const Ref of(&outline, tuple);
    if (!of.is(NodeKind::Tuple) || (of.node().count != 5 && of.node().count != 6)) return;
    of.outline().children(of.node(), [&](const Item& part) { parts[found++] = Ref(&of.outline(), part); });
  });
  if (found < 5 || (found == 6 && !parts[5].isNone()) || !parts[0].isText() || parts[1].kind() != ItemKind::Global ||
      !parts[2].isText() || !parts[3].isText() || !parts[4].isInt() || parts[0].text() != "storage") {
    return false;
  }
  const std::string_view global = parts[1].text();
  if (global != storageGlobal_) {
    const size_t cut = global.find('\n');
    if (!torchStorageType({std::string(global.substr(0, cut)), std::string(global.substr(cut + 1))}, storageType_)) {
      return false;
    }
    storageGlobal_ = global;
  }
  container_.noteStorage(types_, parts[2].text(), parts[3].text(), storageType_, parts[4].integer(),
                         outline.begin() + id.begin);
  return true;
}

// Notes the type of each storage, without which a legacy file's tail cannot be read.
void FileMemo::addStorages(const Outline& outline) {
  types_.reserve(types_.size() + outline.persistent().size());
  constexpr size_t kAtOnce = 256;  // values that are kept until the next: there may be thousands of storages
  std::unique_ptr<Graph> held;
  size_t number = 0;
  for (const Item& item : outline.persistent()) {
    if (addPlainStorage(outline, item)) continue;
    if (number++ % kAtOnce == 0) held = std::make_unique<Graph>();
    Graph& graph = *held;
    const Ref id(&outline, item);
    Value tuple;
    tuple.kind = Kind::Tuple;
    tuple.sequence = graph.sequence();
    bool plain = id.node().count == 1;
    outline.children(id.node(), [&](const Item& of) {
      const Ref parts(&outline, of);
      plain = plain && parts.is(NodeKind::Tuple);
      if (!plain) return;
      parts.outline().children(parts.node(), [&](const Item& part) {
        const Ref ref(&parts.outline(), part);
        plain = plain && atom(graph, ref.outline(), ref.item(), tuple.sequence->items.emplace_back());
      });
    });
    if (plain) persistent(graph, tuple, id.begin());
    else decode(graph, id.begin(), id.begin() + id.size());
  }
}

}  // namespace nb201
