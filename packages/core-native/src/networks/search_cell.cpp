#include "networks/search_cell.h"

#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/zeros_like.h>

namespace nb201::networks {

namespace {

// The node that an edge comes from, and the one that it goes to.
constexpr std::array<size_t, kEdges> kFrom{0, 0, 1, 0, 1, 2};
constexpr std::array<size_t, kEdges> kTo{1, 2, 2, 3, 3, 3};

constexpr std::array<Operation, 2> kConvolutions{Operation::Conv1x1, Operation::Conv3x3};

bool isConvolution(Operation operation) { return operation == Operation::Conv1x1 || operation == Operation::Conv3x3; }

bool isLastOfNode(size_t edge) { return edge + 1 == kEdges || kTo[edge + 1] != kTo[edge]; }

int64_t paddingOf(Operation operation) { return operation == Operation::Conv3x3 ? 1 : 0; }

// A sum that begins with what comes first.
void addTo(at::Tensor& sum, const at::Tensor& value) { sum = sum.defined() ? sum.add(value) : value; }

}  // namespace

EdgeWeights::EdgeWeights(const at::Tensor& weights) : scalars_(weights.reshape({-1}).unbind()) {}

const at::Tensor& EdgeWeights::repeated(size_t edge, Operation operation, int64_t channels) {
  at::Tensor& known = repeated_[{place(edge, operation), channels}];
  if (!known.defined()) known = of(edge, operation).expand({channels}).contiguous();
  return known;
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
}

SearchCell::Range SearchCell::parameters(size_t edge, Operation operation) const {
  return isConvolution(operation) ? convolution(edge, operation).parameters : Range{};
}

// The weight of a convolution is the scale of its batch norm, which costs nothing more.
at::Tensor SearchCell::mixture(const at::Tensor& x, EdgeWeights& weights, Pass pass) {
  std::array<at::Tensor, kNodes> nodes{x};
  std::vector<Source> sources{Source(x)};
  for (size_t edge = 0; edge < kEdges; ++edge) {
    Source& source = sources[kFrom[edge]];
    at::Tensor sum = operation(source, edge, Operation::Conv1x1, &weights, pass);
    sum.add_(operation(source, edge, Operation::Conv3x3, &weights, pass));
    sum.addcmul_(source.x(), weights.of(edge, Operation::SkipConnect));
    sum.addcmul_(source.pooled(), weights.of(edge, Operation::AvgPool3x3));
    addTo(nodes[kTo[edge]], sum);
    if (isLastOfNode(edge)) sources.emplace_back(nodes[kTo[edge]]);
  }
  return nodes.back();
}

at::Tensor SearchCell::operation(Source& source, size_t edge, Operation operation, EdgeWeights* weights, Pass pass) {
  if (operation == Operation::None) return {};
  if (!isConvolution(operation)) {
    const at::Tensor& y = operation == Operation::AvgPool3x3 ? source.pooled() : source.x();
    return weights ? y.mul(weights->of(edge, operation)) : y;
  }
  const Convolution& one = convolution(edge, operation);
  const at::Tensor y = at::conv2d(source.relu(), one.weight, one.bias, /*stride=*/1, paddingOf(operation));
  if (!weights) return one.norm(y, pass);
  const at::Tensor& by = weights->repeated(edge, operation, channels_);
  if (!one.norm.scale.defined()) return one.norm.normalise(y, by, {}, pass);
  return one.norm.normalise(y, one.norm.scale.mul(by), one.norm.shift.mul(by), pass);
}

at::Tensor SearchCell::chosen(const at::Tensor& x, const CellOperations& operations, Pass pass) {
  std::array<at::Tensor, kNodes> nodes{x};
  std::vector<Source> sources{Source(x)};
  for (size_t edge = 0; edge < kEdges; ++edge) {
    at::Tensor& node = nodes[kTo[edge]];
    const at::Tensor y = operation(sources[kFrom[edge]], edge, operations[edge], nullptr, pass);
    if (y.defined()) addTo(node, y);
    if (!isLastOfNode(edge)) continue;
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
    const at::Tensor y = operation(sources[kFrom[edge]], edge, operations[edge], &weights, pass);
    if (y.defined()) addTo(node, y);
    addTo(bare, others[edge]);
    if (!isLastOfNode(edge)) continue;
    node = (node.defined() ? node : at::zeros_like(x)).add(bare);
    bare = at::Tensor();
    sources.emplace_back(node);
  }
  return nodes.back();
}

}  // namespace nb201::networks
