// The index of a benchmark file as a file of its own, so that it is walked once and not at every start. What a side-car
// says is believed only if it was made by this version of this code for a file of the same size, time and sampled
// content, if its checksums hold, and if every row that refers to another or to the file stays within it. Its two large
// tables are read and checked a page at a time when somebody asks for what is there.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "benchmark/memo.h"
#include "benchmark/tables.h"
#include "pickle/source.h"
#include "torchfile/stamp.h"

namespace nb201 {

std::vector<uint8_t> writeSidecar(const FileStamp& stamp, const Tables& tables, const FileMemo& memo);

// Fills the tables and the memo. False, with neither to be used, where the side-car is not to be believed. The rows of
// trials and finals stay where they are until they are asked for; should they then turn out to be damaged, those of
// `walk` take their place. `size` is that of the source that the file's offsets count in.
bool readSidecar(SourcePtr sidecar, const FileStamp& stamp, uint64_t size, const std::function<const Tables&()>& walk,
                 Tables& tables, FileMemo& memo, Checksums checksums = Checksums::Verify);

}  // namespace nb201
