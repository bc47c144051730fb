#pragma once

#include <ATen/core/Tensor.h>

#include "pickle/source.h"

namespace nb201::networks {

// Bytes of another source in memory that tensors use, too, and which hence is at hand when the next file is read.
class TensorSource final : public ByteSource {
 public:
  // Larger ones are better read piece by piece.
  static constexpr uint64_t kMost = uint64_t{256} << 20;

  // [begin, end) of `whole`, at the offsets that they have there.
  TensorSource(const ByteSource& whole, uint64_t begin, uint64_t end);

  void read(uint64_t offset, void* to, size_t count) const override;
  const uint8_t* data() const override { return static_cast<const uint8_t*>(bytes_.data_ptr()); }
  uint64_t dataBegin() const override { return begin_; }

 private:
  uint64_t begin_;
  at::Tensor bytes_;
};

}  // namespace nb201::networks
