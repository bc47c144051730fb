#include "node/torch_writer.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "node/addon.h"
#include "node/errors.h"
#include "pickle/known.h"

namespace nb201::node {

namespace {

constexpr int kMaxDepth = 1000;  // CPython's own unpickler stops near there, too
constexpr double kMaxSafeInteger = 9007199254740991;

// What takeApart says an object is: the first of its parts (lib/take-apart.ts).
enum class Part : int {
  Again,        // number of the object
  List,         // number, items
  Tuple,        // number, items
  Dict,         // number, [key, value, key, …]
  OrderedDict,  // number, [key, value, key, …], attributes or undefined
  Set,          // number, members
  FrozenSet,    // number, members
  Bytes,        // Uint8Array
  Complex,      // real, imaginary
  Float64,      // number
  Float32,      // number
  Curves,       // number, [set, Float64Array, Uint8Array or undefined, set, …]
  Tensor,       // number, storage's number, its type, its bytes, offset, shape, stride, requires grad, is parameter
  Storage,      // number, storage's number, its type, its bytes
  Array,        // number, dtype, shape, is Fortran, Uint8Array
  Dtype,        // dtype
  Instance,     // number, module, class, state
};

template <class Work>
Napi::Value writing(Napi::Env env, Work work) {
  try {
    work();
    return env.Undefined();
  } catch (const Unwritable& error) {
    Napi::Error out = Napi::Error::New(env, error.what());
    out.Set("unwritable", true);
    throw out;
  } catch (const std::bad_alloc&) {
    throw Napi::Error::New(env, "out of memory");
  } catch (const std::out_of_range&) {
    throw Napi::TypeError::New(env, "expected the writer's calls in their order");
  }
}

std::string_view viewOf(const Napi::Uint8Array& bytes) {
  return {reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength()};
}

std::vector<uint64_t> sizesOf(const Napi::Value& from) {
  const auto array = from.As<Napi::Array>();
  std::vector<uint64_t> out;
  for (uint32_t i = 0; i < array.Length(); ++i) {
    const double size = array.Get(i).ToNumber();
    if (!(size >= 0 && size <= kMaxSafeInteger && size == std::floor(size))) {
      throw Unwritable("a size, stride or offset that is no whole number of 0 or more");
    }
    out.push_back(static_cast<uint64_t>(size));
  }
  return out;
}

// JavaScript's text as UTF-8 in which surrogates may stand alone, as Python's pickles have it.
std::string utf8Of(const Napi::Value& from) {
  const std::u16string wide = from.As<Napi::String>().Utf16Value();
  std::string out;
  if (std::all_of(wide.begin(), wide.end(), [](char16_t c) { return c < 0x80; })) {
    out.assign(wide.begin(), wide.end());
    return out;
  }
  out.reserve(wide.size() * 3);
  const auto add = [&](uint32_t bits) { out += static_cast<char>(bits); };
  for (size_t i = 0; i < wide.size(); ++i) {
    uint32_t code = wide[i];
    if (code >= 0xD800 && code < 0xDC00 && i + 1 < wide.size() && wide[i + 1] >= 0xDC00 && wide[i + 1] < 0xE000) {
      code = 0x10000 + ((code - 0xD800) << 10) + (wide[++i] - 0xDC00u);
    }
    if (code < 0x80) {
      add(code);
    } else if (code < 0x800) {
      add(0xC0 | code >> 6), add(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
      add(0xE0 | code >> 12), add(0x80 | (code >> 6 & 0x3F)), add(0x80 | (code & 0x3F));
    } else {
      add(0xF0 | code >> 18), add(0x80 | (code >> 12 & 0x3F)), add(0x80 | (code >> 6 & 0x3F)),
          add(0x80 | (code & 0x3F));
    }
  }
  return out;
}

TensorType typeOf(const Napi::Value& name) {
  const std::optional<TensorType> type = torchType(name.As<Napi::String>().Utf8Value());
  if (!type) throw Unwritable("a tensor of the unknown type " + name.As<Napi::String>().Utf8Value());
  return *type;
}

// NumPy's '<f8' as its code and byte order. Numbers alone have a meaning that is the same everywhere.
std::string dtypeOf(const Napi::Value& name, bool& bigEndian) {
  std::string text = name.As<Napi::String>();
  if (text.size() < 2 || std::string_view("<>|=").find(text[0]) == std::string_view::npos) text.insert(0, 1, '<');
  bigEndian = text[0] == '>';
  const std::string code = text.substr(1);
  for (const char* known : {"b1", "i1", "u1", "i2", "u2", "f2", "i4", "u4", "f4", "i8", "u8", "f8", "c8", "c16"}) {
    if (code == known) return code;
  }
  throw Unwritable("a NumPy array of the type " + text);
}

}  // namespace

void TorchWriter::define(Napi::Env env, Napi::Object exports) {
  exports.Set(
      "TorchWriter",
      DefineClass(env, "TorchWriter",
                  {InstanceMethod("open", &TorchWriter::open), InstanceMethod("close", &TorchWriter::close),
                   InstanceMethod("write", &TorchWriter::write), InstanceMethod("endValue", &TorchWriter::endValue),
                   InstanceMethod("storage", &TorchWriter::storage), InstanceMethod("finish", &TorchWriter::finish),
                   InstanceMethod("ready", &TorchWriter::ready), InstanceMethod("take", &TorchWriter::take)}));
}

// new TorchWriter(container, 32-bit floats as NumPy's, takeApart)
TorchWriter::TorchWriter(const Napi::CallbackInfo& info) : Napi::ObjectWrap<TorchWriter>(info) {
  const std::string container = info[0].ToString();
  ContainerKind kind = ContainerKind::Pickle;
  if (container == "legacy") kind = ContainerKind::Legacy;
  else if (container == "zip") kind = ContainerKind::Zip;
  else if (container != "pickle")
    throw Napi::TypeError::New(info.Env(), "expected the container legacy, zip or pickle");
  if (!info[2].IsFunction()) throw Napi::TypeError::New(info.Env(), "expected a function that takes objects apart");
  PickleWriter::Options options;
  options.numpyFloat32 = info[1].ToBoolean();
  takeApart_ = Napi::Persistent(info[2].As<Napi::Function>());
  writer_ = std::make_unique<TorchFileWriter>(kind, options);
}

// open('dict' | 'ordered-dict' | 'list'): what is written until close() is in it.
Napi::Value TorchWriter::open(const Napi::CallbackInfo& info) {
  const std::string kind = info[0].ToString();
  return writing(info.Env(), [&] {
    writer_->pickle().open(kind == "list" ? Holding::List : kind == "dict" ? Holding::Dict : Holding::OrderedDict);
  });
}

Napi::Value TorchWriter::close(const Napi::CallbackInfo& info) {
  return writing(info.Env(), [&] { writer_->pickle().close(); });
}

// write(value): what it shares, it shares within itself.
Napi::Value TorchWriter::write(const Napi::CallbackInfo& info) {
  return writing(info.Env(), [&] {
    value(info[0], 0);
    writer_->pickle().forget();
    entries_.clear();
  });
}

Napi::Value TorchWriter::endValue(const Napi::CallbackInfo& info) {
  return writing(info.Env(), [&] { writer_->endValue(); });
}

// storage(bytes): those of the next one.
Napi::Value TorchWriter::storage(const Napi::CallbackInfo& info) {
  return writing(info.Env(), [&] {
    const auto bytes = info[0].As<Napi::Uint8Array>();
    writer_->storageBytes(bytes.Data(), bytes.ByteLength());
  });
}

Napi::Value TorchWriter::finish(const Napi::CallbackInfo& info) {
  return writing(info.Env(), [&] { writer_->finish(); });
}

// ready(): bytes that can be taken.
Napi::Value TorchWriter::ready(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(writer_->ready()));
}

Napi::Value TorchWriter::take(const Napi::CallbackInfo& info) {
  const std::vector<uint8_t> bytes = writer_->take();
  Napi::Uint8Array out = Napi::Uint8Array::New(info.Env(), bytes.size());
  if (!bytes.empty()) std::memcpy(out.Data(), bytes.data(), bytes.size());
  return out;
}

void TorchWriter::value(Napi::Value from, int depth) {
  if (depth > kMaxDepth) throw Unwritable("values nested more than " + std::to_string(kMaxDepth) + " levels deep");
  switch (from.Type()) {
    case napi_null: return writer_->pickle().none();
    case napi_boolean: return writer_->pickle().boolean(from.As<Napi::Boolean>());
    case napi_number: return number(from.As<Napi::Number>());
    case napi_bigint: return bigInt(from);
    case napi_string: return text(from);
    case napi_object: return object(from, depth);
    case napi_undefined: throw Unwritable("undefined; None is null");
    case napi_function: throw Unwritable("a function");
    default: throw Unwritable("a value that Python has no type for");
  }
}

// As readTorch gives Python's int and float: whole numbers are ints.
void TorchWriter::number(double value) {
  const bool whole = value == std::floor(value) && std::abs(value) <= kMaxSafeInteger;
  if (whole && !(value == 0 && std::signbit(value))) writer_->pickle().integer(static_cast<int64_t>(value));
  else writer_->pickle().number(value);
}

void TorchWriter::text(Napi::Value from) { writer_->pickle().text(utf8Of(from)); }

void TorchWriter::bigInt(Napi::Value from) {
  auto big = from.As<Napi::BigInt>();
  size_t count = big.WordCount();
  // One more word than it needs, so that the sign has a place.
  std::vector<uint64_t> words(count + 1, 0);
  int negative = 0;
  big.ToWords(&negative, &count, words.data());
  if (negative) {
    uint64_t carry = 1;
    for (uint64_t& word : words) {
      word = ~word + carry;
      carry = carry && word == 0;
    }
  }
  writer_->pickle().bigInteger({reinterpret_cast<const char*>(words.data()), words.size() * sizeof(uint64_t)});
}

void TorchWriter::items(Napi::Array from, int depth) {
  const uint32_t count = from.Length();
  for (uint32_t i = 0; i < count; ++i) {
    const Napi::HandleScope scope(Env());
    value(from.Get(i), depth + 1);
  }
}

void TorchWriter::object(Napi::Value from, int depth) {
  const Napi::Array parts = takeApart_.Call({from}).As<Napi::Array>();
  PickleWriter& pickle = writer_->pickle();
  const auto at = [&](uint32_t i) { return parts.Get(i); };
  const auto real = [&](uint32_t i) { return at(i).ToNumber().DoubleValue(); };
  const Part part = static_cast<Part>(at(0u).ToNumber().Int32Value());
  // Values that nothing else can be.
  switch (part) {
    case Part::Again: {
      const size_t number = at(1).ToNumber().Uint32Value();
      if (entries_.at(number) != PickleWriter::kNoEntry) return pickle.again(entries_[number]);
      if (!from.IsArray()) throw Unwritable("a set that contains itself");
      return tuple(from.As<Napi::Array>(), number, depth);
    }
    case Part::Bytes: return pickle.bytes(viewOf(at(1).As<Napi::Uint8Array>()));
    case Part::Complex: return pickle.complex(real(1), real(2));
    case Part::Float64: return pickle.number(real(1));
    case Part::Float32: return pickle.float32(static_cast<float>(real(1)));
    case Part::Dtype: {
      bool bigEndian = false;
      const std::string code = dtypeOf(at(1), bigEndian);
      return pickle.dtype(code, bigEndian);
    }
    default: break;
  }
  // Values that others may refer to: numbered in the order in which they are met.
  const size_t number = at(1).ToNumber().Uint32Value();
  if (number != entries_.size()) throw Unwritable("objects out of order");
  entries_.push_back(PickleWriter::kNoEntry);
  switch (part) {
    case Part::Tuple: return tuple(at(2).As<Napi::Array>(), number, depth);
    case Part::List:
    case Part::Dict:
    case Part::OrderedDict:
    case Part::Set:
    case Part::FrozenSet: {
      const auto contents = at(2).As<Napi::Array>();
      pickle.open(part == Part::List          ? Holding::List
                  : part == Part::Dict        ? Holding::Dict
                  : part == Part::OrderedDict ? Holding::OrderedDict
                  : part == Part::Set         ? Holding::Set
                                              : Holding::FrozenSet);
      entries_[number] = pickle.entry();
      items(contents, depth);
      if (part == Part::OrderedDict && !at(3).IsUndefined()) {
        pickle.attributes();
        value(at(3), depth + 1);
      }
      pickle.close();
      break;
    }
    case Part::Curves: curves(at(2).As<Napi::Array>()); break;
    case Part::Tensor:
      tensor(parts);
      pickle.remember();
      break;
    case Part::Storage:
      writer_->storage(storageOf(at(2), at(3), at(4)));
      pickle.remember();
      break;
    case Part::Array:
      array(parts);
      pickle.remember();
      break;
    case Part::Instance:
      pickle.make();
      pickle.global(at(2).ToString(), at(3).ToString());
      pickle.instance();
      pickle.remember();
      entries_[number] = pickle.entry();
      value(at(4), depth + 1);
      pickle.build();
      pickle.made();
      return;
    default: throw Unwritable("an object of no known kind");
  }
  entries_[number] = pickle.entry();
}

// Its entry is known once it is closed. Until then, where a list in it holds it, it is written once more: the inner
// one, of which the list is the same, is then the outer one as well.
void TorchWriter::tuple(Napi::Array contents, size_t number, int depth) {
  PickleWriter& pickle = writer_->pickle();
  pickle.open(Holding::Tuple, contents.Length());
  items(contents, depth);
  if (entries_[number] != PickleWriter::kNoEntry) return pickle.closeAgain(entries_[number]);
  pickle.close();
  entries_[number] = pickle.entry();
}

void TorchWriter::curves(Napi::Array sets) {
  std::vector<CurveToWrite> curves;
  for (uint32_t i = 0; i + 2 < sets.Length(); i += 3) {
    CurveToWrite curve;
    curve.set = utf8Of(sets.Get(i));
    const auto values = sets.Get(i + 1).As<Napi::Float64Array>();
    curve.values = values.Data();
    curve.epochs = values.ElementLength();
    const Napi::Value presence = sets.Get(i + 2);
    if (!presence.IsUndefined()) curve.presence = presence.As<Napi::Uint8Array>().Data();
    curves.push_back(std::move(curve));
  }
  writer_->pickle().curves(curves);
}

// The storage of this number, which is announced when it is met for the first time.
size_t TorchWriter::storageOf(const Napi::Value& number, const Napi::Value& type, const Napi::Value& bytes) {
  const size_t known = number.ToNumber().Uint32Value();
  if (known < writer_->storages()) return known;
  const TensorType elements = typeOf(type);
  const double size = bytes.ToNumber();
  return writer_->addStorage(elements, static_cast<uint64_t>(size) / elementSize(elements));
}

void TorchWriter::tensor(const Napi::Array& parts) {
  TorchFileWriter::View view;
  view.storage = storageOf(parts.Get(2u), parts.Get(3u), parts.Get(4u));
  view.type = typeOf(parts.Get(3u));
  view.shape = sizesOf(parts.Get(6u));
  view.stride = sizesOf(parts.Get(7u));
  Napi::Array offset = Napi::Array::New(Env(), 1);
  offset.Set(0u, parts.Get(5u));
  view.offset = sizesOf(offset).front();
  view.requiresGrad = parts.Get(8u).ToBoolean();
  view.parameter = parts.Get(9u).ToBoolean();
  writer_->tensor(view);
}

void TorchWriter::array(const Napi::Array& parts) {
  bool bigEndian = false;
  const std::string code = dtypeOf(parts.Get(2u), bigEndian);
  writer_->pickle().array(code, bigEndian, sizesOf(parts.Get(3u)), parts.Get(4u).ToBoolean(),
                          viewOf(parts.Get(5u).As<Napi::Uint8Array>()));
}

}  // namespace nb201::node
