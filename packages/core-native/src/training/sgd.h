// Stochastic gradient descent as torch.optim.SGD does it, operation by operation, so that losses agree bit for bit.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "networks/network.h"
#include "training/metrics.h"

namespace nb201::training {

struct SgdOptions {
  double momentum = 0.9, weightDecay = 5e-4;
  bool nesterov = true;
  bool channelsLast = false;  // order of the activations in memory: faster on many devices, rounded otherwise
  // On a GPU: after the first batches have been taken as they are, a step is recorded and from then on started as a
  // whole; batches of another size are taken as they are. Throws UNSUPPORTED where that cannot be.
  bool graph = false;
};

class Sgd {
 public:
  Sgd(std::shared_ptr<networks::Network> network, const SgdOptions& options);
  ~Sgd();

  // Forward in training mode, cross-entropy, backward, and the step. The metrics are of before the step.
  BatchMetrics step(const at::Tensor& images, const at::Tensor& labels, double learningRate,
                    const networks::Checkpoint& checkpoint = {});
  void forgetGradients();

 private:
  // Moves a parameter by its change times the learning rate.
  using Move = std::function<void(at::Tensor& parameter, const at::Tensor& change)>;
  struct Recording;

  // Returns what `measure` says of the batch.
  at::Tensor take(const at::Tensor& images, const at::Tensor& labels, const Move& move,
                  const networks::Checkpoint& checkpoint);
  at::Tensor takeAt(double learningRate, const at::Tensor& images, const at::Tensor& labels,
                    const networks::Checkpoint& checkpoint);
  at::Tensor takeRecorded(double learningRate, const at::Tensor& images, const at::Tensor& labels,
                          const networks::Checkpoint& checkpoint);
  void update(const Move& move);

  std::shared_ptr<networks::Network> network_;
  SgdOptions options_;
  std::vector<at::Tensor> parameters_, momenta_;
  std::unique_ptr<Recording> recording_;
};

}  // namespace nb201::training
