#include "networks/out_of_memory.h"

#include <c10/util/Exception.h>

#include <cstring>
#include <new>
#include <string>

#include "networks/error.h"

namespace nb201::networks {

bool isOutOfMemory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) || dynamic_cast<const c10::OutOfMemoryError*>(&error)) return true;
  if (const auto* ours = dynamic_cast<const NetworkError*>(&error))
    return std::strcmp(ours->code(), "OUT_OF_MEMORY") == 0;
  // The CPU's allocator has no error of its own, nor have CUDA's libraries.
  const std::string what = error.what();
  for (const char* const said : {"can't allocate memory", "not enough memory", "out of memory", "_ALLOC_FAILED"}) {
    if (what.find(said) != std::string::npos) return true;
  }
  return false;
}

}  // namespace nb201::networks
