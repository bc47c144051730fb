#include "training/sgd.h"

#include <ATen/ops/clone.h>
#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>

#include <optional>

#include "networks/recorded_work.h"

namespace nb201::training {

Sgd::Sgd(std::shared_ptr<networks::Network> network, const SgdOptions& options)
    : network_(std::move(network)), options_(options) {
  for (const networks::Weight& weight : network_->weights().all()) {
    if (weight.parameter) parameters_.push_back(weight.tensor);
  }
  momenta_.resize(parameters_.size());
}

// What a recorded step reads and writes, where it stays.
struct Sgd::Recording {
  int warmUps = 0;
  at::Tensor images, labels, rate;  // the rate: negative
  at::Tensor measured;
  std::vector<const void*> weights;  // where they were
  std::optional<networks::RecordedWork> work;
};

Sgd::~Sgd() = default;

BatchMetrics Sgd::step(const at::Tensor& images, const at::Tensor& labels, double learningRate,
                       const networks::Checkpoint& checkpoint) {
  const at::Tensor measured = options_.graph ? takeRecorded(learningRate, images, labels, checkpoint)
                                             : takeAt(learningRate, images, labels, checkpoint);
  network_->weightsChanged();
  return metricsFrom(measured, labels.size(0));
}

at::Tensor Sgd::take(const at::Tensor& images, const at::Tensor& labels, const Move& move,
                     const networks::Checkpoint& checkpoint) {
  forgetGradients();
  const at::MemoryFormat order = options_.channelsLast ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  const networks::Network::Output out =
      network_->forward(images.dim() == 4 ? images.contiguous(order) : images, networks::Pass::Training, checkpoint);
  const at::Tensor loss = crossEntropy(out.logits, labels);
  loss.backward();
  update(move);
  return measure(loss, out.logits, labels);
}

at::Tensor Sgd::takeAt(double learningRate, const at::Tensor& images, const at::Tensor& labels,
                       const networks::Checkpoint& checkpoint) {
  const Move move = [&](at::Tensor& parameter, const at::Tensor& change) { parameter.add_(change, -learningRate); };
  return take(images, labels, move, checkpoint);
}

at::Tensor Sgd::takeRecorded(double learningRate, const at::Tensor& images, const at::Tensor& labels,
                             const networks::Checkpoint& checkpoint) {
  const at::Device device = network_->device();
  networks::RecordedWork::check(device);
  std::vector<const void*> weights;
  for (const networks::Weight& weight : network_->weights().all()) weights.push_back(weight.tensor.data_ptr());
  // Moved to another device, they are elsewhere.
  if (!recording_ || recording_->weights != weights) {
    recording_ = std::make_unique<Recording>();
    recording_->images = images.clone();
    recording_->labels = labels.clone();
    recording_->rate = at::empty({}, images.options());
    recording_->weights = std::move(weights);
  }
  Recording& recording = *recording_;
  if (images.sizes() != recording.images.sizes()) return takeAt(learningRate, images, labels, checkpoint);
  if (recording.warmUps < networks::RecordedWork::kWarmUps) {
    ++recording.warmUps;
    const networks::OwnStream stream(device);
    return takeAt(learningRate, images, labels, checkpoint);
  }
  if (!recording.work) {
    // The rate is another for each batch: a number in the recording would stay the same.
    const Move move = [&](at::Tensor& parameter, const at::Tensor& change) {
      parameter.addcmul_(change, recording.rate);
    };
    recording.work.emplace(device, [&] { recording.measured = take(recording.images, recording.labels, move, {}); });
  }
  recording.images.copy_(images);
  recording.labels.copy_(labels);
  recording.rate.fill_(-learningRate);
  (*recording.work)();
  return recording.measured;
}

void Sgd::forgetGradients() {
  for (const at::Tensor& parameter : parameters_) parameter.mutable_grad() = at::Tensor();
}

void Sgd::update(const Move& move) {
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
    move(parameters_[i], change);
  }
}

}  // namespace nb201::training
