#include "networks/tensor_memory.h"

#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <unordered_map>
#include <vector>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "networks/error.h"

namespace nb201::networks {

namespace {

// Smaller ones the C library keeps itself.
constexpr size_t kLarge = size_t{64} << 10;
constexpr size_t kPage = size_t{4} << 10;

class BlockKeeper final : public c10::Allocator {
 public:
  BlockKeeper() : system_(*c10::GetDefaultCPUAllocator()) {}

  // Newer libtorches declare it without the const.
  c10::DataPtr allocate(size_t bytes) const { return const_cast<BlockKeeper*>(this)->allocate(bytes); }
  c10::DataPtr allocate(size_t bytes) {
    void* const block = bytes < kLarge ? system_.raw_allocate(bytes) : take((bytes + kPage - 1) / kPage * kPage);
    return {block, block, &BlockKeeper::free, c10::Device(c10::DeviceType::CPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &BlockKeeper::free; }
  // Of newer libtorches.
  void copy_data(void* to, const void* from, size_t bytes) const { std::memcpy(to, from, bytes); }

  static BlockKeeper& instance() {
    // Never destroyed: tensors may outlive all statics.
    static BlockKeeper* const keeper = new BlockKeeper();
    return *keeper;
  }

  void limit(size_t bytes) {
    const std::lock_guard<std::mutex> locked(lock_);
    limit_ = bytes;
  }

  void giveBack() {
    const std::lock_guard<std::mutex> locked(lock_);
    most_ = used_;
    clear();
#ifdef __GLIBC__
    malloc_trim(0);  // it keeps what is not at the end of its heaps
#endif
  }

 private:
  void* take(size_t bytes) {
    const std::lock_guard<std::mutex> locked(lock_);
    const auto found = kept_.find(bytes);
    void* block = nullptr;
    if (found != kept_.end() && !found->second.empty()) {
      block = found->second.back();
      found->second.pop_back();
      keptBytes_ -= bytes;
    } else {
      if (limit_ != 0 && used_ + bytes > limit_) {
        throw NetworkError("OUT_OF_MEMORY", "expected tensors to take at most " + std::to_string(limit_) +
                                                " bytes of memory, which is the limit that was set");
      }
      const size_t most = std::max(most_, used_ + bytes);
      if (used_ + bytes + keptBytes_ > (limit_ != 0 ? std::min(limit_, most + most / 2) : most + most / 2)) clear();
      block = fresh(bytes);
      sizes_.emplace(block, bytes);
    }
    used_ += bytes;
    most_ = std::max(most_, used_);
    return block;
  }

  void* fresh(size_t bytes) {
    try {
      return system_.raw_allocate(bytes);
    } catch (const c10::Error&) {
      // What is kept may be what lacks.
      if (keptBytes_ == 0) throw;
    }
    clear();
    return system_.raw_allocate(bytes);
  }

  static void free(void* block) {
    if (!block) return;
    BlockKeeper& self = instance();
    {
      const std::lock_guard<std::mutex> locked(self.lock_);
      const auto found = self.sizes_.find(block);
      if (found != self.sizes_.end()) {
        self.used_ -= found->second;
        self.keptBytes_ += found->second;
        self.kept_[found->second].push_back(block);
        return;
      }
    }
    self.system_.raw_deallocate(block);
  }

  void clear() {
    for (auto& [bytes, blocks] : kept_) {
      for (void* block : blocks) {
        sizes_.erase(block);
        system_.raw_deallocate(block);
      }
    }
    kept_.clear();
    keptBytes_ = 0;
  }

  c10::Allocator& system_;
  std::mutex lock_;
  std::unordered_map<void*, size_t> sizes_;              // of all large blocks, in bytes
  std::unordered_map<size_t, std::vector<void*>> kept_;  // by size
  size_t used_ = 0, keptBytes_ = 0, most_ = 0;
  size_t limit_ = 0;  // of what is in use; 0: none
};

}  // namespace

void keepFreedBlocks() { c10::SetCPUAllocator(&BlockKeeper::instance(), /*priority=*/1); }

void limitTensorMemory(size_t bytes) { BlockKeeper::instance().limit(bytes); }

void giveBackFreedBlocks() { BlockKeeper::instance().giveBack(); }

}  // namespace nb201::networks
