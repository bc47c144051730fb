#include "training/weight_sharing.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randperm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include <cmath>
#include <unordered_map>

#include "networks/error.h"
#include "networks/stored_tensor.h"

namespace nb201::training {

namespace {

using networks::Cells;
using networks::copied;
using networks::Mixture;
using networks::NetworkError;
using networks::Pass;

constexpr double kPerturbation = 0.01;

// In double: in single precision a million squares lose four digits of their sum.
double normOf(const at::Tensor& values) {
  return at::linalg_vector_norm(values, 2, c10::nullopt, /*keepdim=*/false, at::kDouble).item<double>();
}

// What clip_grad_norm_ multiplies gradients of this norm by.
double clipFactor(double norm, double most) { return std::min(1.0, most / (norm + 1e-6)); }

}  // namespace

WeightSharing::WeightSharing(const WeightSharingOptions& options)
    : sgd_(options.sgd),
      generator_(at::detail::createCPUGenerator(options.seed)),
      supernet_(options.shape, generator_) {
  if (options.controller) {
    controller_.emplace(generator_);
    std::vector<at::Tensor> parameters;
    for (const networks::Weight& weight : controller_->weights().all()) parameters.push_back(weight.tensor);
    adam_.emplace(std::move(parameters), options.adam);
  } else if (supernet_.architecture().defined()) {
    adam_.emplace(std::vector<at::Tensor>{supernet_.architecture()}, options.adam);
  }
  layOut();
  touched_.assign(flat_.size(), false);
  untouched_ = flat_.size();
}

void WeightSharing::layOut() {
  std::vector<at::Tensor> parameters;
  flatNumbers_.clear();
  for (const networks::Weight& weight : supernet_.weights().all()) {
    flatNumbers_.push_back(parameters.size());
    if (weight.parameter && !weight.tensor.is_same(supernet_.architecture())) parameters.push_back(weight.tensor);
  }
  flat_ = FlatParameters(std::move(parameters));
}

void WeightSharing::to(const at::Device& device) {
  const at::Tensor momenta = flat_.momenta.to(device), gradients = flat_.gradients.to(device);
  supernet_.to(device);
  layOut();
  flat_.momenta.copy_(momenta);
  if (adam_ && !controller_) {
    clearArchitectureGradient();
    for (Adam::Moments& moments : adam_->moments()) {
      if (!moments.first.defined()) continue;
      moments.first = moments.first.to(device);
      moments.second = moments.second.to(device);
    }
  }
}

networks::Supernet::Output WeightSharing::forward(const at::Tensor& images, Pass pass, const PassOptions& options) {
  return supernet_.forward(images, options.choice, {pass, options.dropPath, sgd_.channelsLast, options.checkpoint});
}

void WeightSharing::touch(const std::vector<networks::CellOperations>& cells) {
  if (untouched_ == 0) return;
  for (const size_t weight : supernet_.used(cells)) {
    const size_t number = flatNumbers_[weight];
    if (!touched_[number]) --untouched_;
    touched_[number] = true;
  }
}

void WeightSharing::clearArchitectureGradient() {
  if (supernet_.architecture().defined()) supernet_.architecture().mutable_grad() = at::Tensor();
}

void WeightSharing::clipGradients(double most) {
  const at::Tensor architecture = supernet_.architecture().defined() ? supernet_.architecture().grad() : at::Tensor();
  const double ofArchitecture = architecture.defined() ? normOf(architecture) : 0;
  const double factor = clipFactor(std::hypot(normOf(flat_.gradients), ofArchitecture), most);
  if (factor == 1) return;
  flat_.gradients.mul_(factor);
  if (architecture.defined()) architecture.mul_(factor);
}

void WeightSharing::updateWeights(double learningRate) {
  std::vector<std::pair<size_t, at::Tensor>> left;
  for (size_t i = 0; untouched_ > 0 && i < flat_.size(); ++i) {
    if (!touched_[i]) left.emplace_back(i, flat_.part(flat_.values, i).clone());
  }
  at::Tensor change = flat_.gradients;
  if (sgd_.weightDecay != 0) change = change.add(flat_.values, sgd_.weightDecay);
  if (sgd_.momentum != 0) {
    flat_.momenta.mul_(sgd_.momentum).add_(change);
    change = sgd_.nesterov ? change.add(flat_.momenta, sgd_.momentum) : flat_.momenta;
  }
  flat_.values.add_(change, -learningRate);
  for (const auto& [number, value] : left) {
    flat_.part(flat_.values, number).copy_(value);
    flat_.part(flat_.momenta, number).zero_();
  }
}

WeightSharing::Outcome WeightSharing::weightStep(const LabelledImages& batch, double learningRate, double clip,
                                                 const PassOptions& options) {
  flat_.gradients.zero_();
  const networks::Supernet::Output out = forward(batch.images, Pass::Training, options);
  const at::Tensor loss = crossEntropy(out.logits, batch.labels);
  loss.backward();
  touch(out.cells);
  const c10::NoGradGuard noGrad;
  if (clip > 0) clipGradients(clip);
  updateWeights(learningRate);
  return {metricsOf(loss, out.logits, batch.labels), out.cells};
}

WeightSharing::Outcome WeightSharing::architectureStep(const LabelledImages& batch, const PassOptions& options) {
  const at::Tensor& architecture = supernet_.architecture();
  if (!architecture.defined()) throw NetworkError("BAD_CONFIG", "this supernet has no architecture parameters");
  clearArchitectureGradient();
  const networks::Supernet::Output out = forward(batch.images, Pass::Training, options);
  const at::Tensor loss = crossEntropy(out.logits, batch.labels);
  loss.backward({}, c10::nullopt, false, at::TensorList{architecture});
  // The reference computes the weights' gradients, too, and forgets them.
  touch(out.cells);
  adam_->step();
  return {metricsOf(loss, out.logits, batch.labels), out.cells};
}

// In the reference's order of additions; w are the weights, a the architecture, and the copy of the network that it
// makes is here the network itself for a while.
WeightSharing::Outcome WeightSharing::unrolledStep(const LabelledImages& train, const LabelledImages& valid,
                                                   double learningRate, const PassOptions& options) {
  const at::Tensor& architecture = supernet_.architecture();
  if (!architecture.defined()) throw NetworkError("BAD_CONFIG", "this supernet has no architecture parameters");
  const auto backward = [&](const LabelledImages& batch, const std::vector<at::Tensor>& of) {
    const networks::Supernet::Output out = forward(batch.images, Pass::Training, options);
    const at::Tensor loss = crossEntropy(out.logits, batch.labels);
    loss.backward({}, c10::nullopt, false, at::TensorList(of));
    touch(out.cells);
    return Outcome{metricsOf(loss, out.logits, batch.labels), out.cells};
  };
  std::vector<at::Tensor> weights;
  for (size_t i = 0; i < flat_.size(); ++i) weights.push_back(flat_.parameter(i));
  const auto architectureGradient = [&](const LabelledImages& batch) {
    clearArchitectureGradient();
    backward(batch, {architecture});
    return architecture.grad();
  };

  // w' = w - eta (mu m + dL_train/dw + lambda w)
  flat_.gradients.zero_();
  backward(train, weights);
  const at::Tensor kept = flat_.values.clone();
  std::vector<at::Tensor> buffers;
  {
    const c10::NoGradGuard noGrad;
    const at::Tensor change = flat_.gradients.add(kept, sgd_.weightDecay).add_(flat_.momenta, sgd_.momentum);
    flat_.values.add_(change, -learningRate);
    for (const networks::Weight& weight : supernet_.weights().all()) {
      if (!weight.parameter) buffers.push_back(weight.tensor.clone());
    }
  }

  // L_valid(w', a)
  flat_.gradients.zero_();
  clearArchitectureGradient();
  weights.push_back(architecture);
  const Outcome out = backward(valid, weights);
  const at::Tensor gradient = architecture.grad();
  {
    const c10::NoGradGuard noGrad;
    flat_.values.copy_(kept);
    auto buffer = buffers.begin();
    for (const networks::Weight& weight : supernet_.weights().all()) {
      if (!weight.parameter) weight.tensor.copy_(*buffer++);
    }
  }

  // dL_train/da at w + R v and at w - R v, for the product of the Hessian with v
  const at::Tensor direction = flat_.gradients.clone();
  const double reach = kPerturbation / normOf(direction);
  const auto move = [&](double by) {
    const c10::NoGradGuard noGrad;
    flat_.values.add_(direction, by);
  };
  move(reach);
  const at::Tensor above = architectureGradient(train);
  move(-2 * reach);
  const at::Tensor below = architectureGradient(train);
  move(reach);
  architecture.mutable_grad() = gradient.sub(above.sub(below).div_(2 * reach), learningRate);
  adam_->step();
  return out;
}

WeightSharing::Outcome WeightSharing::evaluate(const LabelledImages& batch, Pass pass, const PassOptions& options) {
  const c10::NoGradGuard noGrad;
  const networks::Supernet::Output out = forward(batch.images, pass, options);
  return {metricsOf(crossEntropy(out.logits, batch.labels), out.logits, batch.labels), out.cells};
}

WeightSharing::Sampled WeightSharing::sample(bool learn) {
  if (!controller_) throw NetworkError("BAD_CONFIG", "this supernet has no controller");
  std::optional<c10::NoGradGuard> noGrad;
  if (!learn) noGrad.emplace();
  networks::Controller::Sample made = controller_->sample();
  const Sampled out{made.cell, made.logProbability.item<double>(), made.entropy.item<double>()};
  if (learn) sampled_ = std::move(made);
  return out;
}

WeightSharing::Reinforced WeightSharing::reinforce(const Reinforcement& given) {
  if (!sampled_.entropy.defined()) throw NetworkError("BAD_CONFIG", "expected a cell to have been sampled");
  const at::Tensor reward = sampled_.entropy.mul(given.entropyWeight).add(given.accuracy);
  at::Tensor baseline = reward.detach().clone().fill_(given.accuracy);
  // The reward's gradient goes through the baseline as well.
  if (given.baseline) baseline = reward.sub(*given.baseline).mul(1 - given.baselineDecay).add(*given.baseline);
  const at::Tensor loss = sampled_.logProbability.neg().mul(reward.sub(baseline));
  loss.div(static_cast<double>(given.aggregate)).backward();
  sampled_ = {};
  return {loss.item<double>(), reward.item<double>(), baseline.item<double>()};
}

void WeightSharing::controllerStep(double clip) {
  if (!controller_) throw NetworkError("BAD_CONFIG", "this supernet has no controller");
  {
    const c10::NoGradGuard noGrad;
    double squares = 0;
    for (const at::Tensor& parameter : adam_->parameters()) {
      if (parameter.grad().defined()) squares += std::pow(normOf(parameter.grad()), 2);
    }
    const double factor = clipFactor(std::sqrt(squares), clip);
    for (const at::Tensor& parameter : adam_->parameters()) {
      if (parameter.grad().defined()) parameter.grad().mul_(factor);
    }
  }
  adam_->step();
  for (const at::Tensor& parameter : adam_->parameters()) {
    if (parameter.grad().defined()) parameter.grad().zero_();
  }
}

std::vector<int64_t> WeightSharing::random(int64_t count) {
  const at::Tensor drawn = at::empty({count}, at::kLong).random_(generator_);
  const auto* values = static_cast<const int64_t*>(drawn.data_ptr());
  return {values, values + count};
}

void WeightSharing::skipUniform(int64_t count) { (void)at::rand({count}, generator_); }

at::Tensor WeightSharing::permutation(int64_t count) { return at::randperm(count, generator_, at::kLong); }

std::vector<networks::Weight> WeightSharing::state() const {
  const c10::NoGradGuard noGrad;
  std::vector<networks::Weight> out;
  const auto add = [&](std::string name, const at::Tensor& tensor, bool parameter = false) {
    out.push_back({std::move(name), copied(tensor), parameter});
  };
  for (const networks::Weight& weight : supernet_.weights().all()) {
    add("search_model." + weight.name, weight.tensor, weight.parameter);
  }
  if (controller_) {
    for (const networks::Weight& weight : controller_->weights().all()) {
      add("controller." + weight.name, weight.tensor, true);
    }
  }
  at::Tensor touched = at::zeros({static_cast<int64_t>(flat_.size())}, at::kByte);
  for (size_t i = 0; i < flat_.size(); ++i) {
    static_cast<uint8_t*>(touched.data_ptr())[i] = touched_[i];
    add("w_optimizer." + std::to_string(i), flat_.part(flat_.momenta, i));
  }
  add("touched", touched);
  if (adam_) {
    for (size_t i = 0; i < adam_->parameters().size(); ++i) {
      const Adam::Moments& moments = adam_->moments()[i];
      const std::string name = "a_optimizer." + std::to_string(i);
      const at::Tensor& like = adam_->parameters()[i];
      add(name + ".exp_avg", moments.first.defined() ? moments.first : at::zeros_like(like));
      add(name + ".exp_avg_sq", moments.second.defined() ? moments.second : at::zeros_like(like));
      add(name + ".step", at::empty({}, at::kLong).fill_(moments.steps));
    }
  }
  // It counts in the next step's norm where gradients are clipped.
  const at::Tensor& architecture = supernet_.architecture();
  if (architecture.defined()) {
    const bool there = architecture.grad().defined();
    add("architecture_gradient", there ? architecture.grad() : at::zeros_like(architecture));
  }
  add("generator", generator_.get_state());
  return out;
}

void WeightSharing::load(const std::vector<networks::StoredTensor>& tensors) {
  std::unordered_map<std::string, at::Tensor> given;
  for (const networks::StoredTensor& tensor : tensors) given.emplace(tensor.name, read(tensor));
  const std::vector<networks::Weight> own = state();
  std::unordered_map<std::string, at::Tensor> values;
  for (const networks::Weight& weight : own) {
    const auto found = given.find(weight.name);
    if (found == given.end()) throw NetworkError("MISSING_TENSOR", "the checkpoint lacks the tensor " + weight.name);
    if (found->second.sizes() != weight.tensor.sizes() || found->second.scalar_type() != weight.tensor.scalar_type()) {
      throw NetworkError("MISSHAPEN_TENSOR", "the tensor " + weight.name + " is not of this search's shape and type");
    }
    values.emplace(weight.name, found->second);
  }
  if (given.size() != own.size())
    throw NetworkError("UNEXPECTED_TENSOR", "the checkpoint has tensors of another search");
  const c10::NoGradGuard noGrad;
  for (const networks::Weight& weight : supernet_.weights().all()) {
    weight.tensor.copy_(values["search_model." + weight.name]);
  }
  if (controller_) {
    for (const networks::Weight& weight : controller_->weights().all()) {
      weight.tensor.copy_(values["controller." + weight.name]);
    }
  }
  const auto* touched = static_cast<const uint8_t*>(values["touched"].data_ptr());
  untouched_ = 0;
  for (size_t i = 0; i < flat_.size(); ++i) {
    touched_[i] = touched[i] != 0;
    if (!touched_[i]) ++untouched_;
    flat_.part(flat_.momenta, i).copy_(values["w_optimizer." + std::to_string(i)]);
  }
  for (size_t i = 0; adam_ && i < adam_->parameters().size(); ++i) {
    Adam::Moments& moments = adam_->moments()[i];
    const std::string name = "a_optimizer." + std::to_string(i);
    const at::Device device = adam_->parameters()[i].device();
    moments.first = values[name + ".exp_avg"].to(device);
    moments.second = values[name + ".exp_avg_sq"].to(device);
    moments.steps = values[name + ".step"].item<int64_t>();
  }
  const at::Tensor& architecture = supernet_.architecture();
  if (architecture.defined()) architecture.mutable_grad() = values["architecture_gradient"].to(architecture.device());
  generator_.set_state(values["generator"]);
}

}  // namespace nb201::training
