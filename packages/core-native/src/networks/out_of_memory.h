#pragma once

#include <exception>

namespace nb201::networks {

// Whether an allocation failed, on whatever device.
bool isOutOfMemory(const std::exception& error);

}  // namespace nb201::networks
