#include "benchmark/pages.h"

#include <algorithm>
#include <cstring>

#include "torchfile/checksum.h"

namespace nb201 {

Pages::Pages(Place place, Check check, Mend mend)
    : place_(std::move(place)),
      check_(std::move(check)),
      mend_(std::move(mend)),
      perPage_(rowsPerPage(place_.rowBytes)),
      memory_(new uint8_t[place_.rows * place_.rowBytes]),
      there_(new std::atomic<bool>[place_.checksums.size()]()) {}

bool Pages::good(size_t page) const {
  const size_t rows = rowsIn(page);
  return (!place_.verify || checksum(bytesOf(page), rows * place_.rowBytes) == place_.checksums[page]) &&
         check_(bytesOf(page), rows);
}

void Pages::mend(size_t page) {
  const size_t at = static_cast<size_t>(bytesOf(page) - memory_.get());
  const void* whole = mend_();
  if (whole) std::memcpy(bytesOf(page), static_cast<const uint8_t*>(whole) + at, rowsIn(page) * place_.rowBytes);
  if (!whole || !good(page)) {
    place_.sidecar->fail(ErrorCode::Changed, place_.at + at,
                         "damaged, and the file is not the one that it was made of");
  }
}

// Reads a page and those after it up to `last`, as far as they are in one stretch and not there yet.
void Pages::fetch(size_t page, size_t last) {
  const std::lock_guard<std::mutex> guard(locks_[page / kStretch % kLocks]);
  const auto missing = [&](size_t p) { return !there_[p].load(std::memory_order_relaxed); };
  if (!missing(page)) return;
  size_t end = page + 1;
  while (end <= last && end % kStretch && missing(end)) ++end;
  const uint64_t from = place_.at + static_cast<uint64_t>(bytesOf(page) - memory_.get());
  bool readable = true;
  try {
    const size_t size = static_cast<size_t>(bytesOf(end - 1) - bytesOf(page)) + rowsIn(end - 1) * place_.rowBytes;
    place_.sidecar->read(from, bytesOf(page), size);
  } catch (const Error&) {
    readable = false;
  }
  for (size_t p = page; p < end; ++p) {
    if (!readable || !good(p)) mend(p);
    there_[p].store(true, std::memory_order_release);
  }
}

}  // namespace nb201
