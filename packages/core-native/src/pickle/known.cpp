#include "pickle/known.h"

#include <algorithm>
#include <cstring>

#include "pickle/decoder.h"

namespace nb201 {

namespace {

using Items = std::vector<Value>;

// Larger tensors than any machine holds are lies about their shape.
constexpr uint64_t kMaxElements = uint64_t{1} << 48;
// Strides of 0 repeat elements (torch's expand). A small file must not stand for terabytes.
constexpr uint64_t kMaxRepeated = uint64_t{1} << 28;

bool isInt(const Value& value) { return value.kind == Kind::Int; }
bool isBool(const Value& value) { return value.kind == Kind::Bool; }
bool isBytes(const Value& value) { return value.kind == Kind::Bytes || value.kind == Kind::ByteStr; }

Value makeBytes(Graph& graph, Kind kind, std::string bytes) {
  Value value;
  value.kind = kind;
  value.text = graph.ownText(std::move(bytes));
  return value;
}

Value makeFloat(double number) {
  Value value;
  value.kind = Kind::Float;
  value.number = number;
  return value;
}

Value makeInt(int64_t integer) {
  Value value;
  value.kind = Kind::Int;
  value.integer = integer;
  return value;
}

// Text whose code points are below 256, as the bytes it stands for.
std::string latin1(const CallSite& site, std::string_view utf8) {
  std::string out;
  out.reserve(utf8.size());
  for (size_t i = 0; i < utf8.size(); ++i) {
    const uint8_t byte = static_cast<uint8_t>(utf8[i]);
    if (byte < 0x80) {
      out += static_cast<char>(byte);
    } else if ((byte & 0xFC) == 0xC0 && i + 1 < utf8.size()) {
      out += static_cast<char>((byte & 3) << 6 | (utf8[++i] & 0x3F));
    } else {
      site.bad("expected text that Latin-1 can encode");
    }
  }
  return out;
}

Value encode(const CallSite& site, const Items& a) {
  if (a.size() != 2 || !a[0].isText() || !a[1].isText()) site.bad("expected _codecs.encode(text, encoding)");
  const std::string_view encoding = a[1].str();
  if (encoding != "latin1" && encoding != "latin-1") {
    site.bad("expected the encoding latin1, found " + std::string(encoding.substr(0, 40)));
  }
  return makeBytes(site.graph, Kind::Bytes, latin1(site, a[0].str()));
}

Value bytesCall(const CallSite& site, Kind kind, const Items& a) {
  if (a.empty()) return makeBytes(site.graph, kind, {});
  if (a.size() == 1 && (isBytes(a[0]) || a[0].kind == Kind::ByteArray)) {
    return makeBytes(site.graph, kind, std::string(a[0].str()));
  }
  if (a.size() == 2 && a[0].isText() && a[1].isText() && (a[1].str() == "latin-1" || a[1].str() == "latin1")) {
    return makeBytes(site.graph, kind, latin1(site, a[0].str()));
  }
  if (a.size() == 1 && a[0].kind == Kind::List) {  // Python 2: a list of integers
    std::string out;
    for (const Value& item : a[0].sequence->items) {
      if (!isInt(item) || item.integer < 0 || item.integer > 255) site.bad("expected integers from 0 to 255");
      out += static_cast<char>(item.integer);
    }
    return makeBytes(site.graph, kind, std::move(out));
  }
  site.bad("expected bytes, or text and the encoding latin-1");
}

Value setCall(const CallSite& site, Kind kind, const Items& a) {
  Value value;
  value.kind = kind;
  value.sequence = site.graph.sequence();
  value.sequence->hashable = kind == Kind::FrozenSet;
  if (a.empty()) return value;
  if (a.size() != 1 || (a[0].kind != Kind::List && a[0].kind != Kind::Tuple)) site.bad("expected a list of members");
  for (const Value& item : a[0].sequence->items) {
    if (!isHashable(item)) site.bad(std::string("expected hashable members, found a ") + kindName(item.kind));
  }
  value.sequence->items = a[0].sequence->items;
  value.sequence->depth = a[0].sequence->depth;
  return value;
}

Value orderedDict(const CallSite& site, const Items& a) {
  Value value;
  value.kind = Kind::Dict;
  value.sequence = site.graph.sequence();
  value.sequence->ordered = true;
  if (a.empty()) return value;
  if (a.size() != 1 || (a[0].kind != Kind::List && a[0].kind != Kind::Tuple)) site.bad("expected a list of pairs");
  for (const Value& pair : a[0].sequence->items) {
    if ((pair.kind != Kind::List && pair.kind != Kind::Tuple) || pair.sequence->items.size() != 2) {
      site.bad("expected pairs of key and value");
    }
    if (!isHashable(pair.sequence->items[0])) site.bad("expected hashable keys");
    value.sequence->items.push_back(pair.sequence->items[0]);
    value.sequence->items.push_back(pair.sequence->items[1]);
  }
  value.sequence->depth = a[0].sequence->depth;
  return value;
}

Value complexCall(const CallSite& site, const Items& a) {
  if (a.size() != 2 || a[0].kind != Kind::Float || a[1].kind != Kind::Float) site.bad("expected two floats");
  Value value;
  value.kind = Kind::Complex;
  value.complex = site.graph.complex(a[0].number, a[1].number);
  return value;
}

// ---- NumPy

bool isNumeric(const DtypeInfo& dtype) {
  return std::string_view("biufcMm").find(dtype.code) != std::string_view::npos;
}

// Whether NumPy has numbers of this kind in so many bytes, on any machine.
bool hasWidth(char code, uint64_t size) {
  switch (code) {
    case 'b': return size == 1;
    case 'i':
    case 'u': return size == 1 || size == 2 || size == 4 || size == 8;
    case 'f': return size == 2 || size == 4 || size == 8 || size == 12 || size == 16;
    case 'c': return size == 8 || size == 16 || size == 24 || size == 32;
    default: return size == 8;  // times
  }
}

Value dtypeCall(const CallSite& site, const Items& a) {
  if (a.empty() || a.size() > 3 || !a[0].isText() || a[0].str().size() > 40) {
    site.bad("expected numpy.dtype(text, align, copy)");
  }
  std::string_view text = a[0].str();
  DtypeInfo* dtype = site.graph.dtype();
  dtype->text = std::string(text);
  if (!text.empty() && (text[0] == '<' || text[0] == '>' || text[0] == '=' || text[0] == '|')) {
    dtype->bigEndian = text[0] == '>';
    text.remove_prefix(1);
  }
  if (text.empty() || std::string_view("biufcSUVOMm?").find(text[0]) == std::string_view::npos) {
    site.bad("expected a NumPy type such as f8, found " + dtype->text.substr(0, 40));
  }
  dtype->code = text[0] == '?' ? 'b' : text[0];
  uint64_t size = text[0] == '?' ? 1 : 0;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] < '0' || text[i] > '9' || size > UINT32_MAX / 20) site.bad("expected a NumPy type such as f8");
    size = size * 10 + static_cast<uint64_t>(text[i] - '0');
  }
  if (dtype->code == 'U') size *= 4;
  if (size > UINT32_MAX || (isNumeric(*dtype) && !hasWidth(dtype->code, size))) {
    site.bad("expected a NumPy type of a width that there is, found " + dtype->text.substr(0, 40));
  }
  dtype->size = static_cast<uint32_t>(dtype->code == 'O' ? 8 : size);
  Value value;
  value.kind = Kind::Dtype;
  value.dtype = dtype;
  return value;
}

// (version, byte order, subarray, names, fields, size, alignment[, flags])
void dtypeState(const CallSite& site, DtypeInfo& dtype, const Value& state) {
  if (state.kind != Kind::Tuple || state.sequence->items.size() < 7 || state.sequence->items.size() > 9) {
    site.bad("expected a dtype's state, a tuple of 7 to 9");
  }
  const Items& s = state.sequence->items;
  if (!isInt(s[0]) || !s[1].isText() || s[1].str().size() != 1 || !isInt(s[5])) {
    site.bad("expected a dtype's version, byte order and size");
  }
  if (std::string_view("<>=|").find(s[1].str()[0]) == std::string_view::npos) site.bad("expected a dtype's byte order");
  // What relies on a dtype has been checked against it.
  if (dtype.settled) site.bad("expected a dtype without a state or an array, found one that has it");
  if (s[5].integer > UINT32_MAX) site.bad("expected a dtype of less than 4 GiB");
  if (s[5].integer >= 0 && isNumeric(dtype) && static_cast<uint64_t>(s[5].integer) != dtype.size) {
    site.bad("expected the size " + std::to_string(dtype.size) + " that the dtype's name says, found " +
             std::to_string(s[5].integer));
  }
  dtype.bigEndian = s[1].str()[0] == '>';
  dtype.structured = s[2].kind != Kind::None || s[3].kind != Kind::None;
  if (s[5].integer > 0) dtype.size = static_cast<uint32_t>(s[5].integer);
  dtype.settled = true;
}

double halfToDouble(uint16_t half) {
  const uint64_t sign = static_cast<uint64_t>(half >> 15) << 63;
  const int exponent = half >> 10 & 31;
  const int mantissa = half & 1023;
  double magnitude;
  if (exponent == 31) {
    const uint64_t bits = sign | uint64_t{0x7FF} << 52 | static_cast<uint64_t>(mantissa) << 42;
    std::memcpy(&magnitude, &bits, 8);
    return magnitude;
  }
  magnitude = exponent ? (1024 + mantissa) * 0x1p-25 * static_cast<double>(1u << exponent) : mantissa * 0x1p-24;
  return sign ? -magnitude : magnitude;
}

// One element as a Python scalar; false for types that are no number.
bool element(Graph& graph, const DtypeInfo& dtype, const char* from, Value& value) {
  uint8_t raw[16];
  if (dtype.structured || !isNumeric(dtype) || dtype.size > sizeof raw) return false;
  std::memcpy(raw, from, dtype.size);
  const uint32_t half = dtype.code == 'c' ? dtype.size / 2 : dtype.size;
  if (dtype.bigEndian) {
    for (uint32_t part = 0; part < dtype.size; part += half) {
      for (uint32_t i = 0; i < half / 2; ++i) std::swap(raw[part + i], raw[part + half - 1 - i]);
    }
  }
  const auto real = [&](const uint8_t* p, uint32_t size) {
    if (size == 2) {
      uint16_t bits;
      std::memcpy(&bits, p, 2);
      return halfToDouble(bits);
    }
    if (size == 4) {
      float number;
      std::memcpy(&number, p, 4);
      return static_cast<double>(number);
    }
    double number;
    std::memcpy(&number, p, 8);
    return number;
  };
  uint64_t bits = 0;
  if (dtype.size <= 8) std::memcpy(&bits, raw, dtype.size);
  switch (dtype.code) {
    case 'b':
      value.kind = Kind::Bool;
      value.boolean = raw[0] != 0;
      return true;
    case 'i':
      if (dtype.size < 8 && bits >> (8 * dtype.size - 1)) bits |= ~uint64_t{0} << (8 * dtype.size);
      value = makeInt(static_cast<int64_t>(bits));
      return dtype.size <= 8;
    case 'u':
      if (bits >> 63) value = makeBytes(graph, Kind::BigInt, std::string(reinterpret_cast<char*>(raw), 8) + '\0');
      else value = makeInt(static_cast<int64_t>(bits));
      return dtype.size <= 8;
    case 'f':
      if (dtype.size > 8) return false;
      value = makeFloat(real(raw, dtype.size));
      value.single = dtype.size == 4;
      return true;
    case 'c':
      if (half != 4 && half != 8) return false;
      value.kind = Kind::Complex;
      value.complex = graph.complex(real(raw, half), real(raw + half, half));
      return true;
    default: return false;
  }
}

// A dtype that something relies on from now on.
const DtypeInfo& settle(DtypeInfo& dtype) {
  dtype.settled = true;
  return dtype;
}

Value scalar(const CallSite& site, const Items& a) {
  if (a.size() != 2 || a[0].kind != Kind::Dtype || !isBytes(a[1])) site.bad("expected scalar(dtype, bytes)");
  const DtypeInfo& dtype = settle(*a[0].dtype);
  if (a[1].str().size() != dtype.size) {
    site.bad("expected " + std::to_string(dtype.size) + " bytes, found " + std::to_string(a[1].str().size()));
  }
  Value value;
  if (element(site.graph, dtype, a[1].str().data(), value)) return value;
  // Not a number: an array without dimensions says all there is.
  value.kind = Kind::NdArray;
  value.ndarray = site.graph.ndarray();
  value.ndarray->dtype = &dtype;
  value.ndarray->data = a[1].str();
  value.ndarray->filled = true;
  return value;
}

std::vector<uint64_t> sizes(const CallSite& site, const Value& value, const char* what) {
  std::vector<uint64_t> out;
  if (isInt(value) && value.integer >= 0) return {static_cast<uint64_t>(value.integer)};
  if (value.kind != Kind::Tuple && value.kind != Kind::List) site.bad(std::string("expected a tuple as ") + what);
  if (value.sequence->items.size() > 64) site.bad(std::string("expected at most 64 dimensions in ") + what);
  for (const Value& item : value.sequence->items) {
    if (!isInt(item) || item.integer < 0) site.bad(std::string("expected sizes of 0 or more in ") + what);
    out.push_back(static_cast<uint64_t>(item.integer));
  }
  return out;
}

uint64_t elements(const CallSite& site, const std::vector<uint64_t>& shape) {
  uint64_t count = 1;
  for (const uint64_t size : shape) {
    if (size && count > kMaxElements / size) site.bad("expected fewer than 2^48 elements");
    count *= size;
  }
  return count;
}

void fillArray(const CallSite& site, NdArray& array, const Value& data) {
  const uint64_t count = elements(site, array.shape);
  if (array.dtype->code == 'O') {
    if (data.kind != Kind::List || data.sequence->items.size() != count) {
      site.bad("expected a list of " + std::to_string(count) + " objects");
    }
    array.objects = data;
    array.depth = data.sequence->depth + 1;
  } else {
    if (!isBytes(data) && data.kind != Kind::ByteArray) site.bad("expected an array's bytes");
    const uint64_t found = data.str().size(), each = array.dtype->size;
    if (each ? found % each || found / each != count : found) {  // a product could overflow
      site.bad("expected " + std::to_string(count) + " elements of " + std::to_string(each) + " bytes, found " +
               std::to_string(found) + " bytes");
    }
    array.data = data.str();
  }
  array.filled = true;
}

Value reconstruct(const CallSite& site, const Items& a) {
  if (a.size() != 3 || a[0].kind != Kind::Global) site.bad("expected _reconstruct(ndarray, shape, type)");
  Value value;
  value.kind = Kind::NdArray;
  value.ndarray = site.graph.ndarray();
  // What NumPy makes until the state comes, and always writes: an empty array of bytes.
  value.ndarray->shape = sizes(site, a[1], "the shape");
  if (elements(site, value.ndarray->shape) != 0) site.bad("expected _reconstruct of an empty array");
  DtypeInfo* dtype = site.graph.dtype();
  dtype->code = 'i';
  dtype->size = 1;
  dtype->text = "i1";
  value.ndarray->dtype = &settle(*dtype);
  return value;
}

// (version, shape, dtype, is Fortran, data)
void arrayState(const CallSite& site, NdArray& array, const Value& state) {
  if (state.kind != Kind::Tuple || state.sequence->items.size() != 5) site.bad("expected an array's state of 5");
  const Items& s = state.sequence->items;
  if (s[2].kind != Kind::Dtype || (!isBool(s[3]) && !isInt(s[3]))) site.bad("expected an array's dtype and order");
  array.shape = sizes(site, s[1], "the shape");
  array.dtype = &settle(*s[2].dtype);
  array.fortran = isBool(s[3]) ? s[3].boolean : s[3].integer != 0;
  fillArray(site, array, s[4]);
}

Value fromBuffer(const CallSite& site, const Items& a) {
  if (a.size() != 4 || a[1].kind != Kind::Dtype || !a[3].isText()) {
    site.bad("expected _frombuffer(bytes, dtype, shape, order)");
  }
  Value value;
  value.kind = Kind::NdArray;
  value.ndarray = site.graph.ndarray();
  value.ndarray->dtype = &settle(*a[1].dtype);
  value.ndarray->shape = sizes(site, a[2], "the shape");
  value.ndarray->fortran = a[3].str() == "F";
  fillArray(site, *value.ndarray, a[0]);
  return value;
}

// ---- torch

void checkView(const CallSite& site, Tensor& tensor, const Value& offset, const Value& size, const Value& stride) {
  if (!isInt(offset) || offset.integer < 0) site.bad("expected an offset of 0 or more");
  tensor.offset = static_cast<uint64_t>(offset.integer);
  tensor.shape = sizes(site, size, "the size");
  tensor.stride = sizes(site, stride, "the stride");
  if (tensor.shape.size() != tensor.stride.size()) site.bad("expected as many strides as sizes");
  const uint64_t wanted = elements(site, tensor.shape);
  if (wanted == 0) return;
  uint64_t last = tensor.offset;  // the highest element that is reached
  for (size_t i = 0; i < tensor.shape.size(); ++i) {
    const uint64_t steps = tensor.shape[i] - 1;
    if (steps && tensor.stride[i] > (kMaxElements - 1) / steps) site.bad("expected a view inside its storage");
    last += steps * tensor.stride[i];
    if (last > kMaxElements) site.bad("expected a view inside its storage");
  }
  const size_t stored = elementSize(tensor.storage->type), each = elementSize(tensor.type);
  const uint64_t count = tensor.storage->count * stored / each;
  if (last >= count) {
    site.bad("expected a view inside a storage of " + std::to_string(count) +
             " elements, found one that reaches element " + std::to_string(last));
  }
  if (wanted > std::max(count, kMaxRepeated)) {
    site.bad("expected at most " + std::to_string(kMaxRepeated) + " elements in a view that repeats them");
  }
  if (tensor.storage->viewOffset && each != stored) site.bad("expected elements of the storage's type");
  tensor.offset += tensor.storage->viewOffset;
}

Value rebuildTensor(const CallSite& site, const Items& a, size_t least) {
  if (a.size() < least || a[0].kind != Kind::Storage) {
    site.bad("expected a storage, offset, size, stride and flags");
  }
  Tensor* tensor = site.graph.tensor();
  tensor->storage = a[0].storage;
  tensor->type = tensor->storage->type;
  if (a.size() > 6 && a[6].kind == Kind::Global && !torchStorageType(*a[6].global, tensor->type)) {
    site.bad("expected a torch dtype, found " + a[6].global->full());
  }
  if (tensor->type == TensorType::Untyped) site.bad("expected a dtype for an untyped storage");
  checkView(site, *tensor, a[1], a[2], a[3]);
  if (a.size() > 4 && isBool(a[4])) tensor->requiresGrad = a[4].boolean;
  Value value;
  value.kind = Kind::Tensor;
  value.tensor = tensor;
  return value;
}

Value rebuildParameter(const CallSite& site, const Items& a) {
  if (a.size() < 2 || a[0].kind != Kind::Tensor || !isBool(a[1])) site.bad("expected a tensor and requires_grad");
  Tensor* tensor = site.graph.tensor();
  *tensor = *a[0].tensor;
  tensor->parameter = true;
  tensor->requiresGrad = a[1].boolean;
  Value value;
  value.kind = Kind::Tensor;
  value.tensor = tensor;
  return value;
}

Value torchSize(const CallSite& site, const Items& a) {
  if (a.size() != 1 || a[0].kind != Kind::Tuple) site.bad("expected torch.Size(tuple)");
  return a[0];
}

// ---- the table

using Call = Value (*)(const CallSite&, const Items&);
struct Known {
  std::string_view module, name;
  Call call;
};

const Known kKnown[] = {
    {"collections", "OrderedDict", orderedDict},
    {"_codecs", "encode", encode},
    {"builtins", "set", [](const CallSite& s, const Items& a) { return setCall(s, Kind::Set, a); }},
    {"__builtin__", "set", [](const CallSite& s, const Items& a) { return setCall(s, Kind::Set, a); }},
    {"builtins", "frozenset", [](const CallSite& s, const Items& a) { return setCall(s, Kind::FrozenSet, a); }},
    {"__builtin__", "frozenset", [](const CallSite& s, const Items& a) { return setCall(s, Kind::FrozenSet, a); }},
    {"builtins", "bytes", [](const CallSite& s, const Items& a) { return bytesCall(s, Kind::Bytes, a); }},
    {"__builtin__", "bytes", [](const CallSite& s, const Items& a) { return bytesCall(s, Kind::Bytes, a); }},
    {"builtins", "bytearray", [](const CallSite& s, const Items& a) { return bytesCall(s, Kind::ByteArray, a); }},
    {"__builtin__", "bytearray", [](const CallSite& s, const Items& a) { return bytesCall(s, Kind::ByteArray, a); }},
    {"builtins", "complex", complexCall},
    {"__builtin__", "complex", complexCall},
    {"numpy", "dtype", dtypeCall},
    {"numpy.core.multiarray", "scalar", scalar},
    {"numpy._core.multiarray", "scalar", scalar},
    {"numpy.core.multiarray", "_reconstruct", reconstruct},
    {"numpy._core.multiarray", "_reconstruct", reconstruct},
    {"numpy.core.numeric", "_frombuffer", fromBuffer},
    {"numpy._core.numeric", "_frombuffer", fromBuffer},
    {"torch._utils", "_rebuild_tensor", [](const CallSite& s, const Items& a) { return rebuildTensor(s, a, 4); }},
    {"torch._utils", "_rebuild_tensor_v2", [](const CallSite& s, const Items& a) { return rebuildTensor(s, a, 6); }},
    {"torch._utils", "_rebuild_tensor_v3", [](const CallSite& s, const Items& a) { return rebuildTensor(s, a, 7); }},
    {"torch._utils", "_rebuild_parameter", rebuildParameter},
    {"torch", "Size", torchSize},
};

// By the enumeration's order. Types without a storage class of their own live in untyped storages.
struct TypeInfo {
  TensorType type;
  const char* name;
  std::string_view storage;
  size_t size;
};

constexpr TypeInfo kTypes[] = {
    {TensorType::Float64, "float64", "DoubleStorage", 8},
    {TensorType::Float32, "float32", "FloatStorage", 4},
    {TensorType::Float16, "float16", "HalfStorage", 2},
    {TensorType::BFloat16, "bfloat16", "BFloat16Storage", 2},
    {TensorType::Int64, "int64", "LongStorage", 8},
    {TensorType::Int32, "int32", "IntStorage", 4},
    {TensorType::Int16, "int16", "ShortStorage", 2},
    {TensorType::Int8, "int8", "CharStorage", 1},
    {TensorType::UInt64, "uint64", "", 8},
    {TensorType::UInt32, "uint32", "", 4},
    {TensorType::UInt16, "uint16", "", 2},
    {TensorType::UInt8, "uint8", "ByteStorage", 1},
    {TensorType::Bool, "bool", "BoolStorage", 1},
    {TensorType::Complex64, "complex64", "ComplexFloatStorage", 8},
    {TensorType::Complex128, "complex128", "ComplexDoubleStorage", 16},
    {TensorType::Untyped, "uint8", "UntypedStorage", 1},
};

constexpr bool inOrder() {
  size_t at = 0;
  for (const TypeInfo& info : kTypes) {
    if (static_cast<size_t>(info.type) != at++) return false;
  }
  return at == static_cast<size_t>(TensorType::Untyped) + 1;
}
static_assert(inOrder(), "the table of types is indexed by TensorType");

}  // namespace

void CallSite::bad(const std::string& detail) const { throw Error(ErrorCode::BadCall, file, at, detail); }

bool callKnown(const CallSite& site, const GlobalName& callee, const Value& arguments, Value& result) {
  for (const Known& known : kKnown) {
    if (known.module == callee.module && known.name == callee.name) {
      result = known.call(site, arguments.sequence->items);
      return true;
    }
  }
  return false;
}

static void addAttributes(Sequence& attributes, const Sequence& state) {
  const std::vector<Value> items = state.items;  // the two may be one
  attributes.items.insert(attributes.items.end(), items.begin(), items.end());
  attributes.depth = std::max(attributes.depth, state.depth);
  attributes.held = true;
}

bool buildKnown(const CallSite& site, Value& target, const Value& state) {
  switch (target.kind) {
    case Kind::Dtype:
      // A dtype may be shared through the memo, and so may be its state: given once, it is the same for all.
      dtypeState(site, *target.dtype, state);
      return true;
    case Kind::NdArray:
      if (target.ndarray->filled) site.bad("expected an array without data, found one that has it");
      arrayState(site, *target.ndarray, state);
      return true;
    case Kind::Dict:
      if (!target.sequence->ordered) return false;
      if (state.kind != Kind::Dict) site.bad("expected the attributes of an OrderedDict as a dict");
      if (state.sequence->items.empty()) return true;
      // As in Python, the state's items are added to a __dict__ that the instance has for itself.
      if (target.sequence->attributes.kind == Kind::None) {
        target.sequence->attributes.kind = Kind::Dict;
        target.sequence->attributes.sequence = site.graph.sequence();
      }
      addAttributes(*target.sequence->attributes.sequence, *state.sequence);
      return true;
    default: return false;
  }
}

bool torchStorageType(const GlobalName& name, TensorType& type) {
  const bool torch = name.module == "torch", storage = name.module == "torch.storage";
  if (!torch && !storage) return false;
  for (const TypeInfo& known : kTypes) {
    const bool dtype = torch && known.type != TensorType::Untyped && name.name == known.name;
    if (dtype || (!known.storage.empty() && name.name == known.storage)) {
      type = known.type;
      return true;
    }
  }
  return false;
}

std::string_view torchStorageName(TensorType type) { return kTypes[static_cast<size_t>(type)].storage; }

std::optional<TensorType> torchType(std::string_view name) {
  for (const TypeInfo& known : kTypes) {
    if (name == known.name) return known.type;
  }
  return std::nullopt;
}

bool arrayElement(Graph& graph, const NdArray& array, Value& value) {
  return array.filled && array.dtype && array.data.size() == array.dtype->size &&
         element(graph, *array.dtype, array.data.data(), value);
}

std::optional<double> tensorNumber(TensorType type, const uint8_t* raw) {
  uint64_t bits = 0;
  std::memcpy(&bits, raw, std::min<size_t>(elementSize(type), 8));
  const auto as = [&](auto number) {
    std::memcpy(&number, raw, sizeof number);
    return static_cast<double>(number);
  };
  switch (type) {
    case TensorType::Float64: return as(double{});
    case TensorType::Float32: return as(float{});
    case TensorType::Float16: return halfToDouble(static_cast<uint16_t>(bits));
    case TensorType::BFloat16: {
      const uint32_t wide = static_cast<uint32_t>(bits) << 16;
      float number;
      std::memcpy(&number, &wide, sizeof number);
      return static_cast<double>(number);
    }
    case TensorType::Int64: return as(int64_t{});
    case TensorType::Int32: return as(int32_t{});
    case TensorType::Int16: return as(int16_t{});
    case TensorType::Int8: return as(int8_t{});
    case TensorType::UInt64: return as(uint64_t{});
    case TensorType::UInt32: return as(uint32_t{});
    case TensorType::UInt16: return as(uint16_t{});
    case TensorType::UInt8:
    case TensorType::Bool: return as(uint8_t{});
    default: return std::nullopt;
  }
}

size_t elementSize(TensorType type) { return kTypes[static_cast<size_t>(type)].size; }

const char* typeName(TensorType type) { return kTypes[static_cast<size_t>(type)].name; }

}  // namespace nb201
