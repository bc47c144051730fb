#pragma once

#include <cstdint>
#include <vector>

namespace nb201::training {

// Of a learning rate that falls by a cosine (xautodl/procedures/optimizers.py CosineAnnealingLR).
struct Schedule {
  double rate = 0.1, least = 0;
  int64_t warmup = 0, epochs = 200;

  // Of each iteration of an epoch: it rises with them in the warm-up, and is one number after that.
  std::vector<double> rates(int64_t epoch, int64_t iterations) const;
};

}  // namespace nb201::training
