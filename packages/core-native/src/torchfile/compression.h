// bzip2 and deflate into memory, never more than was announced or allowed.
#pragma once

#include <cstdint>
#include <vector>

#include "pickle/source.h"

namespace nb201 {

// All bzip2 streams of a file, one after another, as Python's bz2.open reads them.
std::vector<uint8_t> bunzip2(const ByteSource& file, uint64_t maxBytes);

// A raw deflate stream of `compressed` bytes at `offset` that must give exactly `size` bytes.
std::vector<uint8_t> inflateRaw(const ByteSource& file, uint64_t offset, uint64_t compressed, uint64_t size);

uint32_t crc32Of(const ByteSource& bytes);

}  // namespace nb201
