// Batches of normalised images, one after another.
#pragma once

#include <array>
#include <optional>

#include "training/order.h"

namespace nb201::training {

// What is done to the pixels of a data set.
struct Pixels {
  std::array<double, 3> mean{}, std{};  // of red, green and blue, of 255
  int64_t padding = 0;                  // black pixels around an image that is cropped to its size again
};

struct Batch {
  at::Tensor images;   // count x 3 x size x size, float32
  at::Tensor labels;   // int64
  at::Tensor indices;  // int64: which images of their set these are
};

class Loader {
 public:
  Loader(Subset subset, std::shared_ptr<Order> order, const Pixels& pixels, bool augmented, int64_t batch,
         const at::Device& device);

  // Begins an epoch.
  void begin();
  // None at its end. The last batch has what is left.
  std::optional<Batch> next();
  int64_t count() const { return subset_.count(); }

 private:
  at::Tensor images(const at::Tensor& indices, const Changes* changes);

  Subset subset_;
  std::shared_ptr<Order> order_;
  Pixels pixels_;
  bool augmented_;
  int64_t batch_;
  at::Device device_;
  at::Tensor sequence_;  // of the indices of the epoch
  int64_t at_ = 0;
};

}  // namespace nb201::training
