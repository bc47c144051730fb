// The few globals that real files need, each with what a call to it means. Everything else stays a name.
#pragma once

#include <optional>
#include <string_view>

#include "pickle/value.h"

namespace nb201 {

struct CallSite {
  Graph& graph;
  const std::string& file;
  uint64_t at;
  [[noreturn]] void bad(const std::string& detail) const;
};

// Whether a call to `callee` is known; then `result` is its value. Throws BAD_CALL where the arguments do not fit.
bool callKnown(const CallSite& site, const GlobalName& callee, const Value& arguments, Value& result);

// BUILD on a value made by callKnown. False where the value takes no state.
bool buildKnown(const CallSite& site, Value& target, const Value& state);

// The type of elements behind torch's names: 'FloatStorage', 'float32'.
bool torchStorageType(const GlobalName& name, TensorType& type);
// The class of torch's that stores elements of a type: 'FloatStorage'; empty where none does but UntypedStorage.
std::string_view torchStorageName(TensorType type);
// The type that torch calls so: 'float32'.
std::optional<TensorType> torchType(std::string_view name);

// The element of an array that has one, as a Python scalar; false where it has another number of them or they are no
// numbers.
bool arrayElement(Graph& graph, const NdArray& array, Value& value);
// One element of a tensor, from its little-endian bytes; nothing where it is no real number.
std::optional<double> tensorNumber(TensorType type, const uint8_t* raw);

}  // namespace nb201
