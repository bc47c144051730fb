#include "pickle/outline.h"

#include <algorithm>

namespace nb201 {

namespace {

constexpr uint64_t kBytesOfNode = 16, kFirstNodes = uint64_t{1} << 17;

// Bytes that a dict's batch may take to be looked at as a curve: a thousand entries.
constexpr size_t kBatchBytes = size_t{64} << 10;
// Offsets in an outline are 32 bits wide.
constexpr uint64_t kMaxBytes = uint64_t{1} << 31;

bool pushesAtom(const Token& token, ItemKind& kind) {
  switch (token.carries) {
    case Carries::Int: kind = ItemKind::Int; return true;
    case Carries::Bool: kind = ItemKind::Bool; return true;
    case Carries::Float: kind = ItemKind::Float; return true;
    case Carries::Text:
    case Carries::ByteText: kind = ItemKind::Text; return true;
    case Carries::Big:
    case Carries::Bytes: kind = ItemKind::Other; return true;
    default: return false;
  }
}

// A far value by what it is where it stands.
ItemKind kindOf(const Item& item) { return item.kind == ItemKind::Far ? item.far->item.kind : item.kind; }

}  // namespace

void Outline::clear() {
  for (auto* items : {&stack_, &pool_, &memoItems_}) items->clear();
  marks_.clear();
  markOffsets_.clear();
  nodes_.clear();
  chunks_.clear();
  runs_.clear();
  runBase_.clear();
  runName_.clear();
  segments_.clear();
  overwritten_.clear();
  owned_.clear();
  persistent_.clear();
  bytes_.reset();
  cursor_ = nullptr;
  checkpoint_ = {};
  memoPuts_ = memoMost_ = 0;
  memoLeast_ = UINT64_MAX;
}

void Outline::fail(ErrorCode code, const Token& token, const char* detail) const {
  lexer_->cursor().source().fail(code, token.at, detail);
}

// Of the whole value, from its begin.
const uint8_t* Outline::bytes() const {
  return bytes_ ? bytes_->data() + (begin_ - bytes_->dataBegin()) : cursor_->pointerTo(begin_);
}

std::string_view Outline::text(const Item& item) const {
  if (item.owned) return owned_[static_cast<size_t>(item.at)];
  return {reinterpret_cast<const char*>(bytes() + item.at), item.size};
}

void Outline::scan(Lexer& lexer, Around around, uint64_t memoCount, const DecodeLimits& limits, const FarLookup& far) {
  Cursor& cursor = lexer.cursor();
  lexer_ = &lexer;
  cursor_ = &cursor;
  far_ = &far;
  depthLimit_ = limits.depth;
  begin_ = cursor.offset();
  memoStart_ = memoCount;
  cursor.keepFrom(begin_);
  // Room for what a large value needs: memory that stays untouched costs nothing, growing into it costs each page
  // twice.
  if (nodes_.capacity() == 0) {
    const size_t likely = static_cast<size_t>(std::min<uint64_t>(cursor.left() / kBytesOfNode, kFirstNodes));
    nodes_.reserve(likely);
    chunks_.reserve(likely);
    pool_.reserve(likely);
    memoItems_.reserve(likely);
  }
  Token token;
  while (!atEnd(around)) {
    lexer.next(token);
    if (token.at - begin_ > kMaxBytes) fail(ErrorCode::Limit, token, "expected a value of at most 2 GiB");
    if (!step(token)) break;
  }
  end_ = cursor.offset();
  root_ = stack_.front();
  lexer_ = nullptr;
  far_ = nullptr;
}

// Whether the value is whole. A pickle is postfix: what follows a container may be a part of it (its items, its state)
// or the next value, and an opcode further on decides. Until then both are possible, and what was read can be taken
// back.
bool Outline::atEnd(Around around) {
  if (!marks_.empty() || stack_.empty()) return false;
  Cursor& cursor = lexer_->cursor();
  if (!cursor.available(1)) {
    if (stack_.size() > 1 && checkpoint_.offset != UINT64_MAX) takeBack();
    return stack_.size() == 1;
  }
  const Op op = static_cast<Op>(*cursor.at());
  if (stack_.size() > 1) {
    if (checkpoint_.offset == UINT64_MAX || stillFits(op)) return false;
    takeBack();
    return true;
  }
  checkpoint_.offset = UINT64_MAX;
  return endsHere(op, around);
}

// With one value on the stack.
bool Outline::endsHere(Op op, Around around) {
  switch (op) {
    // clang-format off
    case Op::Put: case Op::BinPut: case Op::LongBinPut: case Op::Memoize: case Op::Mark: case Op::Frame: return false;
    case Op::SetItem: case Op::SetItems: case Op::Append: case Op::Appends: case Op::AddItems: case Op::Stop: return true;
    // clang-format on
    default: break;
  }
  // What follows a global is its call: arguments, then REDUCE or NEWOBJ.
  if (kindOf(stack_[0]) == ItemKind::Global) return false;
  if (stack_[0].kind == ItemKind::Node && around == Around::Taker) return false;
  if (!maybeContinues(op, around)) return true;
  remember();
  return false;
}

bool Outline::maybeContinues(Op op, Around around) const {
  if (kindOf(stack_[0]) == ItemKind::Text) {  // a global's module, to be followed by its name and STACK_GLOBAL
    return op == Op::ShortBinUnicode || op == Op::BinUnicode || op == Op::BinGet || op == Op::LongBinGet;
  }
  if (stack_[0].kind != ItemKind::Node) return false;
  const Node& node = nodes_[stack_[0].node];
  switch (node.kind) {
    case NodeKind::Call:
    case NodeKind::Instance: return true;         // a state and BUILD
    case NodeKind::List: return node.count == 0;  // one item and APPEND
    case NodeKind::Dict:                          // one key and value and SETITEM
      if (node.count || node.runCount) return false;
      return around != Around::IntKeys || (op != Op::BinInt && op != Op::BinInt1 && op != Op::BinInt2);
    default: return false;
  }
}

// Whether the values above the one that may have ended can still turn out to be a part of it.
bool Outline::stillFits(Op op) const {
  const size_t above = stack_.size() - 1;
  const bool dict = stack_[0].kind == ItemKind::Node && nodes_[stack_[0].node].kind == NodeKind::Dict;
  const bool list = stack_[0].kind == ItemKind::Node && nodes_[stack_[0].node].kind == NodeKind::List;
  switch (op) {
    // clang-format off
    case Op::Put: case Op::BinPut: case Op::LongBinPut: case Op::Memoize: case Op::Mark: case Op::Frame: return true;
    case Op::Tuple1: case Op::Reduce: case Op::NewObj: case Op::Tuple2: case Op::Tuple3: case Op::BinPersId: return true;
    // clang-format on
    case Op::Append: return list && above == 1;
    case Op::SetItem: return dict && above == 2;
    case Op::Build: return above >= 1;
    case Op::StackGlobal: return true;
    case Op::SetItems:
    case Op::Appends:
    case Op::AddItems:
    case Op::Stop: return false;
    // A global on top wants arguments before it counts as one value.
    default:
      return above < (dict ? 2u : 1u) || kindOf(stack_.back()) == ItemKind::Global ||
             kindOf(stack_.back()) == ItemKind::Text;
  }
}

void Outline::remember() {
  Checkpoint& c = checkpoint_;
  c.offset = lexer_->cursor().offset();
  c.frameEnd = lexer_->frameEnd();
  c.pool = pool_.size();
  c.memoItems = memoItems_.size();
  c.nodes = nodes_.size();
  c.chunks = chunks_.size();
  c.runs = runs_.size();
  c.segments = segments_.size();
  c.owned = owned_.size();
  c.persistent = persistent_.size();
  c.lastSegment = segments_.empty() ? 0 : segments_.back().count;
  c.memoPuts = memoPuts_;
  c.memoLeast = memoLeast_;
  c.memoMost = memoMost_;
}

void Outline::takeBack() {
  const Checkpoint& c = checkpoint_;
  lexer_->rewind(c.offset, c.frameEnd);
  stack_.resize(1);
  pool_.resize(c.pool);
  memoItems_.resize(c.memoItems);
  nodes_.erase(nodes_.begin() + static_cast<std::ptrdiff_t>(c.nodes), nodes_.end());
  chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(c.chunks), chunks_.end());
  runs_.resize(c.runs);
  runBase_.resize(c.runs);
  runName_.resize(c.runs);
  segments_.erase(segments_.begin() + static_cast<std::ptrdiff_t>(c.segments), segments_.end());
  if (!segments_.empty()) segments_.back().count = c.lastSegment;
  owned_.resize(c.owned);
  persistent_.resize(c.persistent);
  memoPuts_ = c.memoPuts;
  memoLeast_ = c.memoLeast;
  memoMost_ = c.memoMost;
}

Item Outline::pop(const Token& token) {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) {
    fail(ErrorCode::StackUnderflow, token, "expected a value on the stack, found none");
  }
  const Item item = stack_.back();
  stack_.pop_back();
  return item;
}

Item& Outline::top(const Token& token) {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) {
    fail(ErrorCode::StackUnderflow, token, "expected a value on the stack, found none");
  }
  return stack_.back();
}

size_t Outline::popMark(const Token& token) {
  if (marks_.empty()) fail(ErrorCode::MissingMark, token, "expected a MARK before this opcode, found none");
  const size_t mark = marks_.back();
  marks_.pop_back();
  markOffsets_.pop_back();
  return mark;
}

void Outline::push(const Token& token, ItemKind kind) {
  Item item;
  item.kind = kind;
  item.begin = offset(token.at);
  item.end = offset(lexer_->cursor().offset());
  if (kind == ItemKind::Float) item.number = token.number;
  else if (kind == ItemKind::Int || kind == ItemKind::Bool) item.integer = token.integer;
  else if (kind == ItemKind::Text || kind == ItemKind::Global) {
    item.size = static_cast<uint32_t>(token.size);
    item.owned = !token.inPlace;
    if (token.inPlace) {
      item.at = static_cast<uint64_t>(item.end) - token.size;
    } else {
      item.at = owned_.size();
      owned_.emplace_back(reinterpret_cast<const char*>(token.bytes), token.size);
    }
  }
  stack_.push_back(item);
}

// A node that ends with the opcode that was just read.
Item Outline::newNode(NodeKind kind, uint32_t begin) {
  Item item;
  item.kind = ItemKind::Node;
  item.begin = begin;
  item.end = offset(lexer_->cursor().offset());
  item.node = static_cast<uint32_t>(nodes_.size());
  Node node;
  node.kind = kind;
  node.begin = begin;
  node.end = item.end;
  nodes_.push_back(node);
  return item;
}

// Moves the stack's items from `from` on into the node.
void Outline::addChildren(Node& node, size_t from) {
  const uint32_t count = static_cast<uint32_t>(stack_.size() - from);
  if (count) {
    const uint32_t chunk = static_cast<uint32_t>(chunks_.size());
    chunks_.push_back({static_cast<uint32_t>(pool_.size()), count, UINT32_MAX});
    pool_.insert(pool_.end(), stack_.begin() + static_cast<std::ptrdiff_t>(from), stack_.end());
    if (node.lastChunk != UINT32_MAX) chunks_[node.lastChunk].next = chunk;
    else node.firstChunk = chunk;
    node.lastChunk = chunk;
    node.count += count;
    if (node.runCount) node.irregular = true;
  }
  stack_.resize(from);
}

void Outline::tuple(const Token& token, size_t count) {
  const size_t floor = marks_.empty() ? 0 : marks_.back();
  if (stack_.size() - floor < count) fail(ErrorCode::StackUnderflow, token, "expected more values on the stack");
  const size_t from = stack_.size() - count;
  const uint32_t begin = count ? stack_[from].begin : offset(token.at);
  const Item item = newNode(NodeKind::Tuple, begin);
  addChildren(nodes_[item.node], from);
  stack_.push_back(item);
}

// TUPLE, LIST, DICT and FROZENSET: everything since the MARK.
void Outline::fromMark(const Token& token, NodeKind kind) {
  const uint32_t begin = markOffsets_.empty() ? 0 : offset(markOffsets_.back());
  const size_t mark = popMark(token);
  if (kind == NodeKind::Dict && (stack_.size() - mark) % 2) {
    fail(ErrorCode::BadOperand, token, "expected keys and values in pairs");
  }
  const Item item = newNode(kind, begin);
  addChildren(nodes_[item.node], mark);
  stack_.push_back(item);
}

// SETITEM(S), APPEND(S) and ADDITEMS: the items from `from` on go into the container below them.
void Outline::extend(const Token& token, size_t from) {
  if (from == 0 || (!marks_.empty() && from <= marks_.back())) {
    fail(ErrorCode::StackUnderflow, token, "expected a container on the stack");
  }
  Item& target = stack_[from - 1];
  if (target.kind != ItemKind::Node) fail(ErrorCode::BadOperand, token, "expected a container to put items in");
  Node& node = nodes_[target.node];
  const bool pairs = token.op == Op::SetItem || token.op == Op::SetItems;
  if (pairs && (stack_.size() - from) % 2) fail(ErrorCode::BadOperand, token, "expected keys and values in pairs");
  if ((pairs && node.kind != NodeKind::Dict && node.kind != NodeKind::Instance && node.kind != NodeKind::Call) ||
      (!pairs && (node.kind == NodeKind::Dict || node.kind == NodeKind::Tuple))) {
    fail(ErrorCode::BadOperand, token, "expected a container that takes such items");
  }
  if (pairs && node.kind != NodeKind::Dict) node.irregular = true;
  addChildren(node, from);
  node.end = offset(lexer_->cursor().offset());
  target.end = node.end;
}

void Outline::put(const Token& token, uint64_t index) {
  Item& item = top(token);
  const uint32_t end = offset(lexer_->cursor().offset());
  if (item.kind == ItemKind::Node && stack_.size() && nodes_[item.node].end == offset(token.at))
    nodes_[item.node].end = end;
  Item known;
  if (memo(index, known)) {
    overwritten_[index] = item;  // the last one wins, for whoever asks from here on
    return;
  }
  memoLeast_ = std::min(memoLeast_, index);
  memoMost_ = std::max(memoMost_, index);
  ++memoPuts_;
  if (!segments_.empty() && !segments_.back().run && segments_.back().first + segments_.back().count == index) {
    ++segments_.back().count;
  } else {
    segments_.push_back({index, 1, static_cast<uint32_t>(memoItems_.size()), false});
  }
  memoItems_.push_back(item);
}

// The stretch of the memo that has this index, or null.
const Outline::Segment* Outline::segmentOf(uint64_t index) const {
  if (index < memoLeast_ || index > memoMost_) return nullptr;
  const auto holds = [index](const Segment& s) { return index >= s.first && index - s.first < s.count; };
  // Segments are in order as a rule; where a pickle puts its entries out of order, they are looked through.
  const auto after = std::upper_bound(segments_.begin(), segments_.end(), index,
                                      [](uint64_t i, const Segment& s) { return i < s.first; });
  if (after != segments_.begin() && holds(*(after - 1))) return &*(after - 1);
  const auto found = std::find_if(segments_.begin(), segments_.end(), holds);
  return found == segments_.end() ? nullptr : &*found;
}

bool Outline::memo(uint64_t index, Item& item) const {
  if (!overwritten_.empty()) {
    const auto found = overwritten_.find(index);
    if (found != overwritten_.end()) {
      item = found->second;
      return true;
    }
  }
  const Segment* segment = segmentOf(index);
  if (!segment) return false;
  const uint32_t within = static_cast<uint32_t>(index - segment->first);
  if (!segment->run) {
    item = memoItems_[segment->at + within];
    return true;
  }
  const Run& run = runs_[segment->at];
  item = Item{};
  item.kind = ItemKind::Text;
  const uint32_t epoch = run.first + within;
  item.begin = runBase_[segment->at] + run.entryAt(epoch);
  item.at = item.begin + run.header;
  item.size = run.nameSize + 1u + Run::digits(epoch);
  item.end = static_cast<uint32_t>(item.at) + item.size;
  return true;
}

void Outline::get(const Token& token) {
  const uint64_t index = static_cast<uint64_t>(token.integer);
  Item item;
  if (!memo(index, item)) {
    const FarItem* found = (*far_)(index, token.at);
    if (!found) {
      lexer_->cursor().source().fail(ErrorCode::BadMemo, token.at,
                                     "expected a memo entry that was put, found index " + std::to_string(index));
    }
    item.kind = ItemKind::Far;
    item.far = found;
  }
  item.begin = offset(token.at);
  item.end = offset(lexer_->cursor().offset());
  stack_.push_back(item);
}

// REDUCE and NEWOBJ: a call of known or unknown things, noted by its parts. Only OrderedDict() is seen through.
void Outline::call(const Token& token, NodeKind kind, size_t parts) {
  const size_t floor = marks_.empty() ? 0 : marks_.back();
  if (stack_.size() - floor < parts) fail(ErrorCode::StackUnderflow, token, "expected a callable and its arguments");
  const size_t from = stack_.size() - parts;
  const Ref callee(this, stack_[from]);
  const Ref arguments(this, stack_[from + 1]);
  const uint32_t begin = stack_[from].begin;
  const bool ordered = kind == NodeKind::Call && callee && callee.kind() == ItemKind::Global &&
                       callee.text() == "collections\nOrderedDict" && arguments && arguments.is(NodeKind::Tuple) &&
                       arguments.node().count == 0;
  if (ordered) {
    stack_.resize(from);
    stack_.push_back(newNode(NodeKind::Dict, begin));
    return;
  }
  const Item item = newNode(kind, begin);
  addChildren(nodes_[item.node], from);
  stack_.push_back(item);
}

// A batch whose keys are those of an earlier curve of this value, by reference, as three dicts of one trial share them.
// Returns its size, or 0 where it is not all of this form.
size_t Outline::runsByReference(const uint8_t* batch, size_t size) {
  const size_t before = runs_.size(), namesBefore = runName_.size();
  size_t at = 0;
  while (at < size && batch[at] != static_cast<uint8_t>(Op::SetItems)) {
    uint64_t memo = 0;
    Run run = parseReferences(batch, at, size, memo);
    const Segment* segment = run.count && overwritten_.empty() ? segmentOf(memo) : nullptr;
    if (!segment || !segment->run || memo + run.count > segment->first + segment->count) {
      // A run of references may go on into the next set's keys: cut at the end of the first's.
      if (!segment || !segment->run) {
        runs_.resize(before);
        runName_.resize(namesBefore);
        return 0;
      }
      run.count = static_cast<uint32_t>(segment->first + segment->count - memo);
    }
    const Run& keys = runs_[segment->at];
    run.first = keys.first + static_cast<uint32_t>(memo - segment->first);
    run.nameSize = keys.nameSize;
    runName_.push_back(runName_[segment->at]);
    at += run.count * (run.get + 9u);
    runs_.push_back(run);
  }
  if (at < size) return at + 1;
  runs_.resize(before);
  runName_.resize(namesBefore);
  return 0;
}

bool Outline::byReference(const Node& node) const {
  if (node.irregular || node.count) return false;
  const auto* first = runs_.data() + node.firstRun;
  return std::any_of(first, first + node.runCount, [](const Run& run) { return run.get != 0; });
}

// Behind the MARK of a dict's batch: takes the batch in one go where it is a curve of the regular form.
void Outline::tryRuns() {
  if (stack_.empty() || stack_.back().kind != ItemKind::Node || marks_.back() != stack_.size()) return;
  const uint32_t index = stack_.back().node;
  if (nodes_[index].kind != NodeKind::Dict || nodes_[index].count) return;
  Cursor& cursor = lexer_->cursor();
  size_t size = std::min(cursor.available(kBatchBytes), kBatchBytes);
  if (lexer_->frameEnd() != UINT64_MAX) {
    size = static_cast<size_t>(std::min<uint64_t>(size, lexer_->frameEnd() - cursor.offset()));
  }
  const uint64_t next = memoPuts_ + memoStart_;
  const size_t firstRun = runs_.size();
  size_t taken = parseRuns(cursor.at(), size, next, runs_);
  if (!taken) taken = runsByReference(cursor.at(), size);
  if (!taken) return;
  const uint32_t base = offset(cursor.offset());
  for (size_t r = firstRun; r < runs_.size(); ++r) {
    runBase_.push_back(base);
    if (!runs_[r].get) runName_.push_back(base + runs_[r].begin + runs_[r].header);
    if (!runs_[r].put) continue;
    const uint64_t first = memoStart_ + memoPuts_;
    segments_.push_back({first, runs_[r].count, static_cast<uint32_t>(r), true});
    memoLeast_ = std::min(memoLeast_, first);
    memoMost_ = std::max(memoMost_, first + runs_[r].count - 1);
    memoPuts_ += runs_[r].count;
  }
  cursor.advance(taken);
  marks_.pop_back();
  markOffsets_.pop_back();
  Node& node = nodes_[index];
  if (node.runCount == 0) node.firstRun = static_cast<uint32_t>(firstRun);
  node.runCount += static_cast<uint32_t>(runs_.size() - firstRun);
  node.end = offset(cursor.offset());
  stack_.back().end = node.end;
}

// False where the value turns out to have ended before a MARK that was read already.
bool Outline::step(const Token& token) {
  ItemKind kind;
  const auto end = [&] { return offset(lexer_->cursor().offset()); };
  // At the bottom of the stack a MARK may belong to whatever comes next. What closes it tells.
  const auto closesOuter = [&] { return marks_.size() == 1 && marks_[0] == 1; };
  switch (token.op) {
    case Op::Proto:
    case Op::Frame: break;
    case Op::Stop: fail(ErrorCode::BadStop, token, "expected a value, found the end of the pickle");
    case Op::Mark:
      if (marks_.size() >= depthLimit_) fail(ErrorCode::TooDeep, token, "expected fewer open marks");
      marks_.push_back(stack_.size());
      markOffsets_.push_back(token.at);
      tryRuns();
      break;
    case Op::Pop:
      if (!marks_.empty() && marks_.back() == stack_.size()) popMark(token);
      else pop(token);
      break;
    case Op::PopMark: stack_.resize(popMark(token)); break;
    case Op::Dup: {
      const Item item = top(token);
      stack_.push_back(item);
      break;
    }
    case Op::None: push(token, ItemKind::None); break;
    case Op::EmptyTuple: tuple(token, 0); break;
    case Op::Tuple1: tuple(token, 1); break;
    case Op::Tuple2: tuple(token, 2); break;
    case Op::Tuple3: tuple(token, 3); break;
    case Op::Tuple:
    case Op::List:
    case Op::Dict:
    case Op::FrozenSet:
      if (closesOuter()) {
        lexer_->cursor().seek(markOffsets_[0]);
        stack_.resize(1);
        marks_.clear();
        return false;
      }
      fromMark(token, token.op == Op::Tuple  ? NodeKind::Tuple
                      : token.op == Op::List ? NodeKind::List
                      : token.op == Op::Dict ? NodeKind::Dict
                                             : NodeKind::Set);
      break;
    case Op::EmptyList: stack_.push_back(newNode(NodeKind::List, offset(token.at))); break;
    case Op::EmptyDict: stack_.push_back(newNode(NodeKind::Dict, offset(token.at))); break;
    case Op::EmptySet: stack_.push_back(newNode(NodeKind::Set, offset(token.at))); break;
    case Op::Append: extend(token, stack_.size() - (stack_.empty() ? 0 : 1)); break;
    case Op::SetItem: extend(token, stack_.size() - std::min<size_t>(stack_.size(), 2)); break;
    case Op::Appends:
    case Op::AddItems:
    case Op::SetItems: {
      const size_t mark = popMark(token);
      extend(token, mark);
      break;
    }
    case Op::BinGet:
    case Op::LongBinGet:
    case Op::Get: get(token); break;
    case Op::BinPut:
    case Op::LongBinPut:
    case Op::Put: put(token, static_cast<uint64_t>(token.integer)); break;
    case Op::Memoize: put(token, memoStart_ + memoPuts_); break;
    case Op::Global: push(token, ItemKind::Global); break;
    case Op::StackGlobal: {
      const Item name = pop(token), module = pop(token);
      const Ref moduleRef(this, module), nameRef(this, name);
      if (!moduleRef || !nameRef || !moduleRef.isText() || !nameRef.isText()) {
        fail(ErrorCode::BadOperand, token, "expected a module's and a global's name as text");
      }
      Item item;
      item.kind = ItemKind::Global;
      item.begin = module.begin;
      item.end = end();
      item.owned = true;
      item.at = owned_.size();
      owned_.push_back(std::string(moduleRef.text()) + "\n" + std::string(nameRef.text()));
      stack_.push_back(item);
      break;
    }
    case Op::Reduce: call(token, NodeKind::Call, 2); break;
    case Op::NewObj: call(token, NodeKind::Instance, 2); break;
    case Op::NewObjEx: call(token, NodeKind::Instance, 3); break;
    case Op::Inst:
    case Op::Obj: fromMark(token, NodeKind::Instance); break;
    case Op::Build: {
      const size_t floor = marks_.empty() ? 0 : marks_.back();
      if (stack_.size() < floor + 2) fail(ErrorCode::StackUnderflow, token, "expected an object and its state");
      const size_t at = stack_.size() - 1;
      Item& target = stack_[at - 1];
      if (target.kind == ItemKind::Node) {
        Node& node = nodes_[target.node];
        if (node.kind == NodeKind::Instance || node.kind == NodeKind::Call) addChildren(node, at);
        else stack_.resize(at);
        node.end = end();
        stack_.back().end = node.end;
      } else {
        stack_.resize(at);
      }
      break;
    }
    case Op::BinPersId: {
      const Item id = top(token);
      const Item item = newNode(NodeKind::Persistent, id.begin);
      persistent_.push_back(item);
      addChildren(nodes_[item.node], stack_.size() - 1);
      stack_.push_back(item);
      break;
    }
    case Op::PersId: fail(ErrorCode::UnsupportedOpcode, token, "expected torch's persistent ids to be tuples"); break;
    default:
      if (!pushesAtom(token, kind)) fail(ErrorCode::BadOpcode, token, "expected an opcode that makes a value");
      push(token, kind);
  }
  return true;
}

Ref::Ref(const Outline* outline, const Item& item) : outline_(outline), item_(item) {
  while (item_.kind == ItemKind::Far) {
    outline_ = item_.far->outline.get();
    item_ = item_.far->item;
    if (!outline_) return;  // a container that is still open: it has no outline yet
  }
}

Ref Ref::asDict() const {
  if (is(NodeKind::Dict)) return *this;
  if (!is(NodeKind::Instance) && !is(NodeKind::Call)) return {};
  const std::vector<Ref> parts = children();
  return parts.size() == 3 && parts[2] && parts[2].is(NodeKind::Dict) ? parts[2] : Ref{};
}

std::vector<Ref> Ref::children() const {
  std::vector<Ref> out;
  out.reserve(node().count);
  outline_->children(node(), [&](const Item& item) { out.emplace_back(outline_, item); });
  return out;
}

}  // namespace nb201
