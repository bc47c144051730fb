// The directory of a tar archive as a file of its own, so that an archive with its headers all over 200 GB is walked
// once. Believed only if it was made for an archive of the same size, time and sampled content, its checksum holds, and
// every member lies within the archive.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "torchfile/stamp.h"
#include "torchfile/tar.h"

namespace nb201 {

std::vector<uint8_t> writeTarSidecar(const FileStamp& stamp, const std::vector<TarMember>& members);

// Nothing where the side-car is not to be believed, or cannot be read. `size` is that of the archive.
std::optional<std::vector<TarMember>> readTarSidecar(SourcePtr sidecar, const FileStamp& stamp, uint64_t size,
                                                     Checksums checksums = Checksums::Verify);

}  // namespace nb201
