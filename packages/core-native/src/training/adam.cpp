#include "training/adam.h"

#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include <cmath>

namespace nb201::training {

Adam::Adam(std::vector<at::Tensor> parameters, const AdamOptions& options)
    : parameters_(std::move(parameters)), options_(options), moments_(parameters_.size()) {}

void Adam::step() {
  const c10::NoGradGuard noGrad;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const at::Tensor& parameter = parameters_[i];
    at::Tensor gradient = parameter.grad();
    if (!gradient.defined()) continue;
    if (options_.weightDecay != 0) gradient = gradient.add(parameter, options_.weightDecay);
    Moments& moments = moments_[i];
    if (!moments.first.defined()) {
      moments.first = at::zeros_like(parameter);
      moments.second = at::zeros_like(parameter);
    }
    const auto steps = static_cast<double>(++moments.steps);
    moments.first.mul_(options_.beta1).add_(gradient, 1 - options_.beta1);
    moments.second.mul_(options_.beta2).addcmul_(gradient, gradient, 1 - options_.beta2);
    const double bias1 = 1 - std::pow(options_.beta1, steps), bias2 = 1 - std::pow(options_.beta2, steps);
    const at::Tensor denominator = moments.second.sqrt().div_(std::sqrt(bias2)).add_(options_.epsilon);
    parameter.addcdiv_(moments.first, denominator, -options_.learningRate / bias1);
  }
}

}  // namespace nb201::training
