// The memory of tensors on the CPU. A pass through a network asks for the same large blocks again and again; the
// system's would be mapped, cleared and given back each time, which takes as long as the arithmetic.
#pragma once

namespace nb201::networks {

// From here on large blocks that are freed are kept for the next tensor of their size. All of them together, in use and
// kept, are never more than half again of what was in use at once.
void keepFreedBlocks();

// Gives what is kept back to the system.
void giveBackFreedBlocks();

}  // namespace nb201::networks
