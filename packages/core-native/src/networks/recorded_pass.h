// CUDA graphs: the hundreds of small operations of a pass are started by the GPU itself.
#pragma once

#include <functional>
#include <memory>

#include "networks/output.h"

namespace nb201::networks {

// A pass over images of one shape, recorded once and repeated for others.
class RecordedPass {
 public:
  using Pass = std::function<Output(const at::Tensor& images)>;

  // Throws UNSUPPORTED where the images are not on a GPU, or this libtorch has no way to record.
  RecordedPass(const at::Tensor& images, const Pass& pass);
  ~RecordedPass();

  // Whether it takes these images.
  bool fits(const at::Tensor& images) const;
  Output operator()(const at::Tensor& images);

 private:
  struct Graph;
  std::unique_ptr<Graph> graph_;
  at::Tensor images_;  // that it reads
  Output output_;      // that it writes
};

}  // namespace nb201::networks
