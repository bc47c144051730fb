// Where bytes come from: a file read piece by piece, or bytes already in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "pickle/error.h"

namespace nb201 {

class ByteSource {
 public:
  ByteSource(std::string name, uint64_t size) : name_(std::move(name)), size_(size) {}
  virtual ~ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  // Fills `to` with exactly `count` bytes from `offset`; safe from several threads at once.
  virtual void read(uint64_t offset, void* to, size_t count) const = 0;
  // The bytes from dataBegin() to the end, where they are in memory anyway; otherwise null.
  virtual const uint8_t* data() const { return nullptr; }
  virtual uint64_t dataBegin() const { return 0; }
  // Whether this is the file of this name as it is, so that another reader finds the same bytes at the same offsets.
  virtual bool isFile() const { return false; }

  const std::string& name() const { return name_; }
  uint64_t size() const { return size_; }

  [[noreturn]] void fail(ErrorCode code, uint64_t offset, const std::string& detail) const {
    throw Error(code, name_, offset, detail);
  }

 protected:
  void checkRange(uint64_t offset, size_t count) const;

 private:
  std::string name_;
  uint64_t size_;
};

using SourcePtr = std::shared_ptr<const ByteSource>;

// A regular file. Never mapped: a file that shrinks under a mapping kills the process, a short read is an error.
SourcePtr openFile(const std::string& path);

SourcePtr fromMemory(std::string name, std::vector<uint8_t> bytes);

// The bytes [offset, offset + size) of another source, seen as a source that starts at 0.
SourcePtr sliceOf(SourcePtr whole, std::string name, uint64_t offset, uint64_t size);

// Sources one behind the other, seen as one.
SourcePtr joinOf(std::string name, std::vector<SourcePtr> parts);

// The bytes [0, end) of another source.
SourcePtr headOf(SourcePtr whole, uint64_t end);

// [begin, end) of a source in memory, at the offsets that it has in the whole, so that errors name those.
SourcePtr stretchOf(const SourcePtr& whole, uint64_t begin, uint64_t end);

// A window that slides over a source. Bytes from `keepFrom` on stay addressable when it moves.
class Cursor {
 public:
  static constexpr size_t kDefaultChunk = size_t{2} << 20;

  // `chunk`: bytes that the window holds, unless more are kept.
  Cursor(const ByteSource& source, uint64_t begin, uint64_t end, size_t chunk = kDefaultChunk);

  uint64_t offset() const { return base_ + static_cast<uint64_t>(at_ - window_); }
  uint64_t end() const { return end_; }
  uint64_t left() const { return end_ - offset(); }
  const ByteSource& source() const { return source_; }

  // The next `count` bytes, contiguous; valid until the next call that may move the window.
  const uint8_t* need(size_t count) {
    if (static_cast<size_t>(limit_ - at_) < count) refill(count);
    return at_;
  }
  // As need(), but with fewer bytes where the end comes first.
  size_t available(size_t wanted) {
    if (static_cast<size_t>(limit_ - at_) < wanted && static_cast<size_t>(limit_ - at_) < left()) {
      refill(static_cast<size_t>(wanted < left() ? wanted : left()));
    }
    return static_cast<size_t>(limit_ - at_);
  }
  const uint8_t* at() const { return at_; }
  void advance(size_t count) { at_ += count; }
  void seek(uint64_t offset);
  void skip(uint64_t count);

  void keepFrom(uint64_t offset) { keep_ = offset; }
  void keepNothing() { keep_ = UINT64_MAX; }
  const uint8_t* pointerTo(uint64_t offset) const { return window_ + (offset - base_); }

 private:
  static constexpr size_t kPiece = size_t{128} << 10;

  void refill(size_t count);
  void makeRoom(size_t have, size_t more);

  const ByteSource& source_;
  uint64_t end_;
  size_t chunk_;
  uint64_t keep_ = UINT64_MAX;
  std::unique_ptr<uint8_t[]> buffer_;
  size_t capacity_ = 0;
  const uint8_t* window_ = nullptr;
  const uint8_t* at_ = nullptr;
  const uint8_t* limit_ = nullptr;
  uint64_t base_;
};

}  // namespace nb201
