// ENAS's controller: an LSTM that samples a cell edge by edge
// (xautodl/models/cell_searchs/search_model_enas_utils.py Controller). Always on the CPU: it is small, and the cells
// that a seed gives are the same wherever the supernet is.
#pragma once

#include <ATen/core/Generator.h>

#include "networks/cell.h"
#include "networks/weights.h"

namespace nb201::networks {

class Controller {
 public:
  // Draws its initial weights.
  explicit Controller(const at::Generator& generator);

  struct Sample {
    CellOperations cell;
    at::Tensor logProbability, entropy;  // sums over the edges; scalars that can be differentiated
  };
  Sample sample();

  const Weights& weights() const { return weights_; }

 private:
  at::Generator generator_;
  Weights weights_;
  at::Tensor input_, embedding_, predictionWeight_, predictionBias_;
  std::vector<at::Tensor> lstm_;
};

}  // namespace nb201::networks
