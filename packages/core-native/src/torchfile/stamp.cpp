#include "torchfile/stamp.h"

#include <algorithm>
#include <filesystem>

#include "torchfile/checksum.h"

namespace nb201 {

namespace {

constexpr size_t kSamples = 16, kSampleBytes = 4096;

int64_t changedAt(const std::string& path) {
  std::error_code error;
  const auto changed = std::filesystem::last_write_time(std::filesystem::u8path(path), error);
  return error ? 0 : static_cast<int64_t>(changed.time_since_epoch().count());
}

}  // namespace

FileStamp stampOf(const std::vector<std::string>& paths, const ByteSource& whole) {
  FileStamp stamp;
  stamp.size = whole.size();
  // Of several the times together; of one its own.
  for (const std::string& path : paths) {
    const uint64_t before = static_cast<uint64_t>(stamp.changed);
    stamp.changed = static_cast<int64_t>(before << 7 | before >> 57) ^ changedAt(path);
  }
  std::vector<uint8_t> sample;
  const size_t each = static_cast<size_t>(std::min<uint64_t>(kSampleBytes, stamp.size));
  for (size_t i = 0; i < kSamples; ++i) {
    const uint64_t at = (stamp.size - each) / (kSamples - 1) * i;
    sample.resize(sample.size() + each);
    whole.read(i + 1 == kSamples ? stamp.size - each : at, sample.data() + sample.size() - each, each);
  }
  stamp.sampled = checksum(sample.data(), sample.size());
  return stamp;
}

FileStamp stampOf(const std::string& path, const ByteSource& file) { return stampOf(std::vector{path}, file); }

}  // namespace nb201
