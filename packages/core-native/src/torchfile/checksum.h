#pragma once

#include <cstddef>
#include <cstdint>

namespace nb201 {

// XXH64, seed 0.
uint64_t checksum(const uint8_t* bytes, size_t size);

}  // namespace nb201
