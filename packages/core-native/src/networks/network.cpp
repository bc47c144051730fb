#include "networks/network.h"

#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <c10/core/GradMode.h>

#include <cstring>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "networks/autocast.h"
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

void checkImages(const at::Tensor& images, const at::Device& device) {
  if (images.dim() != 4 || images.size(1) != kImageChannels || images.size(2) % 4 != 0 || images.size(3) % 4 != 0 ||
      images.numel() == 0) {
    throw NetworkError(
        "BAD_SHAPE", "expected images of the shape [batch, 3, height, width], height and width multiples of 4, found " +
                         text(images.sizes()));
  }
  if (images.device() != device) {
    throw NetworkError("BAD_DEVICE", "expected images on the network's device " + device.str() + ", found them on " +
                                         images.device().str());
  }
}

Network::Output Network::forward(const at::Tensor& images, Pass pass, const Checkpoint& checkpoint,
                                 const Arithmetic& arithmetic) {
  checkImages(images, device());
  return arithmetic.graph ? repeat(images, pass, arithmetic) : compute(images, pass, checkpoint, arithmetic);
}

Network::Output Network::compute(const at::Tensor& given, Pass pass, const Checkpoint& checkpoint,
                                 const Arithmetic& arithmetic) {
  std::optional<Autocast> autocast;
  if (arithmetic.autocast) autocast.emplace(given.device(), *arithmetic.autocast);
  std::optional<at::MemoryFormat> order;
  if (arithmetic.channelsLast) {
    order = *arithmetic.channelsLast ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  } else if (pass == Pass::Inference) {
    order = inferenceFormat(given.device());
  }
  if (pass == Pass::Inference && (order != foldedOrder_ || arithmetic.autocast != foldedType_)) {
    weightsChanged();
    foldedOrder_ = order;
    foldedType_ = arithmetic.autocast;
  }
  at::Tensor x = (*stem_)(order ? given.contiguous(*order) : given, pass);
  for (const auto& stage : stages_) {
    if (checkpoint) checkpoint();
    x = stage->forward(x, pass);
  }
  x = at::relu((*lastNorm_)(x, pass));
  Output out;
  out.features = at::adaptive_avg_pool2d(x, {1, 1}).reshape({x.size(0), -1});
  out.logits = at::linear(out.features, classifierWeight_, classifierBias_);
  if (arithmetic.autocast) return {out.features.to(at::kFloat), out.logits.to(at::kFloat)};
  return out;
}

Network::Output Network::repeat(const at::Tensor& images, Pass pass, const Arithmetic& arithmetic) {
  if (pass == Pass::Training)
    throw NetworkError("UNSUPPORTED", "expected eval mode: training is not recorded as a graph");
  for (const Recording& known : recordings_) {
    if (known.pass == pass && known.channelsLast == arithmetic.channelsLast && known.autocast == arithmetic.autocast &&
        known.recorded->fits(images)) {
      return (*known.recorded)(images);
    }
  }
  const RecordedPass::Pass computed = [&](const at::Tensor& x) { return compute(x, pass, {}, arithmetic); };
  // Before the recording is kept: the first pass may change Inference's weights, which ends all recordings.
  auto recorded = std::make_unique<RecordedPass>(images, computed);
  constexpr size_t kMost = 4;
  if (recordings_.size() == kMost) recordings_.erase(recordings_.begin());
  recordings_.push_back({pass, arithmetic.channelsLast, arithmetic.autocast, std::move(recorded)});
  return (*recordings_.back().recorded)(images);
}

std::vector<const StoredTensor*> Network::inOrder(const std::vector<StoredTensor>& tensors) const {
  const std::vector<Weight>& weights = weights_.all();
  std::vector<const StoredTensor*> out;
  out.reserve(weights.size());
  std::unordered_map<std::string_view, const StoredTensor*> given;  // needed where their order is another
  for (size_t i = 0; i < weights.size(); ++i) {
    const StoredTensor* stored = i < tensors.size() ? &tensors[i] : nullptr;
    if (!stored || stored->name != weights[i].name) {
      if (given.empty()) {
        for (const StoredTensor& tensor : tensors) given.emplace(tensor.name, &tensor);
      }
      const auto found = given.find(weights[i].name);
      if (found == given.end())
        throw NetworkError("MISSING_TENSOR", "the state dict lacks the tensor " + weights[i].name);
      stored = found->second;
    }
    if (weights[i].tensor.sizes() != at::IntArrayRef(stored->shape)) {
      throw NetworkError("MISSHAPEN_TENSOR", "expected the tensor " + weights[i].name + " to have the shape " +
                                                 text(weights[i].tensor.sizes()) + ", found " + text(stored->shape));
    }
    out.push_back(stored);
  }
  if (tensors.size() > weights.size()) {
    std::unordered_set<std::string_view> names;
    for (const Weight& weight : weights) names.insert(weight.name);
    for (const StoredTensor& tensor : tensors) {
      if (names.count(tensor.name)) continue;
      throw NetworkError("UNEXPECTED_TENSOR", "the state dict has a tensor that this network lacks: " + tensor.name);
    }
  }
  return out;
}

void Network::load(const std::vector<StoredTensor>& tensors) {
  struct Value {
    const uint8_t* bytes;  // as the weight has them
    at::Tensor other;      // where there are no such
  };
  const std::vector<Weight>& weights = weights_.all();
  std::vector<Value> values;
  values.reserve(weights.size());
  // All that may fail comes before the first change.
  for (const StoredTensor* stored : inOrder(tensors)) {
    const at::Tensor& weight = weights[values.size()].tensor;
    const bool same = scalarType(stored->type) == weight.scalar_type() && weight.is_cpu() && weight.is_contiguous();
    const uint8_t* bytes = same ? valuesOf(*stored) : nullptr;
    values.push_back({bytes, bytes ? at::Tensor() : read(*stored).to(weight.device(), weight.scalar_type())});
  }
  const c10::NoGradGuard noGrad;
  for (size_t i = 0; i < values.size(); ++i) {
    const at::Tensor& weight = weights[i].tensor;
    if (values[i].bytes) std::memcpy(weight.data_ptr(), values[i].bytes, weight.nbytes());
    else weight.set_data(values[i].other.contiguous());
  }
  weightsChanged();
}

void Network::to(const at::Device& device) {
  for (const Weight& weight : weights_.all()) weight.tensor.set_data(weight.tensor.to(device));
  weightsChanged();
}

at::Device Network::device() const { return classifierWeight_.device(); }

void Network::weightsChanged() {
  recordings_.clear();
  stem_->weightsChanged();
  for (const auto& stage : stages_) stage->weightsChanged();
}

}  // namespace nb201::networks
