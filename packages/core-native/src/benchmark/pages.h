// A table that lies in a side-car, of which each page is read and checked when a row of it is first asked for: most of
// what a side-car holds nobody asks for.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <type_traits>
#include <vector>

#include "pickle/source.h"

namespace nb201 {

class Pages {
 public:
  static constexpr size_t kPageBytes = 4096;
  static constexpr size_t rowsPerPage(size_t rowBytes) { return kPageBytes / rowBytes; }

  struct Place {
    SourcePtr sidecar;
    uint64_t at = 0;
    size_t rowBytes = 0, rows = 0;
    std::vector<uint64_t> checksums;  // one a page
    bool verify = true;
  };
  // Whether rows [from, to), of which `first` is the first, refer to nothing that is not there.
  using Check = std::function<bool(const void* first, size_t count)>;
  // The whole table by another way, for a page that is damaged; null where that gives another one. It may throw.
  using Mend = std::function<const void*()>;

  Pages(Place place, Check check, Mend mend);

  size_t rows() const { return place_.rows; }
  // Rows [first, first + count), which are within the table. Safe from several threads at once.
  template <class T>
  const T* need(size_t first, size_t count) {
    static_assert(std::is_trivially_copyable_v<T>);
    if (count) load(first / perPage_, (first + count - 1) / perPage_);
    return reinterpret_cast<const T*>(memory_.get()) + first;
  }

 private:
  static constexpr size_t kLocks = 16;
  // Pages that are read at once, under one lock.
  static constexpr size_t kStretch = 64;

  void load(size_t page, size_t last) {
    for (; page <= last; ++page) {
      if (!there_[page].load(std::memory_order_acquire)) fetch(page, last);
    }
  }
  void fetch(size_t page, size_t last);
  void mend(size_t page);
  bool good(size_t page) const;
  size_t rowsIn(size_t page) const { return std::min(perPage_, place_.rows - page * perPage_); }
  uint8_t* bytesOf(size_t page) const { return memory_.get() + page * perPage_ * place_.rowBytes; }

  Place place_;
  Check check_;
  Mend mend_;
  size_t perPage_;
  std::unique_ptr<uint8_t[]> memory_;  // filled page by page
  std::unique_ptr<std::atomic<bool>[]> there_;
  std::array<std::mutex, kLocks> locks_;  // of the stretches, by turns
};

}  // namespace nb201
