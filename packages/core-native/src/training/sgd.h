// Stochastic gradient descent as torch.optim.SGD does it, operation by operation, so that losses agree bit for bit.
#pragma once

#include <vector>

#include "networks/network.h"
#include "training/metrics.h"

namespace nb201::training {

struct SgdOptions {
  double momentum = 0.9, weightDecay = 5e-4;
  bool nesterov = true;
  bool channelsLast = false;  // order of the activations in memory: faster on many devices, rounded otherwise
};

class Sgd {
 public:
  Sgd(std::shared_ptr<networks::Network> network, const SgdOptions& options);

  // Forward in training mode, cross-entropy, backward, and the step. The metrics are of before the step.
  BatchMetrics step(const at::Tensor& images, const at::Tensor& labels, double learningRate,
                    const networks::Checkpoint& checkpoint = {});
  void forgetGradients();

 private:
  void update(double learningRate);

  std::shared_ptr<networks::Network> network_;
  SgdOptions options_;
  std::vector<at::Tensor> parameters_, momenta_;
};

}  // namespace nb201::training
