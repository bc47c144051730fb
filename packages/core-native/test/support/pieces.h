// Bytes that are only handed out by read(), as a file's are, so that cursors move their window over them.
#pragma once

#include <cstring>
#include <vector>

#include "pickle/source.h"

namespace nb201::test {

class PieceSource final : public ByteSource {
 public:
  explicit PieceSource(std::vector<uint8_t> bytes) : ByteSource("pieces", bytes.size()), bytes_(std::move(bytes)) {}

  void read(uint64_t offset, void* to, size_t count) const override {
    checkRange(offset, count);
    if (count) std::memcpy(to, bytes_.data() + offset, count);
  }

 private:
  std::vector<uint8_t> bytes_;
};

}  // namespace nb201::test
