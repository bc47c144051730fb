#include "pickle/decoder.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "pickle/known.h"

namespace nb201 {

const char* kindName(Kind kind) {
  switch (kind) {
    case Kind::None: return "None";
    case Kind::Bool: return "bool";
    case Kind::Int:
    case Kind::BigInt: return "int";
    case Kind::Float: return "float";
    case Kind::Complex: return "complex";
    case Kind::Str:
    case Kind::ByteStr: return "str";
    case Kind::Bytes: return "bytes";
    case Kind::ByteArray: return "bytearray";
    case Kind::Tuple: return "tuple";
    case Kind::List: return "list";
    case Kind::Set: return "set";
    case Kind::FrozenSet: return "frozenset";
    case Kind::Dict: return "dict";
    case Kind::Global: return "global";
    case Kind::Object: return "object";
    case Kind::Dtype: return "dtype";
    case Kind::NdArray: return "ndarray";
    case Kind::Storage: return "storage";
    case Kind::Tensor: return "tensor";
  }
  return "?";
}

Holder* holderOf(const Value& value) {
  switch (value.kind) {
    case Kind::Tuple:
    case Kind::List:
    case Kind::Set:
    case Kind::FrozenSet:
    case Kind::Dict: return value.sequence;
    case Kind::Object: return value.object;
    case Kind::NdArray: return value.ndarray;
    default: return nullptr;
  }
}

namespace {

// Twice as many are too many for JavaScript, and all of them for whoever wants to see the digits.
constexpr size_t kMaxIntegerBytes = size_t{1} << 26;

// The values in a holder, in the order in which whoever walks them (node/values.cpp) comes to them.
bool childOf(const Value& value, size_t index, Value& child) {
  switch (value.kind) {
    case Kind::Object: {
      const Object& object = *value.object;
      const Value* const parts[] = {&object.callee, &object.arguments, &object.keywords, &object.state};
      if (index < 4) return child = *parts[index], true;
      index -= 4;
      if (index < object.items.size()) return child = object.items[index], true;
      index -= object.items.size();
      if (index < object.pairs.size()) return child = object.pairs[index], true;
      return false;
    }
    case Kind::NdArray: return index == 0 ? child = value.ndarray->objects, true : false;
    default:
      if (index == 0) return child = value.sequence->attributes, true;
      if (index <= value.sequence->items.size()) return child = value.sequence->items[index - 1], true;
      return false;
  }
}

}  // namespace

bool isHashable(const Value& value) {
  switch (value.kind) {
    case Kind::List:
    case Kind::Set:
    case Kind::Dict:
    case Kind::ByteArray:
    case Kind::NdArray: return false;
    case Kind::Tuple:
    case Kind::FrozenSet: return value.sequence->hashable;
    default: return true;
  }
}

Decoder::Decoder(Graph& graph, const ByteSource& bytes, const DecodeLimits& limits)
    : graph_(graph), bytes_(bytes), limits_(limits) {}

void Decoder::fail(ErrorCode code, const std::string& detail) const { bytes_.fail(code, at_, detail); }

Value Decoder::pickle(uint64_t begin) {
  if (!memoStart_) memoStart_ = 0;
  Cursor cursor(bytes_, begin, bytes_.size());
  run(cursor, UINT64_MAX);
  end_ = cursor.offset();
  checkDepth(top());
  return pop();
}

Value Decoder::stretch(uint64_t begin, uint64_t end) {
  Cursor cursor(bytes_, begin, end);
  run(cursor, end);
  if (stack_.size() != 1 || !marks_.empty()) {
    fail(ErrorCode::BadStop, "expected one value in this stretch, found " + std::to_string(stack_.size()));
  }
  end_ = end;
  checkDepth(top());
  return pop();
}

void Decoder::run(Cursor& cursor, uint64_t end) {
  Lexer lexer(cursor, end == UINT64_MAX ? Lexer::Of::Whole : Lexer::Of::Part, UINT64_MAX);  // they are in memory
  Token token;
  begin_ = cursor.offset();
  while (cursor.offset() < end) {
    lexer.next(token);
    at_ = token.at;
    if (step(token) == Progress::Stopped) {
      if (end != UINT64_MAX) fail(ErrorCode::BadStop, "expected more opcodes, found STOP");
      break;
    }
  }
}

Value Decoder::pop() {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) {
    fail(ErrorCode::StackUnderflow, "expected a value on the stack, found none");
  }
  const Value value = stack_.back();
  stack_.pop_back();
  return value;
}

Value& Decoder::top() {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) {
    fail(ErrorCode::StackUnderflow, "expected a value on the stack, found none");
  }
  return stack_.back();
}

size_t Decoder::popMark() {
  if (marks_.empty()) fail(ErrorCode::MissingMark, "expected a MARK before this opcode, found none");
  const size_t mark = marks_.back();
  marks_.pop_back();
  return mark;
}

void Decoder::put(uint64_t index) { memo_.put(index, top()); }

void Decoder::get(uint64_t index) {
  if (const Value* found = memo_.find(index)) return push(*found);
  if (far_) return push(far_(index, at_));
  fail(ErrorCode::BadMemo, "expected a memo entry that was put, found index " + std::to_string(index));
}

Value Decoder::textValue(Kind kind, const Token& token) {
  Value value;
  value.kind = kind;
  const std::string_view bytes(reinterpret_cast<const char*>(token.bytes), token.size);
  // A source in memory outlives the graph's texts; what a window or a scratch buffer holds does not.
  value.text = token.inPlace && bytes_.data() ? graph_.text(bytes) : graph_.ownText(std::string(bytes));
  return value;
}

Value Decoder::integerValue(const Token& token) {
  Value value;
  value.kind = Kind::Int;
  if (token.carries == Carries::Int) {
    value.integer = token.integer;
    return value;
  }
  if (token.size > kMaxIntegerBytes) {
    fail(ErrorCode::Limit, "expected an integer of at most " + std::to_string(kMaxIntegerBytes) +
                               " bytes, found one of " + std::to_string(token.size));
  }
  const uint8_t sign = token.bytes[token.size - 1] & 0x80 ? 0xFF : 0;
  size_t size = token.size;
  while (size > 8 && token.bytes[size - 1] == sign) --size;
  if (size == 8 && (token.bytes[7] & 0x80) == (sign & 0x80)) {
    std::memcpy(&value.integer, token.bytes, 8);  // the format and every target are little-endian
    return value;
  }
  return textValue(Kind::BigInt, token);
}

void Decoder::failStack() const {
  fail(ErrorCode::Limit, "expected at most " + std::to_string(limits_.stack) + " values on the stack");
}

// Notes that `holder` now has `item`. Where values are held before they are filled, as in cycles, depths are not known
// without a walk.
void Decoder::deepen(Holder& holder, const Value& item) {
  Holder* inner = holderOf(item);
  if (!inner) return;
  inner->held = true;
  const uint32_t depth = std::min(inner->depth + 1, kUnknownDepth);
  if (depth <= holder.depth) return;
  depthInDoubt_ = depthInDoubt_ || holder.held;
  holder.depth = depth;
}

// Whoever walks the values afterwards may do so by recursion.
void Decoder::checkDepth(const Value& root) {
  const Holder* top = holderOf(root);
  if (!top || (!depthInDoubt_ && top->depth <= limits_.depth)) return;
  struct Step {
    Value value;
    size_t next;
  };
  std::vector<Step> path{{root, 0}};
  std::unordered_set<Holder*> seen{holderOf(root)};
  for (Value child; !path.empty();) {
    if (path.size() > limits_.depth) {
      fail(ErrorCode::TooDeep, "expected at most " + std::to_string(limits_.depth) + " levels of nesting");
    }
    if (!childOf(path.back().value, path.back().next++, child)) {
      path.pop_back();
    } else if (Holder* holder = holderOf(child); holder && seen.insert(holder).second) {
      path.push_back({child, 0});
    }
  }
  // From another of these values the way may be longer.
  for (Holder* holder : seen) holder->depth = kUnknownDepth;
}

// Calls, keys and names are copied, and the memo makes it cheap to name the same long text often. What is copied stays
// within a constant times the bytes read.
void Decoder::chargeCopies(uint64_t bytes) {
  copied_ += bytes;
  if (copied_ > 8 * (at_ - begin_) + (uint64_t{1} << 20)) {
    fail(ErrorCode::Limit,
         "expected fewer copies of what was read, found " + std::to_string(copied_) + " bytes of them");
  }
}

// A key of a dict, or a member of a set. JavaScript hashes integers by their lowest 64 bits alone, so that a table of
// long ones can be made to be searched from end to end for each; nobody has thousands of them.
void Decoder::checkKey(Holder& holder, const Value& key) {
  constexpr uint16_t kMaxWideKeys = 1000;
  if (!isHashable(key)) {
    fail(ErrorCode::UnhashableKey, std::string("expected a hashable key, found a ") + kindName(key.kind));
  }
  if (key.kind == Kind::BigInt && ++holder.wideKeys > kMaxWideKeys) {
    fail(ErrorCode::Limit,
         "expected at most " + std::to_string(kMaxWideKeys) + " keys of more than 64 bits in one table");
  }
}

void Decoder::checkKeys(Sequence& sequence, size_t step) {
  for (size_t i = 0; i < sequence.items.size(); i += step) checkKey(sequence, sequence.items[i]);
}

Value Decoder::tuple(size_t count) {
  const size_t floor = marks_.empty() ? 0 : marks_.back();
  if (stack_.size() - floor < count) {
    fail(ErrorCode::StackUnderflow, "expected " + std::to_string(count) + " values on the stack");
  }
  Value value;
  value.kind = Kind::Tuple;
  value.sequence = graph_.sequence();
  value.sequence->hashable = true;
  value.sequence->items.assign(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
  stack_.resize(stack_.size() - count);
  for (const Value& item : value.sequence->items) {
    deepen(*value.sequence, item);
    value.sequence->hashable = value.sequence->hashable && isHashable(item);
  }
  return value;
}

Value Decoder::sequenceFromMark(Kind kind) {
  const size_t mark = popMark();
  Value value;
  value.kind = kind;
  value.sequence = graph_.sequence();
  value.sequence->hashable = kind == Kind::FrozenSet;
  const size_t count = stack_.size() - mark;
  if (kind == Kind::Dict && count % 2) fail(ErrorCode::BadOperand, "expected keys and values in pairs");
  for (size_t i = mark; i < stack_.size(); ++i) {
    const bool key = kind == Kind::FrozenSet || (kind == Kind::Dict && (i - mark) % 2 == 0);
    if (key) checkKey(*value.sequence, stack_[i]);
    deepen(*value.sequence, stack_[i]);
  }
  value.sequence->items.assign(stack_.begin() + static_cast<std::ptrdiff_t>(mark), stack_.end());
  stack_.resize(mark);
  return value;
}

void Decoder::add(Value target, Value item) {
  if (target.kind == Kind::Object) {
    target.object->items.push_back(item);
    return deepen(*target.object, item);
  }
  if (target.kind == Kind::Set) checkKey(*target.sequence, item);
  target.sequence->items.push_back(item);
  deepen(*target.sequence, item);
}

void Decoder::set(Value target, Value key, Value value) {
  if (target.kind != Kind::Dict && target.kind != Kind::Object) {
    fail(ErrorCode::BadOperand, std::string("expected a dict to set items in, found a ") + kindName(target.kind));
  }
  checkKey(*holderOf(target), key);
  std::vector<Value>& pairs = target.kind == Kind::Dict ? target.sequence->items : target.object->pairs;
  pairs.push_back(key);
  pairs.push_back(value);
  deepen(*holderOf(target), key);
  deepen(*holderOf(target), value);
}

void Decoder::setItems(size_t mark) {
  const size_t count = stack_.size() - mark;
  if (count % 2) fail(ErrorCode::BadOperand, "expected keys and values in pairs");
  const std::vector<Value> items(stack_.begin() + static_cast<std::ptrdiff_t>(mark), stack_.end());
  stack_.resize(mark);
  const Value target = top();
  for (size_t i = 0; i < items.size(); i += 2) set(target, items[i], items[i + 1]);
}

// APPENDS and ADDITEMS.
void Decoder::extend(size_t mark, const char* expected) {
  const std::vector<Value> items(stack_.begin() + static_cast<std::ptrdiff_t>(mark), stack_.end());
  stack_.resize(mark);
  const Value target = top();
  const Kind wanted = expected[0] == 's' ? Kind::Set : Kind::List;
  if (target.kind != wanted && target.kind != Kind::Object) {
    fail(ErrorCode::BadOperand, std::string("expected a ") + expected + ", found a " + kindName(target.kind));
  }
  for (const Value& item : items) add(target, item);
}

void Decoder::pushGlobal(std::string_view module, std::string_view name) {
  chargeCopies(module.size() + name.size());
  Value value;
  value.kind = Kind::Global;
  value.global = graph_.global(std::string(module), std::string(name));
  push(value);
}

Value Decoder::newObject(Value callee, Value arguments, Value keywords) {
  Value value;
  value.kind = Kind::Object;
  value.object = graph_.object();
  value.object->callee = callee;
  value.object->arguments = arguments;
  value.object->keywords = keywords;
  for (const Value& part : {callee, arguments, keywords}) deepen(*value.object, part);
  return value;
}

// What a call may copy of its arguments: texts, and the items of lists.
static uint64_t copiedSize(const Value& arguments) {
  uint64_t size = 0;
  for (const Value& item : arguments.sequence->items) {
    switch (item.kind) {
      case Kind::Str:
      case Kind::ByteStr:
      case Kind::Bytes:
      case Kind::ByteArray: size += item.str().size(); break;
      case Kind::List:
      case Kind::Tuple: size += item.sequence->items.size() * sizeof(Value); break;
      default: break;
    }
  }
  return size;
}

void Decoder::reduce() {
  const Value arguments = pop();
  const Value callee = pop();
  if (arguments.kind != Kind::Tuple) {
    fail(ErrorCode::BadOperand, std::string("expected a tuple of arguments, found a ") + kindName(arguments.kind));
  }
  if (callee.kind != Kind::Global && callee.kind != Kind::Object) {
    fail(ErrorCode::BadOperand, std::string("expected something to call, found a ") + kindName(callee.kind));
  }
  chargeCopies(copiedSize(arguments));
  Value result;
  if (loadStorage(callee, arguments, result)) return push(result);
  if (callee.kind == Kind::Global &&
      callKnown(CallSite{graph_, bytes_.name(), at_}, *callee.global, arguments, result)) {
    if (result.kind == Kind::Set || result.kind == Kind::FrozenSet) checkKeys(*result.sequence, 1);
    if (result.kind == Kind::Dict) checkKeys(*result.sequence, 2);
    return push(result);
  }
  push(newObject(callee, arguments, Value{}));
}

// What plain pickles have where torch.save has persistent ids: torch.storage._load_from_bytes(a file of one storage).
bool Decoder::loadStorage(const Value& callee, const Value& arguments, Value& result) {
  if (!storage_ || callee.kind != Kind::Global || callee.global->module != "torch.storage" ||
      callee.global->name != "_load_from_bytes") {
    return false;
  }
  const std::vector<Value>& given = arguments.sequence->items;
  if (given.size() != 1 || given[0].kind != Kind::Bytes) {
    fail(ErrorCode::BadCall, "expected the bytes of a torch file for _load_from_bytes");
  }
  const std::string_view bytes = given[0].str();
  const auto* first = reinterpret_cast<const uint8_t*>(bytes.data());
  const std::less_equal<> before;
  const uint8_t* source = bytes_.data();
  const uint64_t held = bytes_.size() - bytes_.dataBegin();
  if (!source || !before(source, first) || !before(first + bytes.size(), source + held)) {
    fail(ErrorCode::UnsupportedTensor,
         "expected the bytes of a tensor as they are, found them as text: pickled by protocol 3 or later they can be "
         "read");
  }
  const uint64_t begin = bytes_.dataBegin() + static_cast<uint64_t>(first - source);
  result = storage_(begin, begin + bytes.size(), at_);
  return true;
}

void Decoder::build() {
  const Value state = pop();
  Value& target = top();
  if (target.kind == Kind::Object) {
    target.object->state = state;
    target.object->hasState = true;
    return deepen(*target.object, state);
  }
  if (target.kind == Kind::Dict && state.kind == Kind::Dict) {
    chargeCopies(state.sequence->items.size() * sizeof(Value));
  }
  if (!buildKnown(CallSite{graph_, bytes_.name(), at_}, target, state)) {
    fail(ErrorCode::BadOperand, std::string("expected an object to give a state to, found a ") + kindName(target.kind));
  }
  if (target.kind == Kind::NdArray) chargeCopies(target.ndarray->data.size());  // made for each array in JavaScript
  if (Holder* holder = holderOf(target)) deepen(*holder, state);
}

Decoder::Progress Decoder::step(Token& token) {
  Value value;
  switch (token.op) {
    case Op::Proto:
    case Op::Frame: break;
    case Op::Stop:
      if (!marks_.empty() || stack_.size() != 1) {
        fail(ErrorCode::BadStop, "expected one value at STOP, found " + std::to_string(stack_.size()) +
                                     (marks_.empty() ? "" : " and an open MARK"));
      }
      return Progress::Stopped;
    case Op::Mark:
      marks_.push_back(stack_.size());
      if (marks_.size() > limits_.depth) {
        fail(ErrorCode::TooDeep, "expected at most " + std::to_string(limits_.depth) + " open marks");
      }
      break;
    case Op::Pop:
      if (!marks_.empty() && marks_.back() == stack_.size()) marks_.pop_back();
      else pop();
      break;
    case Op::PopMark: stack_.resize(popMark()); break;
    case Op::Dup: push(top()); break;
    case Op::None: push(value); break;
    // clang-format off
    case Op::NewTrue: case Op::NewFalse: case Op::Int: case Op::BinInt: case Op::BinInt1: case Op::BinInt2:
    case Op::Long: case Op::Long1: case Op::Long4:
      // clang-format on
      if (token.carries == Carries::Bool) {
        value.kind = Kind::Bool;
        value.boolean = token.integer != 0;
        push(value);
      } else {
        push(integerValue(token));
      }
      break;
    case Op::Float:
    case Op::BinFloat:
      value.kind = Kind::Float;
      value.number = token.number;
      push(value);
      break;
    case Op::Unicode:
    case Op::BinUnicode:
    case Op::ShortBinUnicode:
    case Op::BinUnicode8: push(textValue(Kind::Str, token)); break;
    case Op::String:
    case Op::BinString:
    case Op::ShortBinString: push(textValue(Kind::ByteStr, token)); break;
    case Op::BinBytes:
    case Op::ShortBinBytes:
    case Op::BinBytes8: push(textValue(Kind::Bytes, token)); break;
    case Op::ByteArray8: push(textValue(Kind::ByteArray, token)); break;
    case Op::EmptyTuple: push(tuple(0)); break;
    case Op::Tuple1: push(tuple(1)); break;
    case Op::Tuple2: push(tuple(2)); break;
    case Op::Tuple3: push(tuple(3)); break;
    case Op::Tuple: {
      const size_t mark = popMark();
      push(tuple(stack_.size() - mark));
      break;
    }
    case Op::EmptyList:
    case Op::EmptyDict:
    case Op::EmptySet:
      value.kind = token.op == Op::EmptyList ? Kind::List : token.op == Op::EmptyDict ? Kind::Dict : Kind::Set;
      value.sequence = graph_.sequence();
      push(value);
      break;
    case Op::List: push(sequenceFromMark(Kind::List)); break;
    case Op::Dict: push(sequenceFromMark(Kind::Dict)); break;
    case Op::FrozenSet: push(sequenceFromMark(Kind::FrozenSet)); break;
    case Op::Append: {
      value = pop();
      const Value target = top();
      if (target.kind != Kind::List && target.kind != Kind::Object) {
        fail(ErrorCode::BadOperand, std::string("expected a list to append to, found a ") + kindName(target.kind));
      }
      add(target, value);
      break;
    }
    case Op::Appends: extend(popMark(), "list"); break;
    case Op::AddItems: extend(popMark(), "set"); break;
    case Op::SetItem: {
      value = pop();
      const Value key = pop();
      set(top(), key, value);
      break;
    }
    case Op::SetItems: setItems(popMark()); break;
    case Op::BinGet:
    case Op::LongBinGet:
    case Op::Get: get(static_cast<uint64_t>(token.integer)); break;
    case Op::BinPut:
    case Op::LongBinPut:
    case Op::Put: put(static_cast<uint64_t>(token.integer)); break;
    case Op::Memoize:
      if (memoStart_) put(*memoStart_ + memo_.size());
      break;
    case Op::Global: {
      const std::string_view both(reinterpret_cast<const char*>(token.bytes), token.size);
      const size_t cut = both.find('\n');
      pushGlobal(both.substr(0, cut), both.substr(cut + 1));
      break;
    }
    case Op::StackGlobal: {
      const Value name = pop(), module = pop();
      if (name.kind != Kind::Str || module.kind != Kind::Str) {
        fail(ErrorCode::BadOperand, "expected a module's and a global's name as text");
      }
      pushGlobal(module.str(), name.str());
      break;
    }
    case Op::Reduce: reduce(); break;
    case Op::Build: build(); break;
    case Op::NewObj: {
      const Value arguments = pop(), callee = pop();
      if (callee.kind != Kind::Global || arguments.kind != Kind::Tuple) {
        fail(ErrorCode::BadOperand, "expected a class and a tuple of arguments");
      }
      push(newObject(callee, arguments, value));
      break;
    }
    case Op::NewObjEx: {
      const Value keywords = pop(), arguments = pop(), callee = pop();
      if (callee.kind != Kind::Global || arguments.kind != Kind::Tuple || keywords.kind != Kind::Dict) {
        fail(ErrorCode::BadOperand, "expected a class, a tuple and a dict of arguments");
      }
      push(newObject(callee, arguments, keywords));
      break;
    }
    case Op::Inst:
    case Op::Obj: {
      const size_t mark = popMark();
      size_t first = mark;
      if (token.op == Op::Inst) {
        const std::string_view both(reinterpret_cast<const char*>(token.bytes), token.size);
        const size_t cut = both.find('\n');
        value.kind = Kind::Global;
        value.global = graph_.global(std::string(both.substr(0, cut)), std::string(both.substr(cut + 1)));
      } else {
        if (stack_.size() == mark || stack_[mark].kind != Kind::Global) {
          fail(ErrorCode::BadOperand, "expected a class after the MARK");
        }
        value = stack_[mark];
        ++first;
      }
      const Value arguments = tuple(stack_.size() - first);
      stack_.resize(mark);
      push(newObject(value, arguments, Value{}));
      break;
    }
    case Op::BinPersId:
    case Op::PersId: {
      if (token.op == Op::PersId) value = textValue(Kind::Str, token);
      else value = pop();
      if (!persistent_) fail(ErrorCode::UnsupportedOpcode, "a persistent id has a meaning in torch's containers only");
      if (value.kind == Kind::Tuple) chargeCopies(copiedSize(value));
      push(persistent_(value, at_));
      break;
    }
    case Op::Ext1:
    case Op::Ext2:
    case Op::Ext4:
    case Op::NextBuffer:
    case Op::ReadonlyBuffer: break;  // the lexer refuses
  }
  return Progress::Goes;
}

}  // namespace nb201
