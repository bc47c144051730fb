#include "networks/stored_tensor.h"

#include <ATen/ops/empty.h>

#include <array>

#include "networks/error.h"

namespace nb201::networks {

namespace {

struct TypePair {
  TensorType stored;
  at::ScalarType torch;
};
// torch had no wider unsigned integers before 2.3; no network has any.
constexpr std::array<TypePair, 12> kTypes{{{TensorType::Float64, at::kDouble},
                                           {TensorType::Float32, at::kFloat},
                                           {TensorType::Float16, at::kHalf},
                                           {TensorType::BFloat16, at::kBFloat16},
                                           {TensorType::Int64, at::kLong},
                                           {TensorType::Int32, at::kInt},
                                           {TensorType::Int16, at::kShort},
                                           {TensorType::Int8, at::kChar},
                                           {TensorType::UInt8, at::kByte},
                                           {TensorType::Bool, at::kBool},
                                           {TensorType::Complex64, at::kComplexFloat},
                                           {TensorType::Complex128, at::kComplexDouble}}};

[[noreturn]] void bad(const StoredTensor& stored, const std::string& detail) {
  throw NetworkError("BAD_TENSOR", "the tensor " + stored.name + ": " + detail);
}

// Whether its elements follow one another. Throws where one lies outside its storage of so many.
bool isContiguous(const StoredTensor& stored, int64_t elements) {
  if (stored.stride.size() != stored.shape.size()) bad(stored, "expected a stride for each dimension");
  if (stored.offset < 0 || stored.offset > elements) bad(stored, "expected an offset inside its storage");
  int64_t last = stored.offset, count = 1;
  bool contiguous = true;
  for (size_t d = stored.shape.size(); d-- > 0;) {
    if (stored.shape[d] < 0 || stored.stride[d] < 0) bad(stored, "expected sizes and strides of 0 or more");
    if (stored.shape[d] > 1) {
      if (stored.stride[d] > 0 && stored.shape[d] - 1 > (elements - last) / stored.stride[d]) {
        bad(stored, "expected its elements inside its storage of " + std::to_string(elements));
      }
      last += (stored.shape[d] - 1) * stored.stride[d];
      contiguous = contiguous && stored.stride[d] == count;
    }
    if (stored.shape[d] > 0 && count > elements) bad(stored, "expected no more elements than its storage has");
    count *= stored.shape[d];
  }
  if (count > 0 && last >= elements)
    bad(stored, "expected its elements inside its storage of " + std::to_string(elements));
  return contiguous;
}

int64_t elementsOf(const StoredTensor& stored) {
  return static_cast<int64_t>(stored.bytes->size() / elementSize(stored.type));
}

}  // namespace

at::ScalarType scalarType(TensorType type) {
  for (const TypePair& pair : kTypes) {
    if (pair.stored == type) return pair.torch;
  }
  throw NetworkError("BAD_TENSOR", std::string("expected a type that networks have, found ") + nb201::typeName(type));
}

const char* typeName(at::ScalarType type) {
  for (const TypePair& pair : kTypes) {
    if (pair.torch == type) return nb201::typeName(pair.stored);
  }
  return "?";
}

const uint8_t* valuesOf(const StoredTensor& stored) {
  const bool contiguous = isContiguous(stored, elementsOf(stored));
  const uint8_t* bytes = stored.bytes->data();
  const uint64_t at = static_cast<uint64_t>(stored.offset) * elementSize(stored.type);
  return contiguous && bytes && at >= stored.bytes->dataBegin() ? bytes + (at - stored.bytes->dataBegin()) : nullptr;
}

at::Tensor read(const StoredTensor& stored) {
  const int64_t elements = elementsOf(stored);
  const bool contiguous = isContiguous(stored, elements);
  const at::ScalarType type = scalarType(stored.type);
  if (contiguous) {
    at::Tensor out = at::empty(stored.shape, type);
    stored.bytes->read(static_cast<uint64_t>(stored.offset) * elementSize(stored.type), out.data_ptr(), out.nbytes());
    return out;
  }
  at::Tensor whole = at::empty({elements}, type);
  stored.bytes->read(0, whole.data_ptr(), whole.nbytes());
  return whole.as_strided(stored.shape, stored.stride, stored.offset);
}

}  // namespace nb201::networks
