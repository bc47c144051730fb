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

  // The same with other scale and shift, which may be undefined.
  at::Tensor normalise(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift, Pass pass) const;

  at::Tensor scale, shift;                           // undefined where not affine
  at::Tensor runningMean, runningVariance, batches;  // undefined where not tracked
};

// x, by the statistics of the batch or by running ones (undefined: there are none), times scale, plus shift.
at::Tensor normalised(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift, const at::Tensor& mean,
                      const at::Tensor& variance, Pass pass);

}  // namespace nb201::networks
