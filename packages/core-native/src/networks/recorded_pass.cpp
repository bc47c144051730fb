#include "networks/recorded_pass.h"

namespace nb201::networks {

RecordedPass::RecordedPass(const at::Tensor& images, const Pass& pass) {
  RecordedWork::check(images.device());
  images_ = images.clone();
  {
    const OwnStream stream(images.device());
    for (int i = 0; i < RecordedWork::kWarmUps; ++i) pass(images_);
  }
  work_.emplace(images.device(), [&] { output_ = pass(images_); });
}

Output RecordedPass::operator()(const at::Tensor& images) {
  images_.copy_(images);
  (*work_)();
  return {output_.features.clone(), output_.logits.clone()};
}

bool RecordedPass::fits(const at::Tensor& images) const {
  return images.sizes() == images_.sizes() && images.scalar_type() == images_.scalar_type();
}

}  // namespace nb201::networks
