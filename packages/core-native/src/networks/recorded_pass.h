#pragma once

#include <functional>
#include <optional>

#include "networks/output.h"
#include "networks/recorded_work.h"

namespace nb201::networks {

// A pass over images of one shape, recorded once and repeated for others.
class RecordedPass {
 public:
  using Pass = std::function<Output(const at::Tensor& images)>;

  // Throws UNSUPPORTED where the images are not on a GPU, or this libtorch has no way to record.
  RecordedPass(const at::Tensor& images, const Pass& pass);

  // Whether it takes these images.
  bool fits(const at::Tensor& images) const;
  Output operator()(const at::Tensor& images);

 private:
  at::Tensor images_;  // that it reads
  Output output_;      // that it writes
  std::optional<RecordedWork> work_;
};

}  // namespace nb201::networks
