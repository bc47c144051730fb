// Adam as torch.optim.Adam does it, weight decay in the gradient.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace nb201::training {

struct AdamOptions {
  double learningRate = 3e-4;
  double beta1 = 0.5, beta2 = 0.999;
  double epsilon = 1e-8;
  double weightDecay = 1e-3;
};

class Adam {
 public:
  Adam(std::vector<at::Tensor> parameters, const AdamOptions& options);

  // By the parameters' gradients; those without one stay as they are.
  void step();

  struct Moments {
    at::Tensor first, second;  // undefined before the first step
    int64_t steps = 0;
  };
  const std::vector<at::Tensor>& parameters() const { return parameters_; }
  // In the order of the parameters.
  std::vector<Moments>& moments() { return moments_; }
  const std::vector<Moments>& moments() const { return moments_; }

 private:
  std::vector<at::Tensor> parameters_;
  AdamOptions options_;
  std::vector<Moments> moments_;
};

}  // namespace nb201::training
