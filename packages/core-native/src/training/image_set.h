// Labelled images as they are kept: bytes, once on each device that works with them.
#pragma once

#include <ATen/core/Tensor.h>

#include <list>
#include <memory>
#include <mutex>

namespace nb201::training {

class ImageSet {
 public:
  // `pixels`: count x 3 x size x size, uint8. `labels`: count, int64. Both on the CPU.
  ImageSet(at::Tensor pixels, at::Tensor labels);

  int64_t count() const { return stored_.front().labels.size(0); }
  int64_t size() const { return stored_.front().pixels.size(2); }
  int64_t highestLabel() const { return highest_; }

  struct Stored {
    at::Tensor pixels, labels;
  };
  // Taken there the first time that it is asked for, by whatever thread.
  const Stored& on(const at::Device& device);

 private:
  std::mutex lock_;
  std::list<Stored> stored_;  // the first is on the CPU
  int64_t highest_;
};

// Some images of a set, and how they are gone through.
struct Subset {
  std::shared_ptr<ImageSet> images;
  at::Tensor indices;  // int64 on the CPU; undefined: all
  bool shuffled = false;

  int64_t count() const { return indices.defined() ? indices.size(0) : images->count(); }
};

}  // namespace nb201::training
