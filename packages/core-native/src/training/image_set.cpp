#include "training/image_set.h"

#include <ATen/ops/max.h>

namespace nb201::training {

ImageSet::ImageSet(at::Tensor pixels, at::Tensor labels)
    : stored_{{std::move(pixels), std::move(labels)}}, highest_(stored_.front().labels.max().item<int64_t>()) {}

const ImageSet::Stored& ImageSet::on(const at::Device& device) {
  const std::lock_guard<std::mutex> locked(lock_);
  for (const Stored& stored : stored_) {
    if (stored.pixels.device() == device) return stored;
  }
  const Stored& first = stored_.front();
  stored_.push_back({first.pixels.to(device), first.labels.to(device)});
  return stored_.back();
}

}  // namespace nb201::training
