// A zip archive's directory, checked against itself before anything in it is used.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pickle/source.h"

namespace nb201 {

struct ZipEntry {
  std::string name;
  uint64_t headerAt = 0;  // of its local header
  uint64_t dataAt = 0;    // of its data
  uint64_t compressed = 0;
  uint64_t size = 0;
  uint32_t crc = 0;
  uint16_t method = 0;  // 0 stored, 8 deflated
};

std::vector<ZipEntry> readZipDirectory(const ByteSource& file);

// The entry's bytes: a slice of the file where they are stored as they are, else decompressed. Its checksum is
// checked unless it is zero, which writers put there to say that they did not compute one.
SourcePtr openZipEntry(const SourcePtr& file, const ZipEntry& entry);

}  // namespace nb201
