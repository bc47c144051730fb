#include "networks/tensor_source.h"

#include <ATen/ops/empty.h>

#include <cstring>

namespace nb201::networks {

TensorSource::TensorSource(const ByteSource& whole, uint64_t begin, uint64_t end)
    : ByteSource(whole.name(), end), begin_(begin), bytes_(at::empty({static_cast<int64_t>(end - begin)}, at::kByte)) {
  whole.read(begin, bytes_.data_ptr(), static_cast<size_t>(end - begin));
}

void TensorSource::read(uint64_t offset, void* to, size_t count) const {
  checkRange(offset, count);
  if (offset < begin_) fail(ErrorCode::Truncated, offset, "expected bytes from " + std::to_string(begin_) + " on");
  if (count > 0) std::memcpy(to, data() + (offset - begin_), count);
}

}  // namespace nb201::networks
