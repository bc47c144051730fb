// The few globals that real files need, each with what a call to it means. Everything else stays a name.
#pragma once

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

// A number out of a value: ints, floats, bools, NumPy scalars are these already; arrays of one element.
bool ndarrayNumber(const NdArray& array, double& number);

}  // namespace nb201
