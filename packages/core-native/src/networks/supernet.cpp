#include "networks/supernet.h"

#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/softmax.h>
#include <c10/core/GradMode.h>

#include "networks/error.h"

namespace nb201::networks {

namespace {

constexpr int64_t kImageChannels = 3;
constexpr double kArchitectureScale = 1e-3;

}  // namespace

Supernet::Supernet(const SupernetShape& shape, at::Generator generator)
    : shape_(shape), generator_(std::move(generator)) {
  Initialiser initialiser(generator_);
  Building building{weights_, initialiser};
  const std::string hidden = shape.generic ? "_" : "";
  const std::vector<int64_t> architectureShape{kEdges, kOperations};
  if (shape.architectureDraws > 0) {
    architecture_ = weights_.parameter("arch_parameters", at::empty(architectureShape, at::kFloat));
  }
  stem_ = std::make_unique<ConvBN>(building, hidden + "stem.0", hidden + "stem.1",
                                   ConvShape{kImageChannels, shape.channels, 3});
  int64_t channels = shape.channels;
  for (int third = 0; third < 3; ++third) {
    const auto name = [&] { return hidden + "cells." + std::to_string(stages_.size()); };
    if (third > 0) {
      stages_.push_back({nullptr, std::make_unique<ReductionBlock>(building, name(), channels, 2 * channels)});
      channels *= 2;
    }
    for (int64_t i = 0; i < shape.cells; ++i) {
      stages_.push_back({std::make_unique<SearchCell>(building, name(), channels, shape.norms), nullptr});
    }
  }
  lastNorm_ = SearchNorm(building, "lastact.0", channels, shape.generic ? shape.norms : NormOptions{true, true});
  classifierWeight_ = weights_.parameter("classifier.weight", initialiser.weight({shape.classes, channels}));
  classifierBias_ = weights_.parameter("classifier.bias", initialiser.bias(shape.classes, channels));
  // First by name, and drawn last.
  const c10::NoGradGuard noGrad;
  for (int i = 0; i < shape.architectureDraws; ++i) {
    architecture_.copy_(at::randn(architectureShape, generator_).mul_(kArchitectureScale));
  }
}

void Supernet::to(const at::Device& device) {
  for (const Weight& weight : weights_.all()) weight.tensor.set_data(weight.tensor.to(device));
}

std::vector<size_t> Supernet::used(const std::vector<CellOperations>& cells) const {
  std::vector<bool> use(weights_.all().size(), true);
  size_t number = 0;
  for (const SupernetStage& stage : stages_) {
    if (!stage.cell) continue;
    if (cells.empty()) break;
    const CellOperations& cell = cells[cells.size() == 1 ? 0 : number];
    ++number;
    for (size_t edge = 0; edge < kEdges; ++edge) {
      for (const Operation operation : {Operation::Conv1x1, Operation::Conv3x3}) {
        const SearchCell::Range range = stage.cell->parameters(edge, operation);
        for (size_t i = range.begin; i < range.end; ++i) use[i] = cell[edge] == operation;
      }
    }
  }
  std::vector<size_t> out;
  for (size_t i = 0; i < use.size(); ++i) {
    const Weight& weight = weights_.all()[i];
    if (use[i] && weight.parameter && !weight.tensor.is_same(architecture_)) out.push_back(i);
  }
  return out;
}

// Straight-through Gumbel-softmax. The noise is drawn on the CPU, so that a seed means the same on every device.
Supernet::GumbelDraw Supernet::draw(double temperature) {
  for (;;) {
    const at::Tensor noise = at::empty(architecture_.sizes(), at::kFloat).exponential_(1, generator_).log_().neg_();
    const at::Tensor logits = at::log_softmax(architecture_, 1).add(noise.to(device())).div(temperature);
    const at::Tensor probabilities = at::softmax(logits, 1);
    if (!(noise.isfinite().all().item<bool>() && probabilities.isfinite().all().item<bool>())) continue;
    const at::Tensor index = probabilities.detach().argmax(1);
    const at::Tensor one = at::one_hot(index, static_cast<int64_t>(kOperations)).to(at::kFloat);
    GumbelDraw out;
    out.weights = one.sub(probabilities.detach()).add(probabilities);
    const std::vector<at::Tensor> others = out.weights.mul(one.neg().add(1)).sum(1).unbind();
    const at::Tensor chosen = index.to(at::kCPU);
    for (size_t edge = 0; edge < kEdges; ++edge) {
      out.cell[edge] = static_cast<Operation>(chosen[static_cast<int64_t>(edge)].item<int64_t>());
      out.others[edge] = others[edge];
    }
    return out;
  }
}

Supernet::Output Supernet::forward(const at::Tensor& images, const Choice& choice, const Options& options) {
  checkImages(images, device());
  const Pass pass = options.pass;
  if (!std::holds_alternative<Cells>(choice) && !architecture_.defined()) {
    throw NetworkError("BAD_CONFIG", "this supernet has no architecture parameters to choose by: give it a cell");
  }
  Output out;
  std::optional<EdgeWeights> weights;
  std::optional<GumbelDraw> drawn;
  if (std::holds_alternative<Mixture>(choice)) {
    weights.emplace(at::softmax(architecture_, 1));
  } else if (const auto* gumbel = std::get_if<Gumbel>(&choice)) {
    drawn = draw(gumbel->temperature);
    weights.emplace(drawn->weights);
    out.cells = {drawn->cell};
  } else {
    out.cells = std::get<Cells>(choice).each;
    if (out.cells.size() != 1 && out.cells.size() != static_cast<size_t>(3 * shape_.cells)) {
      throw NetworkError("BAD_CONFIG", "expected one cell, or one for each of " + std::to_string(3 * shape_.cells));
    }
  }
  const at::MemoryFormat order = options.channelsLast ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  at::Tensor x = (*stem_)(images.contiguous(order), pass);
  size_t number = 0;
  for (SupernetStage& stage : stages_) {
    if (options.checkpoint) options.checkpoint();
    if (stage.reduction) {
      x = stage.reduction->forward(x, pass);
    } else {
      SearchCell& cell = *stage.cell;
      if (drawn) x = cell.gumbel(x, drawn->cell, *weights, drawn->others, pass);
      else if (weights) x = cell.mixture(x, *weights, pass);
      else x = cell.chosen(x, out.cells[out.cells.size() == 1 ? 0 : number], pass);
      ++number;
    }
    if (options.dropPath > 0) {
      const double kept = 1 - options.dropPath;
      const at::Tensor mask = at::empty({x.size(0), 1, 1, 1}, at::kFloat).bernoulli_(kept, generator_);
      x = x.div(kept).mul(mask.to(x.device()));
    }
  }
  x = at::relu(lastNorm_(x, pass));
  const at::Tensor features = at::adaptive_avg_pool2d(x, {1, 1}).view({x.size(0), -1});
  out.logits = at::linear(features, classifierWeight_, classifierBias_);
  return out;
}

}  // namespace nb201::networks
