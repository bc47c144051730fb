#include "networks/search_cell.h"

#include <ATen/ops/addcmul.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

namespace nb201::networks {

namespace {

// The node that an edge comes from, and the one that it goes to.
constexpr std::array<size_t, kEdges> kFrom{0, 0, 1, 0, 1, 2};
constexpr std::array<size_t, kEdges> kTo{1, 2, 2, 3, 3, 3};

const std::array<std::vector<size_t>, kNodes - 1> kEdgesFrom{{{0, 1, 3}, {2, 4}, {5}}};
constexpr std::array<Operation, 2> kConvolutions{Operation::Conv1x1, Operation::Conv3x3};

bool isConvolution(Operation operation) { return operation == Operation::Conv1x1 || operation == Operation::Conv3x3; }

int64_t paddingOf(Operation operation) { return operation == Operation::Conv3x3 ? 1 : 0; }

// A sum that begins with what comes first.
void addTo(at::Tensor& sum, const at::Tensor& value) { sum = sum.defined() ? sum.add(value) : value; }

}  // namespace

EdgeWeights::EdgeWeights(const at::Tensor& weights) : scalars_(weights.reshape({-1}).unbind()) {}

const at::Tensor& EdgeWeights::repeated(const std::vector<size_t>& edges, Operation operation, int64_t channels) {
  for (const Repeated& known : repeated_) {
    if (known.first == edges.front() && known.operation == operation && known.channels == channels) return known.values;
  }
  std::vector<at::Tensor> each;
  for (const size_t edge : edges) each.push_back(of(edge, operation));
  const auto count = static_cast<int64_t>(edges.size());
  at::Tensor values = at::stack(each).view({-1, 1}).expand({count, channels}).reshape({-1});
  repeated_.push_back({edges.front(), operation, channels, std::move(values)});
  return repeated_.back().values;
}

// What the operations out of a node are given; what several take is made once.
class SearchCell::Source {
 public:
  explicit Source(at::Tensor x) : x_(std::move(x)) {}
  const at::Tensor& x() const { return x_; }
  const at::Tensor& relu() {
    if (!relu_.defined()) relu_ = at::relu(x_);
    return relu_;
  }
  const at::Tensor& pooled() {
    if (!pooled_.defined()) {
      pooled_ = at::avg_pool2d(x_, /*kernel_size=*/3, /*stride=*/1, /*padding=*/1, /*ceil_mode=*/false,
                               /*count_include_pad=*/false);
    }
    return pooled_;
  }

 private:
  at::Tensor x_, relu_, pooled_;
};

SearchCell::SearchCell(Building& building, const std::string& name, int64_t channels, const NormOptions& norms)
    : channels_(channels) {
  for (size_t edge = 0; edge < kEdges; ++edge) {
    const std::string edgeName = name + ".edges." + std::to_string(kTo[edge]) + "<-" + std::to_string(kFrom[edge]);
    for (const Operation operation : kConvolutions) {
      const std::string opName = edgeName + "." + std::to_string(static_cast<int>(operation)) + ".op";
      const int64_t kernel = 1 + 2 * paddingOf(operation);
      Convolution& made = convolution(edge, operation);
      made.parameters.begin = building.weights.all().size();
      made.weight = building.weights.parameter(opName + ".1.weight",
                                               building.initialiser.weight({channels, channels, kernel, kernel}));
      if (!norms.affine) {
        made.bias = building.weights.parameter(opName + ".1.bias",
                                               building.initialiser.bias(channels, channels * kernel * kernel));
      }
      made.norm = SearchNorm(building, opName + ".2", channels, norms);
      made.parameters.end = building.weights.all().size();
    }
  }
  for (const std::vector<size_t>& edges : kEdgesFrom) {
    for (const Operation operation : kConvolutions) groups_.push_back({operation, edges, {}, {}});
  }
}

SearchCell::Range SearchCell::parameters(size_t edge, Operation operation) const {
  return isConvolution(operation) ? convolution(edge, operation).parameters : Range{};
}

void SearchCell::layOut() {
  const c10::NoGradGuard noGrad;
  for (Group& group : groups_) {
    std::vector<at::Tensor> means, variances;
    for (const size_t edge : group.edges) {
      const SearchNorm& norm = convolution(edge, group.operation).norm;
      if (!norm.runningMean.defined()) return;
      means.push_back(norm.runningMean);
      variances.push_back(norm.runningVariance);
    }
    group.mean = at::cat(means);
    group.variance = at::cat(variances);
    for (size_t i = 0; i < means.size(); ++i) {
      const int64_t at = static_cast<int64_t>(i) * channels_;
      means[i].set_data(group.mean.narrow(0, at, channels_));
      variances[i].set_data(group.variance.narrow(0, at, channels_));
    }
  }
}

// The weights are the scale of the batch norm, which costs nothing more.
at::Tensor SearchCell::group(const Group& group, const at::Tensor& x, EdgeWeights& weights, Pass pass) {
  std::vector<at::Tensor> kernels, biases, scales, shifts;
  for (const size_t edge : group.edges) {
    const Convolution& one = convolution(edge, group.operation);
    kernels.push_back(one.weight);
    if (one.bias.defined()) biases.push_back(one.bias);
    if (one.norm.scale.defined()) {
      scales.push_back(one.norm.scale);
      shifts.push_back(one.norm.shift);
    }
    if (pass == Pass::Training && one.norm.batches.defined()) one.norm.batches.add_(1);
  }
  const at::Tensor y = at::conv2d(x, at::cat(kernels), biases.empty() ? at::Tensor() : at::cat(biases), /*stride=*/1,
                                  paddingOf(group.operation));
  const at::Tensor& by = weights.repeated(group.edges, group.operation, channels_);
  if (scales.empty()) return normalised(y, by, {}, group.mean, group.variance, pass);
  return normalised(y, at::cat(scales).mul(by), at::cat(shifts).mul(by), group.mean, group.variance, pass);
}

at::Tensor SearchCell::mixture(const at::Tensor& x, EdgeWeights& weights, Pass pass) {
  std::array<at::Tensor, kNodes> nodes{x};
  for (size_t from = 0; from + 1 < kNodes; ++from) {
    Source source(nodes[from]);
    at::Tensor convolved = group(groups_[2 * from], source.relu(), weights, pass);
    convolved = convolved.add(group(groups_[2 * from + 1], source.relu(), weights, pass));
    const std::vector<at::Tensor> parts = convolved.split(channels_, 1);
    for (size_t i = 0; i < parts.size(); ++i) {
      const size_t edge = kEdgesFrom[from][i];
      at::Tensor sum = at::addcmul(parts[i], source.x(), weights.of(edge, Operation::SkipConnect));
      sum.addcmul_(source.pooled(), weights.of(edge, Operation::AvgPool3x3));
      addTo(nodes[kTo[edge]], sum);
    }
  }
  return nodes.back();
}

at::Tensor SearchCell::exactMixture(const at::Tensor& x, EdgeWeights& weights, Pass pass) {
  std::array<at::Tensor, kNodes> nodes{x};
  for (size_t edge = 0; edge < kEdges; ++edge) {
    const at::Tensor& input = nodes[kFrom[edge]];
    at::Tensor sum = input.mul(0.0).mul(weights.of(edge, Operation::None));
    for (const Operation kind : {Operation::SkipConnect, Operation::Conv1x1, Operation::Conv3x3, Operation::AvgPool3x3}) {
      Source own(input);  // nothing is shared
      sum = sum.add(operation(own, edge, kind, {}, pass).mul(weights.of(edge, kind)));
    }
    addTo(nodes[kTo[edge]], sum);
  }
  return nodes.back();
}

// Undefined: nothing but zeros.
at::Tensor SearchCell::operation(Source& source, size_t edge, Operation operation, const at::Tensor& weight,
                                 Pass pass) {
  if (operation == Operation::None) return {};
  if (!isConvolution(operation)) {
    const at::Tensor& y = operation == Operation::AvgPool3x3 ? source.pooled() : source.x();
    return weight.defined() ? y.mul(weight) : y;
  }
  const Convolution& one = convolution(edge, operation);
  const at::Tensor y = at::conv2d(source.relu(), one.weight, one.bias, /*stride=*/1, paddingOf(operation));
  if (!weight.defined()) return one.norm(y, pass);
  const at::Tensor by = weight.expand({channels_});
  if (!one.norm.scale.defined()) return one.norm.normalise(y, by, {}, pass);
  return one.norm.normalise(y, one.norm.scale.mul(by), one.norm.shift.mul(by), pass);
}

at::Tensor SearchCell::chosen(const at::Tensor& x, const CellOperations& operations, Pass pass) {
  std::array<at::Tensor, kNodes> nodes{x};
  std::vector<Source> sources{Source(x)};
  for (size_t edge = 0; edge < kEdges; ++edge) {
    at::Tensor& node = nodes[kTo[edge]];
    const at::Tensor y = operation(sources[kFrom[edge]], edge, operations[edge], {}, pass);
    if (y.defined()) addTo(node, y);
    if (edge + 1 < kEdges && kTo[edge + 1] == kTo[edge]) continue;
    if (!node.defined()) node = at::zeros_like(x);
    sources.emplace_back(node);
  }
  return nodes.back();
}

at::Tensor SearchCell::gumbel(const at::Tensor& x, const CellOperations& operations, EdgeWeights& weights,
                              const std::array<at::Tensor, kEdges>& others, Pass pass) {
  std::array<at::Tensor, kNodes> nodes{x};
  std::vector<Source> sources{Source(x)};
  at::Tensor bare;
  for (size_t edge = 0; edge < kEdges; ++edge) {
    at::Tensor& node = nodes[kTo[edge]];
    const at::Tensor y =
        operation(sources[kFrom[edge]], edge, operations[edge], weights.of(edge, operations[edge]), pass);
    if (y.defined()) addTo(node, y);
    addTo(bare, others[edge]);
    if (edge + 1 < kEdges && kTo[edge + 1] == kTo[edge]) continue;
    node = (node.defined() ? node : at::zeros_like(x)).add(bare);
    bare = at::Tensor();
    sources.emplace_back(node);
  }
  return nodes.back();
}

}  // namespace nb201::networks
