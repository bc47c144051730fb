// A cell (xautodl/models/cell_infers/cells.py InferCell) and the residual block that halves the image
// (cell_operations.py ResNetBasicblock).
#pragma once

#include <array>
#include <vector>

#include "networks/layers.h"

namespace nb201::networks {

// In the search space's order.
enum class Operation : uint8_t { None, SkipConnect, Conv1x1, Conv3x3, AvgPool3x3 };
constexpr size_t kOperations = 5;

// Of the edges 1<-0, 2<-0, 2<-1, 3<-0, 3<-1, 3<-2.
constexpr size_t kNodes = 4;
constexpr size_t kEdges = 6;
using CellOperations = std::array<Operation, kEdges>;

// What one stage of the network does to its input.
class Stage {
 public:
  virtual ~Stage() = default;
  virtual at::Tensor forward(const at::Tensor& x, Pass pass) = 0;
  virtual void weightsChanged() = 0;
};

// An operation between two nodes. Where it changes the number of channels, skip_connect is a 1x1 convolution with batch
// norm (FactorizedReduce of stride 1) and avg_pool_3x3 has a ReLUConvBN before it.
class Edge {
 public:
  Edge(Building& building, const std::string& name, Operation operation, int64_t in, int64_t out);

  Operation operation() const { return operation_; }
  // Whether it begins with a ReLU, which the edges out of a node share.
  bool takesRelu() const { return relu_; }
  // `x` is what its node gives, through a ReLU where takesRelu().
  at::Tensor operator()(const at::Tensor& x, Pass pass);
  void weightsChanged() {
    if (conv_) conv_->weightsChanged();
  }

 private:
  Operation operation_;
  bool relu_;
  int64_t in_, out_;
  std::optional<ConvBN> conv_;
};

class Cell final : public Stage {
 public:
  Cell(Building& building, const std::string& name, const CellOperations& operations, int64_t in, int64_t out);

  at::Tensor forward(const at::Tensor& x, Pass pass) override;
  void weightsChanged() override;

 private:
  at::Tensor infer(const at::Tensor& x);

  int64_t out_;
  std::vector<Edge> edges_;
  std::array<bool, kNodes> needed_{};  // whether the cell's output depends on the node
};

class ReductionBlock final : public Stage {
 public:
  ReductionBlock(Building& building, const std::string& name, int64_t in, int64_t out);

  at::Tensor forward(const at::Tensor& x, Pass pass) override;
  void weightsChanged() override;

 private:
  ConvBN convA_, convB_;
  Conv2d downsample_;
};

}  // namespace nb201::networks
