// What most people ask for: loss, accuracy and times after the last epoch, collected while a file is walked, so that no
// answer about them reads it again. Only of curves of the regular form; for others there are the curves themselves.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "benchmark/big_table.h"
#include "pickle/outline.h"

namespace nb201 {

struct Final {
  uint32_t set = 0;    // index of the set's name; kTraining for the training images
  uint32_t timed = 0;  // whether the two times are known
  double loss = 0, accuracy = 0;
  double time = 0;  // seconds of the last epoch
  double all = 0;   // seconds of all epochs, added in order
};
constexpr uint32_t kTraining = UINT32_MAX;

// The rows of a trial, training first, from its fields in the order of Field. False, and nothing added, where a curve
// is not of the regular form.
bool collectFinals(const std::array<Ref, 7>& fields, int32_t epochs,
                   const std::function<uint32_t(std::string_view)>& nameOf, BigTable<Final>& rows);

// A NumPy float64 scalar as protocols 2 to 5 write it, without decoding it. Nothing where it is anything else.
std::optional<double> float64Scalar(const Ref& value);

}  // namespace nb201
