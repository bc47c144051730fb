#include "describe.h"

#include <cstdio>
#include <cstring>
#include <unordered_map>
#include <unordered_set>

#include "pickle/decoder.h"
#include "pickle/lexer.h"

namespace nb201::test {

namespace {

// Deeper than any limit in the tests; graphs that were linked top-down can still be deeper.
constexpr int kDeepest = 3000;

std::string hexOf(std::string_view bytes) {
  static const char digits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += digits[static_cast<uint8_t>(c) >> 4];
    out += digits[static_cast<uint8_t>(c) & 15];
  }
  return out;
}

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c >= ' ' && c <= '~' && c != '\'' && c != '\\') out += c;
    else out += "\\x" + hexOf({&c, 1});
  }
  return out + "'";
}

std::string join(const std::vector<uint64_t>& numbers) {
  std::string out;
  for (const uint64_t number : numbers) out += (out.empty() ? "" : ", ") + std::to_string(number);
  return "(" + out + ")";
}

class Describer {
 public:
  std::string run(const Value& value) {
    write(value, 0);
    return std::move(out_);
  }

 private:
  // Whether `node` was written before; then only its number is written.
  bool again(const void* node) {
    const auto [found, added] = seen_.emplace(node, seen_.size());
    if (!added) out_ += "<again " + std::to_string(found->second) + ">";
    return !added;
  }

  void list(const char* open, const std::vector<Value>& items, const char* close, int depth) {
    out_ += open;
    for (size_t i = 0; i < items.size(); ++i) {
      if (i) out_ += ", ";
      write(items[i], depth + 1);
    }
    out_ += close;
  }

  void pairs(const std::vector<Value>& items, int depth) {
    out_ += '{';
    for (size_t i = 0; i + 1 < items.size(); i += 2) {
      if (i) out_ += ", ";
      write(items[i], depth + 1);
      out_ += ": ";
      write(items[i + 1], depth + 1);
    }
    out_ += '}';
  }

  void sequence(const Value& value, int depth) {
    const Sequence& node = *value.sequence;
    if (again(&node)) return;
    switch (value.kind) {
      case Kind::Tuple: return list("(", node.items, ")", depth);
      case Kind::List: return list("[", node.items, "]", depth);
      case Kind::Set: return list("set(", node.items, ")", depth);
      case Kind::FrozenSet: return list("frozenset(", node.items, ")", depth);
      default: break;
    }
    if (node.ordered) out_ += "OrderedDict";
    pairs(node.items, depth);
    if (node.attributes.kind != Kind::None) {
      out_ += '.';
      write(node.attributes, depth + 1);
    }
  }

  void object(const Object& object, int depth) {
    if (again(&object)) return;
    out_ += '<';
    write(object.callee, depth + 1);
    write(object.arguments, depth + 1);
    if (object.keywords.kind != Kind::None) out_ += " kwargs ", write(object.keywords, depth + 1);
    if (object.hasState) out_ += " state ", write(object.state, depth + 1);
    if (!object.items.empty()) list(" items [", object.items, "]", depth);
    if (!object.pairs.empty()) out_ += " pairs ", pairs(object.pairs, depth);
    out_ += '>';
  }

  void ndarray(const NdArray& array, int depth) {
    if (again(&array)) return;
    if (!array.filled) {
      out_ += "array(unfilled)";
      return;
    }
    out_ += "array(" + array.dtype->text + (array.dtype->bigEndian ? " big " : " ") + join(array.shape);
    if (array.fortran) out_ += " F";
    out_ += " " + hexOf(array.data);
    if (array.objects.kind != Kind::None) write(array.objects, depth + 1);
    out_ += ')';
  }

  void storage(const Storage& storage) {
    out_ += std::string("storage(") + typeName(storage.type) + " " + quoted(storage.key) + " " +
            quoted(storage.location) + " " + std::to_string(storage.count);
    if (storage.viewOffset) out_ += " from " + std::to_string(storage.viewOffset);
    out_ += ')';
  }

  void tensor(const Tensor& tensor) {
    if (again(&tensor)) return;
    out_ += std::string(tensor.parameter ? "parameter(" : "tensor(") + typeName(tensor.type) + " " +
            join(tensor.shape) + " strides " + join(tensor.stride) + " from " + std::to_string(tensor.offset) + " of ";
    storage(*tensor.storage);
    out_ += tensor.requiresGrad ? " grad)" : ")";
  }

  void write(const Value& value, int depth) {
    if (depth > kDeepest) {
      out_ += "<deeper>";
      return;
    }
    switch (value.kind) {
      case Kind::None: out_ += "None"; break;
      case Kind::Bool: out_ += value.boolean ? "True" : "False"; break;
      case Kind::Int: out_ += std::to_string(value.integer); break;
      case Kind::BigInt: out_ += "int:" + hexOf(value.str()); break;
      case Kind::Float: {
        uint64_t bits;
        std::memcpy(&bits, &value.number, 8);
        char text[64];
        std::snprintf(text, sizeof text, "%.17g", value.number);
        out_ += text;
        if (value.number != value.number) out_ += ":" + std::to_string(bits);
        break;
      }
      case Kind::Complex:
        out_ +=
            "complex(" + std::to_string(value.complex->real) + ", " + std::to_string(value.complex->imaginary) + ")";
        break;
      case Kind::Str: out_ += quoted(value.str()); break;
      case Kind::ByteStr: out_ += "s" + quoted(value.str()); break;
      case Kind::Bytes: out_ += "b" + quoted(value.str()); break;
      case Kind::ByteArray: out_ += "bytearray" + quoted(value.str()); break;
      case Kind::Tuple:
      case Kind::List:
      case Kind::Set:
      case Kind::FrozenSet:
      case Kind::Dict: sequence(value, depth); break;
      case Kind::Global: out_ += value.global->full(); break;
      case Kind::Object: object(*value.object, depth); break;
      case Kind::Dtype:
        out_ += "dtype(" + value.dtype->text + " " + value.dtype->code + std::to_string(value.dtype->size) +
                (value.dtype->bigEndian ? " big" : "") + (value.dtype->structured ? " structured" : "") + ")";
        break;
      case Kind::NdArray: ndarray(*value.ndarray, depth); break;
      case Kind::Storage: storage(*value.storage); break;
      case Kind::Tensor: tensor(*value.tensor); break;
    }
  }

  std::string out_;
  std::unordered_map<const void*, size_t> seen_;
};

bool utf8(std::string_view text) { return isUtf8(reinterpret_cast<const uint8_t*>(text.data()), text.size()); }

// Elements times bytes; false where that overflows.
bool bytesOf(const std::vector<uint64_t>& shape, uint64_t each, uint64_t& bytes) {
  bytes = each;
  for (const uint64_t size : shape) {
    if (__builtin_mul_overflow(bytes, size, &bytes)) return false;
  }
  return true;
}

const char* brokenStorage(const Storage& storage) {
  if (!utf8(storage.key) || !utf8(storage.location)) return "a storage's key or location is no UTF-8";
  if (storage.count > uint64_t{1} << 48) return "a storage has more elements than allowed";
  return nullptr;
}

const char* brokenTensor(const Tensor& tensor) {
  if (!tensor.storage) return "a tensor has no storage";
  if (const char* broken = brokenStorage(*tensor.storage)) return broken;
  if (tensor.type == TensorType::Untyped) return "a tensor has no type";
  if (tensor.shape.size() != tensor.stride.size()) return "a tensor has other strides than sizes";
  for (const uint64_t size : tensor.shape) {
    if (size == 0) return nullptr;
  }
  // In 128 bits, so that no lie about sizes wraps here.
  using Wide = unsigned __int128;
  Wide last = tensor.offset;
  for (size_t i = 0; i < tensor.shape.size(); ++i) last += Wide{tensor.shape[i] - 1} * tensor.stride[i];
  const Wide end = (last + 1) * elementSize(tensor.type);
  const Wide stored = (Wide{tensor.storage->viewOffset} + tensor.storage->count) * elementSize(tensor.storage->type);
  return end > stored ? "a tensor reaches beyond its storage" : nullptr;
}

const char* brokenArray(const NdArray& array) {
  if (!array.filled) return nullptr;
  if (!array.dtype) return "a filled array has no dtype";
  if (array.dtype->code == 'O') return nullptr;
  uint64_t bytes;
  if (!bytesOf(array.shape, array.dtype->size, bytes)) return "an array's size overflows";
  return bytes != array.data.size() ? "an array's bytes do not fit its shape and dtype" : nullptr;
}

}  // namespace

std::string describe(const Value& value) { return Describer().run(value); }

std::string brokenPromise(const Value& start) {
  std::unordered_set<const void*> seen;
  std::vector<Value> todo{start};
  const auto all = [&](const std::vector<Value>& items) { todo.insert(todo.end(), items.begin(), items.end()); };
  while (!todo.empty()) {
    const Value value = todo.back();
    todo.pop_back();
    const char* broken = nullptr;
    switch (value.kind) {
      case Kind::Str:
        if (!seen.insert(value.text).second) break;  // the memo may name a long text often
        if (!utf8(value.str())) broken = "a str is no UTF-8";
        break;
      case Kind::BigInt:
        if (value.str().size() <= 8) broken = "a big integer is small";
        break;
      case Kind::Global:
        if (!utf8(value.global->module) || !utf8(value.global->name)) broken = "a global's name is no UTF-8";
        break;
      case Kind::Tuple:
      case Kind::List:
      case Kind::Set:
      case Kind::FrozenSet:
      case Kind::Dict:
        if (!seen.insert(value.sequence).second) break;
        if (value.kind == Kind::Dict && value.sequence->items.size() % 2) broken = "a dict has half a pair";
        for (size_t i = 0; i < value.sequence->items.size(); ++i) {
          const bool key =
              value.kind == Kind::Set || value.kind == Kind::FrozenSet || (value.kind == Kind::Dict && i % 2 == 0);
          if (key && !isHashable(value.sequence->items[i])) broken = "a key is not hashable";
        }
        all(value.sequence->items);
        todo.push_back(value.sequence->attributes);
        break;
      case Kind::Object:
        if (!seen.insert(value.object).second) break;
        for (const Value& part :
             {value.object->callee, value.object->arguments, value.object->keywords, value.object->state}) {
          todo.push_back(part);
        }
        all(value.object->items);
        all(value.object->pairs);
        break;
      case Kind::NdArray:
        if (!seen.insert(value.ndarray).second) break;
        broken = brokenArray(*value.ndarray);
        todo.push_back(value.ndarray->objects);
        break;
      case Kind::Storage: broken = brokenStorage(*value.storage); break;
      case Kind::Tensor: broken = brokenTensor(*value.tensor); break;
      default: break;
    }
    if (broken) return broken;
  }
  return {};
}

}  // namespace nb201::test
