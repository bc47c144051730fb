#include "networks/layers.h"

#include <ATen/Context.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/mkldnn_convolution.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include "networks/autocast.h"

namespace nb201::networks {

namespace {
constexpr double kEpsilon = 1e-5;
constexpr double kMomentum = 0.1;
}  // namespace

at::MemoryFormat inferenceFormat(const at::Device& device) {
  return device.is_cpu() ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
}

Conv2d::Conv2d(Building& building, const std::string& name, ConvShape shape)
    : shape_(shape),
      weight_(building.weights.parameter(
          name + ".weight", building.initialiser.weight({shape.out, shape.in, shape.kernel, shape.kernel}))) {}

at::Tensor Conv2d::operator()(const at::Tensor& x) const {
  return at::conv2d(x, weight_, {}, shape_.stride, shape_.padding());
}

BatchNorm2d::BatchNorm2d(Building& building, const std::string& name, int64_t channels)
    : weight_(building.weights.parameter(name + ".weight", at::ones({channels}))),
      bias_(building.weights.parameter(name + ".bias", at::zeros({channels}))),
      runningMean_(building.weights.buffer(name + ".running_mean", at::zeros({channels}))),
      runningVar_(building.weights.buffer(name + ".running_var", at::ones({channels}))),
      batches_(building.weights.buffer(name + ".num_batches_tracked", at::zeros({}, at::kLong))) {}

at::Tensor BatchNorm2d::operator()(const at::Tensor& x, Pass pass) const {
  const bool training = pass == Pass::Training;
  if (training) batches_.add_(1);
  return at::batch_norm(x, weight_, bias_, runningMean_, runningVar_, training, kMomentum, kEpsilon,
                        /*cudnn_enabled=*/true);
}

at::Tensor BatchNorm2d::scale() const { return weight_.mul(runningVar_.add(kEpsilon).rsqrt()); }

at::Tensor BatchNorm2d::shift(const at::Tensor& scale) const { return bias_.sub(runningMean_.mul(scale)); }

ConvBN::Folded ConvBN::fold(at::MemoryFormat order) const {
  const at::Tensor scale = bn_.scale();
  const at::Tensor weight = conv_.weight().mul(scale.view({-1, 1, 1, 1})).detach();
  const at::ScalarType type = Autocast::type(weight.device()).value_or(weight.scalar_type());
  return {weight.to(type).contiguous(order), bn_.shift(scale).detach().to(type)};
}

at::Tensor ConvBN::operator()(const at::Tensor& x, Pass pass) {
  if (pass != Pass::Inference) return bn_(conv_(x), pass);
  if (!folded_) folded_ = fold(x.suggest_memory_format());
  const int64_t kernel = conv_.shape().kernel, stride = conv_.shape().stride;
  const int64_t padding = conv_.shape().padding();
  // For one small image torch prefers its own convolution to oneDNN's, which is faster but for kernels of one pixel.
  if (kernel > 1 && x.is_cpu() && at::hasMKLDNN() && folded_->weight.scalar_type() == at::kFloat) {
    return at::mkldnn_convolution(x, folded_->weight, folded_->bias, {padding, padding}, {stride, stride}, {1, 1}, 1);
  }
  return at::conv2d(x, folded_->weight, folded_->bias, stride, padding);
}

}  // namespace nb201::networks
