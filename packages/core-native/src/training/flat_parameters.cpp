#include "training/flat_parameters.h"

#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

namespace nb201::training {

namespace {
// A cache line: vectorised code and cuDNN want addresses that are multiples of it.
constexpr int64_t kAlignment = 16;
}  // namespace

FlatParameters::FlatParameters(std::vector<at::Tensor> parameters) : parameters_(std::move(parameters)) {
  const c10::NoGradGuard noGrad;
  int64_t total = 0;
  for (const at::Tensor& parameter : parameters_) {
    offsets_.push_back(total);
    total += (parameter.numel() + kAlignment - 1) / kAlignment * kAlignment;
  }
  values = at::zeros({total}, parameters_.front().options().requires_grad(false));
  gradients = at::zeros_like(values);
  momenta = at::zeros_like(values);
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const at::Tensor& parameter = parameters_[i];
    const at::Tensor value = part(values, i);
    value.copy_(parameter);
    parameter.mutable_grad() = at::Tensor();
    parameter.set_data(value);
    parameter.mutable_grad() = part(gradients, i);
  }
}

at::Tensor FlatParameters::part(const at::Tensor& of, size_t number) const {
  const at::Tensor& parameter = parameters_[number];
  return of.narrow(0, offsets_[number], parameter.numel()).view(parameter.sizes());
}

}  // namespace nb201::training
