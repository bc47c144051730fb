// A batch norm that need not learn anything, nor keep running statistics.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "networks/layers.h"

namespace nb201::networks {

struct NormOptions {
  bool affine = false;   // learns scale and shift
  bool tracked = false;  // keeps running statistics; else evaluation takes the batch's own
};

class SearchNorm {
 public:
  SearchNorm() = default;
  SearchNorm(Building& building, const std::string& name, int64_t channels, const NormOptions& options);
  at::Tensor operator()(const at::Tensor& x, Pass pass) const;

  // x, by the statistics of the batch or by running ones, times the first, plus the second where they are defined.
  at::Tensor normalise(const at::Tensor& x, const at::Tensor& by, const at::Tensor& plus, Pass pass) const;

  at::Tensor scale, shift;                           // undefined where not affine
  at::Tensor runningMean, runningVariance, batches;  // undefined where not tracked
};

}  // namespace nb201::networks
