// The whole network: stem, N cells, reduction, N cells, reduction, N cells, head (xautodl/models TinyNetwork, and the
// size space's DynamicShapeTinyNet, of which the first is the case with C, 2C and 4C channels).
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "networks/cell.h"
#include "pickle/source.h"
#include "pickle/value.h"

namespace nb201::networks {

struct NetworkShape {
  std::vector<int64_t> channels;  // of each of the 3N + 2 stages
  CellOperations operations;
  int64_t classes = 10;
};

// A tensor's values as they are stored: a view of `bytes`.
struct StoredTensor {
  std::string name;
  TensorType type = TensorType::Float32;
  std::vector<int64_t> shape, stride;
  int64_t offset = 0;  // in elements
  SourcePtr bytes;
};

// Called between stages; throws where the work is no longer wanted.
using Checkpoint = std::function<void()>;

class Network {
 public:
  // Fresh weights on the CPU: those that the reference has after `prepare_seed(seed)`.
  Network(const NetworkShape& shape, uint64_t seed);

  struct Output {
    at::Tensor features;  // batch x channels of the last stage
    at::Tensor logits;    // batch x classes
  };
  // `images`: batch x 3 x height x width, float32, on the network's device; height and width multiples of 4.
  Output forward(const at::Tensor& images, Pass pass, const Checkpoint& checkpoint = {});

  const Weights& weights() const { return weights_; }
  // Copies values into the weights, converting their type. Throws without having changed anything where a tensor is
  // missing, not of this network, or of another shape.
  void load(const std::vector<StoredTensor>& tensors);
  void to(const at::Device& device);
  at::Device device() const;
  int64_t classes() const { return shape_.classes; }
  const NetworkShape& shape() const { return shape_; }
  // What drew the weights, as it was after the last: the reference goes on with it.
  at::Generator generator() const { return generator_.clone(); }
  // To be told by whoever changes the weights.
  void weightsChanged();

 private:
  void checkImages(const at::Tensor& images) const;

  NetworkShape shape_;
  at::Generator generator_;
  Weights weights_;
  std::unique_ptr<ConvBN> stem_;
  std::vector<std::unique_ptr<Stage>> stages_;
  std::unique_ptr<BatchNorm2d> lastNorm_;
  at::Tensor classifierWeight_, classifierBias_;
};

}  // namespace nb201::networks
