// Numbers as records have them: Python's, NumPy's scalars and arrays of one element.
#pragma once

#include <optional>

#include "pickle/value.h"

namespace nb201 {

// A number out of a value, and whether it was a 32-bit float: NumPy's means of such are rounded to 32 bits as well.
struct Number {
  double value = 0;
  bool single = false;
};

// The value as a number, or nothing where it is none. A tensor's number is in its storage, which only a file knows.
std::optional<Number> numberOf(const Value& value);

}  // namespace nb201
