#include "training/sgd.h"

#include <ATen/ops/clone.h>
#include <c10/core/GradMode.h>

namespace nb201::training {

Sgd::Sgd(std::shared_ptr<networks::Network> network, const SgdOptions& options)
    : network_(std::move(network)), options_(options) {
  for (const networks::Weight& weight : network_->weights().all()) {
    if (weight.parameter) parameters_.push_back(weight.tensor);
  }
  momenta_.resize(parameters_.size());
}

BatchMetrics Sgd::step(const at::Tensor& images, const at::Tensor& labels, double learningRate,
                       const networks::Checkpoint& checkpoint) {
  forgetGradients();
  const at::MemoryFormat order = options_.channelsLast ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  const networks::Network::Output out =
      network_->forward(images.dim() == 4 ? images.contiguous(order) : images, networks::Pass::Training, checkpoint);
  const at::Tensor loss = crossEntropy(out.logits, labels);
  loss.backward();
  update(learningRate);
  network_->weightsChanged();
  return metricsOf(loss, out.logits, labels);
}

void Sgd::forgetGradients() {
  for (const at::Tensor& parameter : parameters_) parameter.mutable_grad() = at::Tensor();
}

void Sgd::update(double learningRate) {
  const c10::NoGradGuard noGrad;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    at::Tensor change = parameters_[i].grad();
    if (!change.defined()) continue;
    if (options_.weightDecay != 0) change = change.add(parameters_[i], options_.weightDecay);
    if (options_.momentum != 0) {
      at::Tensor& momentum = momenta_[i];
      if (momentum.defined()) momentum.mul_(options_.momentum).add_(change, 1);
      else momentum = change.clone();
      change = options_.nesterov ? change.add(momentum, options_.momentum) : momentum;
    }
    parameters_[i].add_(change, -learningRate);
  }
}

}  // namespace nb201::training
