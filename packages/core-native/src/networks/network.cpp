#include "networks/network.h"

#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <c10/core/GradMode.h>

#include <unordered_map>

#include "networks/error.h"
#include "networks/stored_tensor.h"

namespace nb201::networks {

namespace {

constexpr int64_t kImageChannels = 3;

std::string text(at::IntArrayRef shape) {
  std::string out = "[";
  for (size_t d = 0; d < shape.size(); ++d) out += (d ? ", " : "") + std::to_string(shape[d]);
  return out + "]";
}

}  // namespace

Network::Network(const NetworkShape& shape, uint64_t seed) : shape_(shape) {
  const size_t perStage = shape.channels.size() / 3;
  if (shape.channels.size() % 3 != 2) {
    throw NetworkError("BAD_CONFIG",
                       "expected channels of 3N + 2 stages, found " + std::to_string(shape.channels.size()));
  }
  Initialiser initialiser(seed);
  Building building{weights_, initialiser};
  int64_t in = shape.channels.front();
  stem_ = std::make_unique<ConvBN>(building, "stem.0", "stem.1", ConvShape{kImageChannels, in, 3});
  for (size_t i = 0; i < shape.channels.size(); ++i) {
    const std::string name = "cells." + std::to_string(i);
    const int64_t out = shape.channels[i];
    if (i == perStage || i == 2 * perStage + 1)
      stages_.push_back(std::make_unique<ReductionBlock>(building, name, in, out));
    else stages_.push_back(std::make_unique<Cell>(building, name, shape.operations, in, out));
    in = out;
  }
  lastNorm_ = std::make_unique<BatchNorm2d>(building, "lastact.0", in);
  classifierWeight_ = weights_.parameter("classifier.weight", initialiser.weight({shape.classes, in}));
  classifierBias_ = weights_.parameter("classifier.bias", initialiser.bias(shape.classes, in));
  generator_ = initialiser.generator();
}

void Network::checkImages(const at::Tensor& images) const {
  if (images.dim() != 4 || images.size(1) != kImageChannels || images.size(2) % 4 != 0 || images.size(3) % 4 != 0 ||
      images.numel() == 0) {
    throw NetworkError(
        "BAD_SHAPE", "expected images of the shape [batch, 3, height, width], height and width multiples of 4, found " +
                         text(images.sizes()));
  }
  if (images.device() != device()) {
    throw NetworkError("BAD_DEVICE", "expected images on the network's device " + device().str() + ", found them on " +
                                         images.device().str());
  }
}

Network::Output Network::forward(const at::Tensor& images, Pass pass, const Checkpoint& checkpoint) {
  checkImages(images);
  const bool inference = pass == Pass::Inference;
  at::Tensor x = (*stem_)(inference ? images.contiguous(inferenceFormat(images.device())) : images, pass);
  for (const auto& stage : stages_) {
    if (checkpoint) checkpoint();
    x = stage->forward(x, pass);
  }
  x = at::relu((*lastNorm_)(x, pass));
  Output out;
  out.features = at::adaptive_avg_pool2d(x, {1, 1}).view({x.size(0), -1});
  out.logits = at::linear(out.features, classifierWeight_, classifierBias_);
  return out;
}

void Network::load(const std::vector<StoredTensor>& tensors) {
  std::unordered_map<std::string, const StoredTensor*> given;
  for (const StoredTensor& tensor : tensors) given.emplace(tensor.name, &tensor);
  std::vector<at::Tensor> values;
  for (const Weight& weight : weights_.all()) {
    const auto found = given.find(weight.name);
    if (found == given.end()) throw NetworkError("MISSING_TENSOR", "the state dict lacks the tensor " + weight.name);
    const StoredTensor& stored = *found->second;
    if (weight.tensor.sizes() != at::IntArrayRef(stored.shape)) {
      throw NetworkError("MISSHAPEN_TENSOR", "expected the tensor " + weight.name + " to have the shape " +
                                                 text(weight.tensor.sizes()) + ", found " + text(stored.shape));
    }
    values.push_back(read(stored));
    given.erase(found);
  }
  // The first in the given order, not the map's.
  for (const StoredTensor& tensor : tensors) {
    if (given.count(tensor.name)) {
      throw NetworkError("UNEXPECTED_TENSOR", "the state dict has a tensor that this network lacks: " + tensor.name);
    }
  }
  const c10::NoGradGuard noGrad;
  for (size_t i = 0; i < values.size(); ++i) {
    const at::Tensor& weight = weights_.all()[i].tensor;
    // What was read is taken as it is where it can be: no copy.
    weight.set_data(values[i].to(weight.device(), weight.scalar_type()).contiguous());
  }
  weightsChanged();
}

void Network::to(const at::Device& device) {
  for (const Weight& weight : weights_.all()) weight.tensor.set_data(weight.tensor.to(device));
  weightsChanged();
}

at::Device Network::device() const { return classifierWeight_.device(); }

void Network::weightsChanged() {
  stem_->weightsChanged();
  for (const auto& stage : stages_) stage->weightsChanged();
}

}  // namespace nb201::networks
