#pragma once

#include <ATen/core/Tensor.h>

namespace nb201::networks {

// What a network makes of images.
struct Output {
  at::Tensor features;  // batch x channels of the last stage
  at::Tensor logits;    // batch x classes
};

}  // namespace nb201::networks
