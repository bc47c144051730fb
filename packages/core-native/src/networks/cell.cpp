#include "networks/cell.h"

#include <ATen/ops/add.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/zeros.h>

namespace nb201::networks {

namespace {

constexpr std::array<size_t, kEdges> kInputs{0, 0, 1, 0, 1, 2};
// The first edge into each node but the input.
constexpr std::array<size_t, kNodes> kFirstEdge{0, 0, 1, 3};

bool hasConv(Operation operation, bool sameChannels) {
  switch (operation) {
    case Operation::None: return false;
    case Operation::SkipConnect:
    case Operation::AvgPool3x3: return !sameChannels;
    case Operation::Conv1x1:
    case Operation::Conv3x3: return true;
  }
  return false;
}

ConvBN convOf(Building& building, const std::string& name, Operation operation, int64_t in, int64_t out) {
  switch (operation) {
    case Operation::SkipConnect: return {building, name + ".conv", name + ".bn", {in, out, 1}};
    case Operation::AvgPool3x3: return reluConvBN(building, name + ".preprocess", {in, out, 1});
    default: return reluConvBN(building, name, {in, out, operation == Operation::Conv3x3 ? 3 : 1});
  }
}

at::Tensor zeros(const at::Tensor& like, int64_t channels) {
  return at::zeros({like.size(0), channels, like.size(2), like.size(3)}, like.options());
}

}  // namespace

Edge::Edge(Building& building, const std::string& name, Operation operation, int64_t in, int64_t out)
    : operation_(operation),
      relu_(operation != Operation::SkipConnect && hasConv(operation, in == out)),
      in_(in),
      out_(out) {
  if (hasConv(operation, in == out)) conv_.emplace(convOf(building, name, operation, in, out));
}

at::Tensor Edge::operator()(const at::Tensor& x, Pass pass) {
  if (operation_ == Operation::None) return in_ == out_ ? x.mul(0.0) : zeros(x, out_);
  const at::Tensor y = conv_ ? (*conv_)(x, pass) : x;
  if (operation_ != Operation::AvgPool3x3) return y;
  return at::avg_pool2d(y, /*kernel_size=*/3, /*stride=*/1, /*padding=*/1, /*ceil_mode=*/false,
                        /*count_include_pad=*/false);
}

Cell::Cell(Building& building, const std::string& name, const CellOperations& operations, int64_t in, int64_t out)
    : out_(out) {
  for (size_t e = 0; e < kEdges; ++e) {
    edges_.emplace_back(building, name + ".layers." + std::to_string(e), operations[e], kInputs[e] == 0 ? in : out,
                        out);
  }
  needed_[kNodes - 1] = true;
  for (size_t node = kNodes; node-- > 1;) {
    for (size_t e = kFirstEdge[node]; needed_[node] && e < kFirstEdge[node] + node; ++e) {
      if (operations[e] != Operation::None) needed_[kInputs[e]] = true;
    }
  }
}

at::Tensor Cell::forward(const at::Tensor& x, Pass pass) {
  if (pass == Pass::Inference) return infer(x);
  std::array<at::Tensor, kNodes> nodes{x};
  for (size_t node = 1; node < kNodes; ++node) {
    for (size_t e = kFirstEdge[node]; e < kFirstEdge[node] + node; ++e) {
      const at::Tensor& input = nodes[kInputs[e]];
      const at::Tensor y = edges_[e](edges_[e].takesRelu() ? at::relu(input) : input, pass);
      if (nodes[node].defined()) nodes[node] = nodes[node].add(y);
      // The reference's sum starts with 0 + y. It makes a node of its own for the gradients, which else would be added
      // up in another order where the first operation is skip_connect.
      else nodes[node] = y.is_same(input) ? y.add(0) : y;
    }
  }
  return nodes.back();
}

// Leaves out what the output does not depend on, and takes the ReLU of a node once. Where numbers overflow it differs
// from the reference, whose `none` makes NaN of an infinity.
at::Tensor Cell::infer(const at::Tensor& x) {
  std::array<at::Tensor, kNodes> nodes{x}, relus;
  for (size_t node = 1; node < kNodes; ++node) {
    if (!needed_[node]) continue;
    bool own = false;  // whether the sum so far is a tensor that nobody else has
    for (size_t e = kFirstEdge[node]; e < kFirstEdge[node] + node; ++e) {
      Edge& edge = edges_[e];
      if (edge.operation() == Operation::None) continue;
      const size_t from = kInputs[e];
      if (edge.takesRelu() && !relus[from].defined()) relus[from] = at::relu(nodes[from]);
      const at::Tensor& input = edge.takesRelu() ? relus[from] : nodes[from];
      const at::Tensor y = edge(input, Pass::Inference);
      const bool fresh = !y.is_same(input);
      if (!nodes[node].defined()) {
        nodes[node] = y;
        own = fresh;
      } else if (own) {
        nodes[node].add_(y);
      } else {
        nodes[node] = at::add(nodes[node], y);
        own = true;
      }
    }
    if (!nodes[node].defined()) nodes[node] = zeros(x, out_);
  }
  return nodes.back();
}

void Cell::weightsChanged() {
  for (Edge& edge : edges_) edge.weightsChanged();
}

ReductionBlock::ReductionBlock(Building& building, const std::string& name, int64_t in, int64_t out)
    : convA_(reluConvBN(building, name + ".conv_a", {in, out, 3, 2})),
      convB_(reluConvBN(building, name + ".conv_b", {out, out, 3})),
      downsample_(building, name + ".downsample.1", {in, out, 1}) {}

at::Tensor ReductionBlock::forward(const at::Tensor& x, Pass pass) {
  const at::Tensor block = convB_(at::relu(convA_(at::relu(x), pass)), pass);
  return downsample_(at::avg_pool2d(x, /*kernel_size=*/2, /*stride=*/2)).add(block);
}

void ReductionBlock::weightsChanged() {
  convA_.weightsChanged();
  convB_.weightsChanged();
}

}  // namespace nb201::networks
