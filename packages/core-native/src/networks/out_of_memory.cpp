#include "networks/out_of_memory.h"

#include <c10/util/Exception.h>

#include <new>
#include <string>

namespace nb201::networks {

bool isOutOfMemory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) || dynamic_cast<const c10::OutOfMemoryError*>(&error)) return true;
  // The CPU's allocator has no error of its own.
  return std::string(error.what()).find("can't allocate memory") != std::string::npos;
}

}  // namespace nb201::networks
