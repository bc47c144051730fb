// The layers that cells and reduction blocks are made of (xautodl/models/cell_operations.py).
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>

#include "networks/initialiser.h"
#include "networks/weights.h"

namespace nb201::networks {

// Where a layer's weights go, and what draws them.
struct Building {
  Weights& weights;
  Initialiser& initialiser;
};

// How a forward pass treats batch norms.
enum class Pass {
  Training,    // statistics of the batch; running ones are updated
  Evaluation,  // running statistics, the reference's operations one by one
  Inference,   // running statistics, convolution and batch norm in one operation; nothing can be differentiated
};

// The order of an image's values in memory that Inference is fastest with: on a CPU averaging over 3x3 pixels takes a
// fourth to a tenth of the time with the channels last.
at::MemoryFormat inferenceFormat(const at::Device& device);

struct ConvShape {
  int64_t in, out, kernel, stride = 1;
  int64_t padding() const { return kernel / 2; }
};

class Conv2d {
 public:
  Conv2d(Building& building, const std::string& name, ConvShape shape);
  at::Tensor operator()(const at::Tensor& x) const;
  const at::Tensor& weight() const { return weight_; }
  const ConvShape& shape() const { return shape_; }

 private:
  ConvShape shape_;
  at::Tensor weight_;
};

class BatchNorm2d {
 public:
  BatchNorm2d(Building& building, const std::string& name, int64_t channels);
  at::Tensor operator()(const at::Tensor& x, Pass pass) const;
  // With running statistics it is x * scale + shift, channel by channel.
  at::Tensor scale() const;
  at::Tensor shift(const at::Tensor& scale) const;

 private:
  at::Tensor weight_, bias_, runningMean_, runningVar_, batches_;
};

// A convolution without bias and the batch norm behind it.
class ConvBN {
 public:
  ConvBN(Building& building, const std::string& conv, const std::string& bn, ConvShape shape)
      : conv_(building, conv, shape), bn_(building, bn, shape.out) {}
  at::Tensor operator()(const at::Tensor& x, Pass pass);
  // What Inference computes with is made of the weights, for the images that come first, once, and anew after this.
  void weightsChanged() { folded_.reset(); }

 private:
  struct Folded {
    at::Tensor weight, bias;
  };
  // For images in this order; in autocast's type.
  Folded fold(at::MemoryFormat order) const;

  Conv2d conv_;
  BatchNorm2d bn_;
  std::optional<Folded> folded_;
};

// ReLU, convolution, batch norm, under the reference's names `op.1` and `op.2`.
inline ConvBN reluConvBN(Building& building, const std::string& name, ConvShape shape) {
  return {building, name + ".op.1", name + ".op.2", shape};
}

}  // namespace nb201::networks
