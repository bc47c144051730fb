// What tells whether a file is still the one that was walked, for what is kept of it in another.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pickle/source.h"

namespace nb201 {

struct FileStamp {
  uint64_t size = 0;
  int64_t changed = 0;   // when it was written last
  uint64_t sampled = 0;  // checksum of some of its content
  bool operator==(const FileStamp& o) const { return size == o.size && changed == o.changed && sampled == o.sampled; }
};
FileStamp stampOf(const std::string& path, const ByteSource& file);
// Of one that lies in several files.
FileStamp stampOf(const std::vector<std::string>& paths, const ByteSource& whole);

enum class Checksums { Verify, Ignore };  // Ignore: for fuzzing, which would never get past them

}  // namespace nb201
