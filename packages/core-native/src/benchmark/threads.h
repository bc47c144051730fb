// How many threads work on one file.
#pragma once

#include <algorithm>
#include <thread>

#include "torchfile/container.h"

namespace nb201 {

inline unsigned threadsFor(const ContainerLimits& limits) {
  return limits.threads ? limits.threads : std::min(std::max(std::thread::hardware_concurrency(), 1u), 8u);
}

}  // namespace nb201
