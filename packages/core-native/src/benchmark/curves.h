// A trial's curves as numbers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "benchmark/index.h"

namespace nb201 {

enum class Presence : uint8_t { Missing = 0, There = 1, Single = 2 };  // Single: there, as a 32-bit float

// One curve: a number an epoch, of the training set or of one evaluation set.
struct Curve {
  std::string set;                 // empty for training
  std::vector<double> values;      // [epochs]
  std::vector<Presence> presence;  // [epochs], or empty where every epoch is there as a 64-bit number
};

enum class FieldState : uint8_t { Missing = 0, None = 1, Empty = 2, Dict = 3 };

struct FieldCurves {
  FieldState state = FieldState::Missing;
  std::vector<Curve> curves;  // one for training, else one a set, in the order of the dict
  // Every number of the dict in its order, where that is not the order of the epochs: NumPy's sums depend on it.
  std::vector<double> inOrder;
};

// A stretch of the file that was read at once, for many curves in it.
class Window {
 public:
  void read(const ByteSource& source, uint64_t begin, size_t size);
  // The bytes of an extent, or null where they lie elsewhere.
  const uint8_t* find(const Extent& extent) const {
    const bool inside = extent.begin >= begin_ && extent.begin - begin_ + extent.size <= size_;
    return inside ? bytes_ + (extent.begin - begin_) : nullptr;
  }

 private:
  uint64_t begin_ = 0;
  size_t size_ = 0;
  const uint8_t* bytes_ = nullptr;
  std::vector<uint8_t> buffer_;
};

FieldCurves readCurves(BenchmarkIndex& index, const Trial& trial, Field field, const Window& window = {});

// One number of a curve; missing where the trial has no such set or epoch.
struct CurvePoint {
  double value = 0;
  Presence presence = Presence::Missing;
};
CurvePoint readPoint(BenchmarkIndex& index, const Trial& trial, Field field, std::string_view set, int32_t epoch);

}  // namespace nb201
