// In which order images are gone through, and how each is augmented.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <memory>

#include "training/image_set.h"

namespace nb201::training {

// How the images of a batch are changed: one number an image.
struct Changes {
  at::Tensor flip;       // bool: whether left and right change places, before the crop
  at::Tensor top, left;  // int64: where the crop begins in the padded image
};

class Order {
 public:
  virtual ~Order() = default;
  // Begins to go through a subset: the places of its images in their order; undefined where that is their own.
  virtual at::Tensor begin(const Subset& subset) = 0;
  // Of the next images of what was begun last. `places`: how many places a crop has in each direction.
  virtual Changes changes(int64_t count, int64_t places) = 0;
  // Whether it draws in the host's memory.
  virtual bool onHost() const = 0;
};

// As torch's data loaders draw, with one worker: its CPU generator gives an iterator's base seed, permutations, and a
// seed for the permutation of a whole set; the base seed makes the worker's generator, from which torchvision's
// transforms (0.8 and later) take a number for the flip and two for the crop of each image.
class ReferenceOrder final : public Order {
 public:
  explicit ReferenceOrder(at::Generator generator);
  at::Tensor begin(const Subset& subset) override;
  Changes changes(int64_t count, int64_t places) override;
  bool onHost() const override { return true; }

 private:
  at::Generator generator_, worker_;
};

// The same distribution, drawn on the device a batch at a time.
class DeviceOrder final : public Order {
 public:
  DeviceOrder(uint64_t seed, const at::Device& device);
  at::Tensor begin(const Subset& subset) override;
  Changes changes(int64_t count, int64_t places) override;
  bool onHost() const override { return false; }

 private:
  at::Device device_;
  at::Generator generator_;
};

// For a generator that `torch.manual_seed(seed)` made, or for the device.
std::shared_ptr<Order> orderOf(uint64_t seed, bool drawOnDevice, const at::Device& device);

}  // namespace nb201::training
