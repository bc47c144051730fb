// A side-car: what a walk of a file has found, in sections with checksums, so that the next walk can be left out. Which
// file it is of, and that nothing in it is damaged, is checked here; whether what it says makes sense, by whoever reads
// it.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "torchfile/checksum.h"
#include "torchfile/stamp.h"

namespace nb201 {

// Whatever is wrong with a side-car makes it one that is not believed: no more is to be said about it.
struct NotBelieved {};

inline void believe(bool good) {
  if (!good) throw NotBelieved();
}

struct SidecarHeader {
  char magic[8];
  uint32_t version;
  uint32_t byteOrder;  // as this machine writes 0x01020304
  FileStamp stamp;
  uint64_t sections;        // that follow, each {bytes, checksum} and its bytes, padded to eight
  uint64_t headerChecksum;  // of all before it
};
static_assert(sizeof(SidecarHeader) == 56);

class SidecarWriter {
 public:
  // `magic`: eight letters.
  SidecarWriter(const char* magic, uint32_t version, const FileStamp& stamp);

  void add(const void* from, size_t size) { add(from, size, checksum(static_cast<const uint8_t*>(from), size)); }
  void add(const void* from, size_t size, uint64_t sum);
  template <class T>
  void add(const std::vector<T>& rows) {
    static_assert(std::is_trivially_copyable_v<T>);
    add(rows.data(), rows.size() * sizeof(T));
  }
  void add(const std::vector<std::string>& texts);

  void reserve(size_t bytes) { bytes_.reserve(bytes); }
  std::vector<uint8_t> finish();

 private:
  SidecarHeader header_;
  std::vector<uint8_t> bytes_;
};

// Everything in it throws NotBelieved where the side-car is of another file, kind or version, damaged or short; and
// Error where it cannot be read.
class SidecarReader {
 public:
  struct Section {
    uint64_t bytes, checksum;
    uint64_t at;  // of its bytes
  };

  SidecarReader(SourcePtr source, const char* magic, uint32_t version, const FileStamp& stamp, Checksums checksums);

  const SourcePtr& source() const { return source_; }
  bool verifies() const { return verify_; }

  template <class T>
  void take(std::vector<T>& rows) {
    read(skip(), rows);
  }
  template <class T>
  void take(T& one) {
    const Section section = skip();
    believe(section.bytes == sizeof one);
    read(section, &one);
  }
  void take(std::vector<std::string>& texts);
  // The next one, whose bytes are left where they are; and what was left there.
  Section skip();
  template <class T>
  void read(const Section& section, std::vector<T>& rows) const {
    static_assert(std::is_trivially_copyable_v<T>);
    believe(section.bytes % sizeof(T) == 0);
    rows.resize(static_cast<size_t>(section.bytes) / sizeof(T));
    read(section, rows.data());
  }
  void finish() const { believe(left_ == 0 && at_ == source_->size()); }

 private:
  void read(const Section& section, void* to) const;

  SourcePtr source_;
  bool verify_;
  uint64_t at_ = 0, left_ = 0;
};

}  // namespace nb201
