// A cell that holds every operation on every edge (xautodl/models/cell_searchs/search_cells.py NAS201SearchCell). All
// of them have as many channels in as out, so that skip_connect is the identity and avg_pool_3x3 has no convolution.
#pragma once

#include <array>
#include <vector>

#include "networks/cell.h"
#include "networks/search_norm.h"

namespace nb201::networks {

// How much each operation of each edge counts: differentiable numbers. What a pass needs again and again is made once.
class EdgeWeights {
 public:
  // `weights`: edges x operations.
  explicit EdgeWeights(const at::Tensor& weights);
  const at::Tensor& of(size_t edge, Operation operation) const {
    return scalars_[edge * kOperations + static_cast<size_t>(operation)];
  }
  // Those of some edges, each repeated for the channels of a batch norm.
  const at::Tensor& repeated(const std::vector<size_t>& edges, Operation operation, int64_t channels);

 private:
  struct Repeated {
    size_t first;  // edge; no two groups have the same
    Operation operation;
    int64_t channels;
    at::Tensor values;
  };
  std::vector<at::Tensor> scalars_;
  std::vector<Repeated> repeated_;
};

class SearchCell {
 public:
  SearchCell(Building& building, const std::string& name, int64_t channels, const NormOptions& norms);

  // Every operation of an edge, times its weight (DARTS; SETN's architecture steps).
  at::Tensor mixture(const at::Tensor& x, EdgeWeights& weights, Pass pass);
  // The same by the reference's operations one by one, which costs half as much again and rounds as it does.
  at::Tensor exactMixture(const at::Tensor& x, EdgeWeights& weights, Pass pass);
  // One operation an edge.
  at::Tensor chosen(const at::Tensor& x, const CellOperations& operations, Pass pass);
  // One operation an edge, times its weight; each other operation adds its bare weight, as GDAS has it: 0, but with a
  // gradient of its own.
  at::Tensor gumbel(const at::Tensor& x, const CellOperations& operations, EdgeWeights& weights,
                    const std::array<at::Tensor, kEdges>& others, Pass pass);

  // Numbers in Weights of the parameters of an operation; an empty range where it has none.
  struct Range {
    size_t begin = 0, end = 0;
  };
  Range parameters(size_t edge, Operation operation) const;

  // Lays the statistics of the batch norms that are taken together side by side in memory. To be called whenever the
  // buffers have moved.
  void layOut();

 private:
  // ReLU, convolution, batch norm; the ReLU is shared by all that begin at a node.
  struct Convolution {
    at::Tensor weight, bias;  // the bias is undefined where the batch norm has one
    SearchNorm norm;
    Range parameters;
  };
  // The same convolution on all edges out of a node is one with several times the channels.
  struct Group {
    Operation operation;
    std::vector<size_t> edges;
    at::Tensor mean, variance;  // of the norms of all, where they are tracked
  };
  class Source;

  Convolution& convolution(size_t edge, Operation operation) {
    return convolutions_[edge][operation == Operation::Conv3x3 ? 1 : 0];
  }
  const Convolution& convolution(size_t edge, Operation operation) const {
    return const_cast<SearchCell*>(this)->convolution(edge, operation);
  }
  at::Tensor group(const Group& group, const at::Tensor& x, EdgeWeights& weights, Pass pass);
  at::Tensor operation(Source& source, size_t edge, Operation operation, const at::Tensor& weight, Pass pass);

  int64_t channels_;
  std::array<std::array<Convolution, 2>, kEdges> convolutions_;
  std::vector<Group> groups_;  // of node 0, 1, 2: one for 1x1, one for 3x3
};

}  // namespace nb201::networks
