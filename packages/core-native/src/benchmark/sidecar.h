// The index of a benchmark file as a file of its own, so that it is walked once and not at every start. What a side-car
// says is believed only if it was made by this version of this code for a file of the same size, time and sampled
// content, if its checksums hold, and if every row that refers to another or to the file stays within it.
#pragma once

#include <cstdint>
#include <vector>

#include "benchmark/memo.h"
#include "benchmark/tables.h"
#include "pickle/source.h"
#include "torchfile/stamp.h"

namespace nb201 {

std::vector<uint8_t> writeSidecar(const FileStamp& stamp, const Tables& tables, const FileMemo& memo);

// Fills the tables and the memo. False, with neither to be used, where the side-car is not to be believed. `pickles` is
// the source that the file's offsets count in.
bool readSidecar(const ByteSource& sidecar, const FileStamp& stamp, const ByteSource& pickles, Tables& tables,
                 FileMemo& memo, Checksums checksums = Checksums::Verify);

}  // namespace nb201
