// A cell that holds every operation on every edge (xautodl/models/cell_searchs/search_cells.py NAS201SearchCell). All
// of them have as many channels in as out, so that skip_connect is the identity and avg_pool_3x3 has no convolution.
#pragma once

#include <array>
#include <map>
#include <vector>

#include "networks/cell.h"
#include "networks/search_norm.h"

namespace nb201::networks {

// How much each operation of each edge counts: differentiable numbers. What a pass needs again and again is made once.
class EdgeWeights {
 public:
  // `weights`: edges x operations.
  explicit EdgeWeights(const at::Tensor& weights);
  const at::Tensor& of(size_t edge, Operation operation) const { return scalars_[place(edge, operation)]; }
  // One, repeated for the channels of a batch norm.
  const at::Tensor& repeated(size_t edge, Operation operation, int64_t channels);

 private:
  static size_t place(size_t edge, Operation operation) { return edge * kOperations + static_cast<size_t>(operation); }

  std::vector<at::Tensor> scalars_;
  std::map<std::pair<size_t, int64_t>, at::Tensor> repeated_;  // by place and channels
};

class SearchCell {
 public:
  SearchCell(Building& building, const std::string& name, int64_t channels, const NormOptions& norms);

  // Every operation of an edge, times its weight (DARTS; SETN's architecture steps).
  at::Tensor mixture(const at::Tensor& x, EdgeWeights& weights, Pass pass);
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

 private:
  // ReLU, convolution, batch norm; the ReLU is shared by all that begin at a node.
  struct Convolution {
    at::Tensor weight, bias;  // the bias is undefined where the batch norm has one
    SearchNorm norm;
    Range parameters;
  };
  class Source;

  Convolution& convolution(size_t edge, Operation operation) {
    return convolutions_[edge][operation == Operation::Conv3x3 ? 1 : 0];
  }
  const Convolution& convolution(size_t edge, Operation operation) const {
    return const_cast<SearchCell*>(this)->convolution(edge, operation);
  }
  // Times its weight, where there are weights. Undefined where it gives nothing but zeros.
  at::Tensor operation(Source& source, size_t edge, Operation operation, EdgeWeights* weights, Pass pass);

  int64_t channels_;
  std::array<std::array<Convolution, 2>, kEdges> convolutions_;
};

}  // namespace nb201::networks
