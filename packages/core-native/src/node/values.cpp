#include "node/values.h"

#include <algorithm>
#include <cstring>

#include "pickle/lexer.h"

namespace nb201::node {

namespace {

constexpr int64_t kMaxSafeInteger = (int64_t{1} << 53) - 1;

bool isAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<uint8_t>(c) < 0x80; });
}

Napi::Uint8Array bytesToJs(Napi::Env env, std::string_view bytes) {
  Napi::Uint8Array out = Napi::Uint8Array::New(env, bytes.size());
  if (!bytes.empty()) std::memcpy(out.Data(), bytes.data(), bytes.size());
  return out;
}

std::string dtypeText(const DtypeInfo& dtype) {
  if (dtype.structured || dtype.size == 0) return dtype.text;
  const bool ordered = dtype.size > 1 && std::string_view("iufcUMm").find(dtype.code) != std::string_view::npos;
  std::string out(1, !ordered ? '|' : dtype.bigEndian ? '>' : '<');
  out += dtype.code;
  if (dtype.code != 'O') out += std::to_string(dtype.code == 'U' ? dtype.size / 4 : dtype.size);
  return out;
}

}  // namespace

Napi::Value textToJs(Napi::Env env, std::string_view utf8) {
  napi_value out;
  if (isAscii(utf8)) {
    if (napi_create_string_latin1(env, utf8.data(), utf8.size(), &out) != napi_ok) {
      throw Napi::Error::New(env, "a text is too long for a JavaScript string");
    }
    return Napi::Value(env, out);
  }
  std::u16string wide;
  wide.reserve(utf8.size());
  for (size_t i = 0; i < utf8.size();) {
    const auto byte = [&](size_t k) { return static_cast<uint8_t>(utf8[i + k]); };
    const uint8_t lead = byte(0);
    const size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    uint32_t code = length == 1 ? lead : lead & (0xFFu >> (length + 1));
    for (size_t k = 1; k < length; ++k) code = code << 6 | (byte(k) & 0x3Fu);
    if (code >= 0x10000) {
      wide += static_cast<char16_t>(0xD800 + ((code - 0x10000) >> 10));
      wide += static_cast<char16_t>(0xDC00 + ((code - 0x10000) & 0x3FF));
    } else {
      wide += static_cast<char16_t>(code);
    }
    i += length;
  }
  if (napi_create_string_utf16(env, wide.data(), wide.size(), &out) != napi_ok) {
    throw Napi::Error::New(env, "a text is too long for a JavaScript string");
  }
  return Napi::Value(env, out);
}

Napi::Value ValueWriter::bigInt(std::string_view bytes) {
  const bool negative = bytes.back() & 0x80;
  std::vector<uint64_t> words((bytes.size() + 7) / 8, negative ? ~uint64_t{0} : 0);
  std::memcpy(words.data(), bytes.data(), bytes.size());
  if (negative) {
    uint64_t carry = 1;
    for (uint64_t& word : words) {
      word = ~word + carry;
      carry = carry && word == 0;
    }
  }
  return Napi::BigInt::New(env_, negative ? 1 : 0, words.size(), words.data());
}

template <class Make>
Napi::Value ValueWriter::once(const void* node, Make make) {
  const auto found = made_.find(node);
  if (found != made_.end()) return found->second;
  // Making it may have made it already: an array of objects may hold itself.
  return made_.emplace(node, make()).first->second;
}

Napi::Array ValueWriter::list(const std::vector<Value>& items) {
  Napi::Array out = Napi::Array::New(env_, items.size());
  for (size_t i = 0; i < items.size(); ++i) out.Set(static_cast<uint32_t>(i), write(items[i]));
  return out;
}

Napi::Array ValueWriter::sizes(const std::vector<uint64_t>& sizes) {
  Napi::Array out = Napi::Array::New(env_, sizes.size());
  for (size_t i = 0; i < sizes.size(); ++i) {
    out.Set(static_cast<uint32_t>(i), Napi::Number::New(env_, static_cast<double>(sizes[i])));
  }
  return out;
}

// Made empty, remembered, then filled: a container may hold itself.
Napi::Value ValueWriter::sequence(const Value& value) {
  const Sequence& node = *value.sequence;
  const auto found = made_.find(&node);
  if (found != made_.end()) return found->second;
  if (value.kind == Kind::List || value.kind == Kind::Tuple) {
    Napi::Array out = value.kind == Kind::List ? Napi::Array::New(env_) : factories_.tuple.Call({}).As<Napi::Array>();
    made_.emplace(&node, out);
    for (size_t i = 0; i < node.items.size(); ++i) out.Set(static_cast<uint32_t>(i), write(node.items[i]));
    return out;
  }
  Napi::Value out;
  if (value.kind == Kind::Dict) out = factories_.dict.Call({Napi::Boolean::New(env_, node.ordered)});
  else out = factories_.frozenSet.Call({Napi::Boolean::New(env_, value.kind == Kind::FrozenSet)});
  made_.emplace(&node, out);
  const Napi::Value attributes = node.attributes.kind == Kind::None ? env_.Undefined() : write(node.attributes);
  factories_.fill.Call({out, list(node.items), attributes});
  return out;
}

Napi::Value ValueWriter::object(const Object& object) {
  const auto found = made_.find(&object);
  if (found != made_.end()) return found->second;
  const Napi::Object out = factories_.object.Call({}).As<Napi::Object>();
  made_.emplace(&object, out);
  const auto set = [&](const char* name, Napi::Value value) { Napi::Object(out).Set(name, value); };
  set("callee", write(object.callee));
  set("args", write(object.arguments));
  if (object.keywords.kind != Kind::None) set("kwargs", write(object.keywords));
  if (object.hasState) set("state", write(object.state));
  if (!object.items.empty()) set("items", list(object.items));
  if (!object.pairs.empty()) {
    const Napi::Value pairs = factories_.dict.Call({Napi::Boolean::New(env_, false)});
    factories_.fill.Call({pairs, list(object.pairs), env_.Undefined()});
    set("pairs", pairs);
  }
  return out;
}

// Each tensor names its storage anew; what has one key is one storage.
Napi::Value ValueWriter::storage(const Storage& storage) {
  const auto found = storages_.find(storage.key);
  if (found != storages_.end()) return found->second;
  const Napi::Value made = factories_.storage.Call(
      {file_, textToJs(env_, storage.key), Napi::String::New(env_, typeName(storage.type)),
       textToJs(env_, storage.location), Napi::Number::New(env_, static_cast<double>(storage.stored))});
  return storages_.emplace(storage.key, made).first->second;
}

Napi::Value ValueWriter::write(const Value& value) {
  switch (value.kind) {
    case Kind::None: return env_.Null();
    case Kind::Bool: return Napi::Boolean::New(env_, value.boolean);
    case Kind::Int:
      if (value.integer > kMaxSafeInteger || value.integer < -kMaxSafeInteger) {
        return Napi::BigInt::New(env_, value.integer);
      }
      return Napi::Number::New(env_, static_cast<double>(value.integer));
    case Kind::BigInt: return once(value.text, [&] { return bigInt(value.str()); });
    case Kind::Float: return Napi::Number::New(env_, value.number);
    case Kind::Complex:
      return factories_.complex.Call(
          {Napi::Number::New(env_, value.complex->real), Napi::Number::New(env_, value.complex->imaginary)});
    case Kind::Str: return once(value.text, [&] { return textToJs(env_, value.str()); });
    case Kind::ByteStr:
      return once(value.text, [&]() -> Napi::Value {
        const auto* bytes = reinterpret_cast<const uint8_t*>(value.str().data());
        if (isUtf8(bytes, value.str().size())) return textToJs(env_, value.str());
        return bytesToJs(env_, value.str());
      });
    case Kind::Bytes:
    case Kind::ByteArray: return once(value.text, [&] { return bytesToJs(env_, value.str()); });
    case Kind::Tuple:
    case Kind::List:
    case Kind::Set:
    case Kind::FrozenSet:
    case Kind::Dict: return sequence(value);
    case Kind::Global:
      return once(value.global, [&] {
        return factories_.global.Call({textToJs(env_, value.global->module), textToJs(env_, value.global->name)});
      });
    case Kind::Object: return object(*value.object);
    case Kind::Dtype:
      return once(value.dtype, [&] { return factories_.dtype.Call({textToJs(env_, dtypeText(*value.dtype))}); });
    case Kind::NdArray:
      return once(value.ndarray, [&]() -> Napi::Value {
        const NdArray& array = *value.ndarray;
        const Napi::Value data = array.objects.kind == Kind::None ? bytesToJs(env_, array.data) : write(array.objects);
        return factories_.ndarray.Call({textToJs(env_, dtypeText(*array.dtype)), sizes(array.shape),
                                        Napi::Boolean::New(env_, array.fortran), data});
      });
    case Kind::Storage: return once(value.storage, [&] { return storage(*value.storage); });
    case Kind::Tensor:
      return once(value.tensor, [&] {
        const Tensor& t = *value.tensor;
        Value storage;
        storage.kind = Kind::Storage;
        storage.storage = t.storage;
        return factories_.tensor.Call({write(storage), Napi::String::New(env_, typeName(t.type)), sizes(t.shape),
                                       sizes(t.stride), Napi::Number::New(env_, static_cast<double>(t.offset)),
                                       Napi::Boolean::New(env_, t.requiresGrad),
                                       Napi::Boolean::New(env_, t.parameter)});
      });
  }
  return env_.Undefined();
}

Napi::Array textsOf(Napi::Env env, const std::vector<std::string>& from) {
  Napi::Array out = Napi::Array::New(env, from.size());
  for (size_t i = 0; i < from.size(); ++i) out.Set(static_cast<uint32_t>(i), textToJs(env, from[i]));
  return out;
}

std::vector<std::string> textsOf(const Napi::Value& list) {
  std::vector<std::string> out;
  if (!list.IsArray()) return out;
  const Napi::Array from = list.As<Napi::Array>();
  for (uint32_t i = 0; i < from.Length(); ++i) out.push_back(from.Get(i).As<Napi::String>());
  return out;
}

}  // namespace nb201::node
