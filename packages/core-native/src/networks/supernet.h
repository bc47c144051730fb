// The network that holds every operation on every edge: what the weight-sharing searches train
// (xautodl/models/cell_searchs TinyNetworkDarts, -GDAS, -SETN, -ENAS, -RANDOM; GenericNAS201Model).
#pragma once

#include <ATen/core/Generator.h>

#include <memory>
#include <variant>
#include <vector>

#include "networks/network.h"
#include "networks/search_cell.h"

namespace nb201::networks {

struct SupernetShape {
  int64_t channels = 16;  // of the first third
  int64_t cells = 5;      // of each third
  int64_t classes = 10;
  NormOptions norms;  // of the cells' batch norms
  // GenericNAS201Model: other names, and the head's batch norm obeys `norms` as well.
  bool generic = false;
  // How often the architecture parameters are drawn; 0: there are none.
  int architectureDraws = 1;
};

// How a pass chooses among the operations.
struct Mixture {};  // all, by the softmax of the architecture parameters
struct Gumbel {
  double temperature = 1;
};  // one an edge, drawn; straight-through
struct Cells {
  std::vector<CellOperations> each;
};  // given: one for all cells of the network, or one for each
using Choice = std::variant<Mixture, Gumbel, Cells>;

class Supernet {
 public:
  // Draws its initial weights.
  Supernet(const SupernetShape& shape, at::Generator generator);

  struct Output {
    at::Tensor logits;                  // batch x classes
    std::vector<CellOperations> cells;  // that were run, as in Cells; none of a mixture
  };
  struct Options {
    Pass pass = Pass::Training;
    double dropPath = 0;  // rate at which an image loses a whole stage
    // Keeps the channels of a pixel together in memory: faster on a CPU, and rounded otherwise than the reference.
    bool channelsLast = false;
    Checkpoint checkpoint = {};
  };
  // `images`: batch x 3 x height x width, float32, on the supernet's device; height and width multiples of 4.
  Output forward(const at::Tensor& images, const Choice& choice, const Options& options);

  const Weights& weights() const { return weights_; }
  // Edges x operations; undefined where there are none.
  const at::Tensor& architecture() const { return architecture_; }
  // Numbers in weights() of the parameters that a pass with these cells uses; none given: those of all cells.
  std::vector<size_t> used(const std::vector<CellOperations>& cells) const;

  void to(const at::Device& device);
  at::Device device() const { return classifierWeight_.device(); }
  int64_t classes() const { return shape_.classes; }

 private:
  struct GumbelDraw {
    CellOperations cell;
    at::Tensor weights;
    std::array<at::Tensor, kEdges> others;
  };
  GumbelDraw draw(double temperature);

  SupernetShape shape_;
  at::Generator generator_;
  Weights weights_;
  at::Tensor architecture_;
  std::unique_ptr<ConvBN> stem_;
  // One of the two of each stage.
  struct SupernetStage {
    std::unique_ptr<SearchCell> cell;
    std::unique_ptr<ReductionBlock> reduction;
  };
  std::vector<SupernetStage> stages_;
  SearchNorm lastNorm_;
  at::Tensor classifierWeight_, classifierBias_;
};

}  // namespace nb201::networks
