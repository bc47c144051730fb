// What a pickle holds, as plain data. Nothing here can run.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace nb201 {

enum class Kind : uint8_t {
  None,
  Bool,
  Int,
  BigInt,  // text: two's complement, little-endian
  Float,
  Complex,    // complex
  Str,        // text: UTF-8, surrogates allowed
  ByteStr,    // text: a Python 2 str
  Bytes,      // text
  ByteArray,  // text
  Tuple,      // sequence
  List,       // sequence
  Set,        // sequence
  FrozenSet,  // sequence
  Dict,       // sequence: key, value, key, value …; `ordered` for an OrderedDict
  Global,     // global: a name, never the thing
  Object,     // object: a call that is not made, an instance that is not built
  Dtype,      // dtype
  NdArray,    // ndarray
  Storage,    // storage
  Tensor,     // tensor
};

struct Value;
struct Text;
struct Sequence;
struct GlobalName;
struct Object;
struct DtypeInfo;
struct NdArray;
struct Storage;
struct Tensor;
struct ComplexNumber;

struct Value {
  Kind kind = Kind::None;
  bool single = false;  // a Float that was a NumPy float32: NumPy's means of these are float32, too
  union {
    bool boolean;
    int64_t integer = 0;
    double number;
    const ComplexNumber* complex;
    const Text* text;
    Sequence* sequence;
    const GlobalName* global;
    Object* object;
    DtypeInfo* dtype;
    NdArray* ndarray;
    const Storage* storage;
    const Tensor* tensor;
  };

  bool isText() const { return kind == Kind::Str || kind == Kind::ByteStr; }
  inline std::string_view str() const;
};

struct Text {
  std::string_view bytes;
};

inline std::string_view Value::str() const { return text->bytes; }

struct ComplexNumber {
  double real, imaginary;
};

// What may hold other values.
struct Holder {
  uint32_t depth = 1;     // at least the levels of holders from here down, or kUnknownDepth
  bool held = false;      // by another one, whose depth does not follow when this one's grows
  uint16_t wideKeys = 0;  // integers of more than 64 bits among its keys
};
constexpr uint32_t kUnknownDepth = UINT32_MAX / 2;

struct Sequence : Holder {
  std::vector<Value> items;
  bool hashable = false;  // tuples of hashable values and frozen sets
  bool ordered = false;   // collections.OrderedDict
  Value attributes;       // an OrderedDict's __dict__ (torch keeps `_metadata` there); None where it has none
};

struct GlobalName {
  std::string module, name;
  std::string full() const { return module + "." + name; }
};

struct Object : Holder {
  Value callee;     // a Global, as a rule
  Value arguments;  // a tuple
  Value keywords;   // of NEWOBJ_EX
  Value state;      // of BUILD
  bool hasState = false;
  std::vector<Value> items;  // appended or added
  std::vector<Value> pairs;  // key, value, … set
};

// NumPy's dtype as its character code and size: 'f' 8, 'i' 4, 'u' 1, 'b' 1, 'c' 16, 'S' n, 'U' n, 'V' n, 'O'.
struct DtypeInfo {
  char code = 'V';
  uint32_t size = 0;
  bool bigEndian = false;
  bool structured = false;  // fields or a subarray: described, never interpreted
  bool settled = false;     // it has its state, or an array relies on it: it takes no state any more
  std::string text;         // as written: 'f8', '<i4'
};

struct NdArray : Holder {
  const DtypeInfo* dtype = nullptr;
  std::vector<uint64_t> shape;
  bool fortran = false;
  std::string_view data;  // raw, in the dtype's byte order; empty for objects
  Value objects;          // the list of an object array, else None
  bool filled = false;
};

// clang-format off
enum class TensorType : uint8_t {
  Float64, Float32, Float16, BFloat16, Int64, Int32, Int16, Int8, UInt64, UInt32, UInt16, UInt8, Bool, Complex64,
  Complex128, Untyped,
};
// clang-format on
size_t elementSize(TensorType type);
const char* typeName(TensorType type);

struct Storage {
  std::string key;       // where the container keeps the bytes
  std::string location;  // 'cpu', 'cuda:0': where it was; it is read to memory in any case
  TensorType type = TensorType::Float32;
  uint64_t count = 0;       // elements
  uint64_t stored = 0;      // elements that the container keeps under the key: more where this is a view
  uint64_t viewOffset = 0;  // elements before the first, where this is a view of the stored one (torch before 0.4)
};

struct Tensor {
  const Storage* storage = nullptr;
  TensorType type = TensorType::Float32;
  uint64_t offset = 0;  // in elements
  std::vector<uint64_t> shape, stride;
  bool requiresGrad = false;
  bool parameter = false;
};

// Owns everything that a Value points to. Freed without recursion, however deep the value is.
class Graph {
 public:
  // Texts that point into `bytes` live as long as the graph.
  void hold(std::shared_ptr<const void> owner) { owners_.push_back(std::move(owner)); }

  const Text* text(std::string_view bytes) { return &texts_.emplace_back(Text{bytes}); }
  const Text* ownText(std::string bytes) {
    strings_.push_back(std::move(bytes));
    return text(strings_.back());
  }
  Sequence* sequence() { return &sequences_.emplace_back(); }
  const GlobalName* global(std::string module, std::string name) {
    return &globals_.emplace_back(GlobalName{std::move(module), std::move(name)});
  }
  Object* object() { return &objects_.emplace_back(); }
  DtypeInfo* dtype() { return &dtypes_.emplace_back(); }
  NdArray* ndarray() { return &ndarrays_.emplace_back(); }
  Storage* storage() { return &storages_.emplace_back(); }
  Tensor* tensor() { return &tensors_.emplace_back(); }
  const ComplexNumber* complex(double real, double imaginary) {
    return &complexes_.emplace_back(ComplexNumber{real, imaginary});
  }

 private:
  std::vector<std::shared_ptr<const void>> owners_;
  std::deque<Text> texts_;
  std::deque<std::string> strings_;
  std::deque<Sequence> sequences_;
  std::deque<GlobalName> globals_;
  std::deque<Object> objects_;
  std::deque<DtypeInfo> dtypes_;
  std::deque<NdArray> ndarrays_;
  std::deque<Storage> storages_;
  std::deque<Tensor> tensors_;
  std::deque<ComplexNumber> complexes_;
};

}  // namespace nb201
