// The memory of tensors on the CPU. A pass through a network asks for the same large blocks again and again; the
// system's would be mapped, cleared and given back each time, which takes as long as the arithmetic.
#pragma once

#include <cstddef>

namespace nb201::networks {

// From here on large blocks that are freed are kept for the next tensor of their size. All of them together, in use and
// kept, are never more than half again of what was in use at once.
void keepFreedBlocks();

// After keepFreedBlocks(): an allocation fails with OUT_OF_MEMORY that would make large blocks in use take more than
// this, where the system would grant it and end the process later. 0: no limit.
void limitTensorMemory(size_t bytes);

// Gives what is kept back to the system.
void giveBackFreedBlocks();

}  // namespace nb201::networks
