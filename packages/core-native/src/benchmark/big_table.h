// Tables of tens of megabytes: new rows are left as they are, to be filled right after, and the memory comes in large
// pages where the system has them. Faulting in small ones took longer than reading what goes into them.
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace nb201 {

template <class T>
struct BigAllocator {
  using value_type = T;
  static_assert(std::is_trivially_copyable_v<T>);

  BigAllocator() = default;
  template <class U>
  BigAllocator(const BigAllocator<U>&) {}

  T* allocate(size_t count) {
    if (count > static_cast<size_t>(-1) / sizeof(T)) throw std::bad_array_new_length();
    const size_t bytes = count * sizeof(T);
    if (bytes < kPage) return static_cast<T*>(::operator new(bytes));
    void* memory = ::operator new (bytes, std::align_val_t{kPage});
#ifdef __linux__
    madvise(memory, bytes, MADV_HUGEPAGE);  // where it is refused, small pages do
#endif
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, size_t count) {
    if (count * sizeof(T) < kPage) ::operator delete(memory);
    else ::operator delete (memory, std::align_val_t{kPage});
  }
  void construct(T*) {}
  template <class... Args>
  void construct(T* at, Args&&... args) {
    ::new (static_cast<void*>(at)) T(std::forward<Args>(args)...);
  }
  friend bool operator==(const BigAllocator&, const BigAllocator&) { return true; }
  friend bool operator!=(const BigAllocator&, const BigAllocator&) { return false; }

 private:
  static constexpr size_t kPage = size_t{2} << 20;
};

template <class T>
using BigTable = std::vector<T, BigAllocator<T>>;

}  // namespace nb201
