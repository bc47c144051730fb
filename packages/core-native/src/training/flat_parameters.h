// Parameters side by side in one stretch of memory, and their gradients and momenta in others, so that what an
// optimiser does to all of them is a few operations on large tensors.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace nb201::training {

class FlatParameters {
 public:
  FlatParameters() = default;
  // Moves the parameters' values there, and gives each a gradient that backward passes add to.
  explicit FlatParameters(std::vector<at::Tensor> parameters);

  size_t size() const { return parameters_.size(); }
  const at::Tensor& parameter(size_t number) const { return parameters_[number]; }
  // Between the parameters there are zeros, which all that an optimiser does leaves as they are.
  at::Tensor values, gradients, momenta;
  // A parameter's part of one of these.
  at::Tensor part(const at::Tensor& of, size_t number) const;

 private:
  std::vector<at::Tensor> parameters_;
  std::vector<int64_t> offsets_;
};

}  // namespace nb201::training
