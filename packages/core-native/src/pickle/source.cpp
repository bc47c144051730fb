#include "pickle/source.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace nb201 {

void ByteSource::checkRange(uint64_t offset, size_t count) const {
  if (offset > size_ || count > size_ - offset) {
    fail(ErrorCode::Truncated, offset,
         "expected " + std::to_string(count) + " bytes, found the end of the file at byte " + std::to_string(size_));
  }
}

namespace {

class MemorySource final : public ByteSource {
 public:
  MemorySource(std::string name, std::vector<uint8_t> bytes)
      : ByteSource(std::move(name), bytes.size()), bytes_(std::move(bytes)) {}

  void read(uint64_t offset, void* to, size_t count) const override {
    checkRange(offset, count);
    if (count) std::memcpy(to, bytes_.data() + offset, count);
  }
  const uint8_t* data() const override { return bytes_.data(); }

 private:
  std::vector<uint8_t> bytes_;
};

class StretchSource final : public ByteSource {
 public:
  StretchSource(const ByteSource& whole, uint64_t begin, uint64_t end)
      : ByteSource(whole.name(), end), begin_(begin), bytes_(new uint8_t[static_cast<size_t>(end - begin)]) {
    whole.read(begin, bytes_.get(), static_cast<size_t>(end - begin));
  }

  void read(uint64_t offset, void* to, size_t count) const override {
    if (offset < begin_) fail(ErrorCode::Truncated, offset, "expected bytes from " + std::to_string(begin_) + " on");
    checkRange(offset, count);
    std::memcpy(to, bytes_.get() + (offset - begin_), count);
  }
  const uint8_t* data() const override { return bytes_.get(); }
  uint64_t dataBegin() const override { return begin_; }

 private:
  uint64_t begin_;
  std::unique_ptr<uint8_t[]> bytes_;
};

class SliceSource final : public ByteSource {
 public:
  SliceSource(SourcePtr whole, std::string name, uint64_t offset, uint64_t size)
      : ByteSource(std::move(name), size), whole_(std::move(whole)), offset_(offset) {}

  void read(uint64_t offset, void* to, size_t count) const override {
    checkRange(offset, count);
    whole_->read(offset_ + offset, to, count);
  }
  const uint8_t* data() const override {
    const uint8_t* all = whole_->data();
    return all && whole_->dataBegin() <= offset_ ? all + (offset_ - whole_->dataBegin()) : nullptr;
  }

 private:
  SourcePtr whole_;
  uint64_t offset_;
};

class JoinedSource final : public ByteSource {
 public:
  JoinedSource(std::string name, uint64_t size, std::vector<SourcePtr> parts)
      : ByteSource(std::move(name), size), parts_(std::move(parts)) {
    for (const SourcePtr& part : parts_) {
      ends_.push_back((ends_.empty() ? 0 : ends_.back()) + part->size());
    }
  }

  void read(uint64_t offset, void* to, size_t count) const override {
    checkRange(offset, count);
    auto* out = static_cast<uint8_t*>(to);
    size_t part = static_cast<size_t>(std::upper_bound(ends_.begin(), ends_.end(), offset) - ends_.begin());
    while (count) {
      const uint64_t begin = part ? ends_[part - 1] : 0;
      const size_t here = static_cast<size_t>(std::min<uint64_t>(count, ends_[part] - offset));
      parts_[part]->read(offset - begin, out, here);
      out += here, offset += here, count -= here;
      ++part;
    }
  }

 private:
  std::vector<SourcePtr> parts_;
  std::vector<uint64_t> ends_;
};

class HeadSource final : public ByteSource {
 public:
  HeadSource(SourcePtr whole, uint64_t end) : ByteSource(whole->name(), end), whole_(std::move(whole)) {}

  void read(uint64_t offset, void* to, size_t count) const override {
    checkRange(offset, count);
    whole_->read(offset, to, count);
  }
  const uint8_t* data() const override { return whole_->data(); }
  uint64_t dataBegin() const override { return whole_->dataBegin(); }

 private:
  SourcePtr whole_;
};

#ifdef _WIN32

class FileSource final : public ByteSource {
 public:
  FileSource(std::string name, HANDLE handle, uint64_t size, FILETIME written)
      : ByteSource(std::move(name), size), handle_(handle), written_(written) {}
  ~FileSource() override { CloseHandle(handle_); }

  bool isFile() const override { return true; }
  void read(uint64_t offset, void* to, size_t count) const override {
    checkRange(offset, count);
    auto* out = static_cast<uint8_t*>(to);
    while (count) {
      OVERLAPPED where{};
      where.Offset = static_cast<DWORD>(offset);
      where.OffsetHigh = static_cast<DWORD>(offset >> 32);
      DWORD got = 0;
      const DWORD wanted = static_cast<DWORD>(count < (1u << 30) ? count : (1u << 30));
      if (!ReadFile(handle_, out, wanted, &got, &where) || got == 0) {
        fail(ErrorCode::Changed, offset, "expected more bytes, found none: the file changed while it was open");
      }
      out += got, offset += got, count -= got;
    }
    FILETIME now;
    if (GetFileTime(handle_, nullptr, nullptr, &now) && CompareFileTime(&now, &written_) != 0) {
      fail(ErrorCode::Changed, offset, "the file changed while it was open");
    }
  }

 private:
  HANDLE handle_;
  FILETIME written_;
};

#else

class FileSource final : public ByteSource {
 public:
  FileSource(std::string name, int fd, const struct stat& opened)
      : ByteSource(std::move(name), static_cast<uint64_t>(opened.st_size)), fd_(fd), opened_(opened) {}
  ~FileSource() override { ::close(fd_); }

  bool isFile() const override { return true; }
  void read(uint64_t offset, void* to, size_t count) const override {
    checkRange(offset, count);
    auto* out = static_cast<uint8_t*>(to);
    const uint64_t from = offset;
    while (count) {
      const ssize_t got = ::pread(fd_, out, count, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail(ErrorCode::Io, offset, std::string("read failed: ") + std::strerror(errno));
      if (got == 0) fail(ErrorCode::Changed, offset, "expected more bytes, found none: the file shrank while open");
      out += got, offset += static_cast<uint64_t>(got), count -= static_cast<size_t>(got);
    }
    checkUnchanged(from);
  }

 private:
  // After the read, so that what was read is known to be of the file that was opened.
  void checkUnchanged(uint64_t offset) const {
    struct stat now {};
    if (::fstat(fd_, &now) != 0) fail(ErrorCode::Io, offset, std::string("fstat failed: ") + std::strerror(errno));
#ifdef __APPLE__
    const auto &a = now.st_mtimespec, &b = opened_.st_mtimespec;
#else
    const auto &a = now.st_mtim, &b = opened_.st_mtim;
#endif
    if (now.st_size != opened_.st_size || a.tv_sec != b.tv_sec || a.tv_nsec != b.tv_nsec) {
      fail(ErrorCode::Changed, offset, "the file was written to while it was open; open it again");
    }
  }

  int fd_;
  struct stat opened_;
};

#endif

}  // namespace

#ifdef _WIN32

SourcePtr openFile(const std::string& path) {
  const int length = MultiByteToWideChar(CP_UTF8, 0, path.c_str(), -1, nullptr, 0);
  std::wstring wide(static_cast<size_t>(length), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, path.c_str(), -1, wide.data(), length);
  HANDLE handle = CreateFileW(wide.c_str(), GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                              nullptr, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr);
  if (handle == INVALID_HANDLE_VALUE) {
    throw Error(ErrorCode::Io, path, 0, "cannot open: system error " + std::to_string(GetLastError()));
  }
  LARGE_INTEGER size;
  FILETIME written;
  if (GetFileType(handle) != FILE_TYPE_DISK || !GetFileSizeEx(handle, &size) ||
      !GetFileTime(handle, nullptr, nullptr, &written)) {
    CloseHandle(handle);
    throw Error(ErrorCode::NotAFile, path, 0, "expected a regular file");
  }
  return std::make_shared<FileSource>(path, handle, static_cast<uint64_t>(size.QuadPart), written);
}

#else

SourcePtr openFile(const std::string& path) {
  // Non-blocking, or opening a FIFO would wait for its writer before we learn that it is one.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) throw Error(ErrorCode::Io, path, 0, std::string("cannot open: ") + std::strerror(errno));
  struct stat info {};
  const char* problem = nullptr;
  if (::fstat(fd, &info) != 0) problem = "cannot be examined";
  else if (S_ISDIR(info.st_mode)) problem = "expected a regular file, found a directory";
  else if (S_ISFIFO(info.st_mode)) problem = "expected a regular file, found a named pipe";
  else if (!S_ISREG(info.st_mode)) problem = "expected a regular file, found a device or socket";
  if (problem) {
    ::close(fd);
    throw Error(ErrorCode::NotAFile, path, 0, problem);
  }
  return std::make_shared<FileSource>(path, fd, info);
}

#endif

SourcePtr fromMemory(std::string name, std::vector<uint8_t> bytes) {
  return std::make_shared<MemorySource>(std::move(name), std::move(bytes));
}

SourcePtr sliceOf(SourcePtr whole, std::string name, uint64_t offset, uint64_t size) {
  if (offset > whole->size() || size > whole->size() - offset) {
    whole->fail(ErrorCode::Truncated, offset, "expected " + std::to_string(size) + " bytes for " + name);
  }
  return std::make_shared<SliceSource>(std::move(whole), std::move(name), offset, size);
}

SourcePtr joinOf(std::string name, std::vector<SourcePtr> parts) {
  uint64_t size = 0;
  for (const SourcePtr& part : parts) size += part->size();
  return std::make_shared<JoinedSource>(std::move(name), size, std::move(parts));
}

SourcePtr headOf(SourcePtr whole, uint64_t end) {
  if (end > whole->size())
    whole->fail(ErrorCode::Truncated, whole->size(), "expected bytes up to " + std::to_string(end));
  return std::make_shared<HeadSource>(std::move(whole), end);
}

SourcePtr stretchOf(const SourcePtr& whole, uint64_t begin, uint64_t end) {
  if (whole->data()) return whole;
  return std::make_shared<StretchSource>(*whole, begin, end);
}

Cursor::Cursor(const ByteSource& source, uint64_t begin, uint64_t end, size_t chunk)
    : source_(source), end_(end), chunk_(chunk), base_(begin) {
  if (begin > end || end > source.size() || (source.data() && begin < source.dataBegin())) {
    source.fail(ErrorCode::Truncated, begin, "expected bytes up to " + std::to_string(end));
  }
  if (const uint8_t* all = source.data()) {
    base_ = source.dataBegin();
    window_ = all;
    at_ = all + (begin - base_);
    limit_ = all + (end - base_);
  }
}

void Cursor::seek(uint64_t offset) {
  if (offset > end_) source_.fail(ErrorCode::Truncated, offset, "expected a position inside the file");
  if (offset >= base_ && offset <= base_ + static_cast<uint64_t>(limit_ - window_)) {
    at_ = window_ + (offset - base_);
    return;
  }
  // A source in memory is one window, so this is a source that is read piece by piece.
  base_ = offset;
  window_ = at_ = limit_ = buffer_.get();
}

void Cursor::skip(uint64_t count) {
  if (count > left()) {
    source_.fail(ErrorCode::BadLength, offset(),
                 "expected at most " + std::to_string(left()) + " bytes, found a length of " + std::to_string(count));
  }
  if (keep_ != UINT64_MAX) {
    need(static_cast<size_t>(count));
    advance(static_cast<size_t>(count));
  } else {
    seek(offset() + count);
  }
}

void Cursor::refill(size_t count) {
  const uint64_t here = offset();
  if (count > end_ - here) {
    source_.fail(ErrorCode::Truncated, here,
                 "expected " + std::to_string(count) + " more bytes, found " + std::to_string(end_ - here));
  }
  // What is read is looked at right after, while the processor's cache has it: so not much at a time.
  const size_t have = static_cast<size_t>(limit_ - at_), piece = std::min(chunk_, kPiece);
  const size_t more = static_cast<size_t>(std::min<uint64_t>(std::max(count - have, piece), end_ - here - have));
  if (capacity_ - static_cast<size_t>(limit_ - buffer_.get()) < more) makeRoom(have, more);
  source_.read(here + have, buffer_.get() + (limit_ - window_), more);
  limit_ += more;
}

// Moves what is kept to the buffer's front, or into a larger one, so that `more` bytes fit behind it.
void Cursor::makeRoom(size_t have, size_t more) {
  const uint64_t here = offset(), keep = std::min(keep_, here);
  const size_t ahead = static_cast<size_t>(here - keep), kept = ahead + have;
  const uint8_t* from = limit_ - kept;
  if (kept + more > capacity_) {
    // Grown by half at least, so that a long kept stretch is copied a bounded number of times.
    const size_t least = static_cast<size_t>(std::min<uint64_t>(chunk_, end_ - keep));
    const size_t capacity = std::max({kept + more, capacity_ + capacity_ / 2, least});
    std::unique_ptr<uint8_t[]> larger(new uint8_t[capacity]);
    if (kept) std::memcpy(larger.get(), from, kept);
    buffer_ = std::move(larger);
    capacity_ = capacity;
  } else if (kept && from != buffer_.get()) {
    std::memmove(buffer_.get(), from, kept);
  }
  base_ = keep;
  window_ = buffer_.get();
  at_ = window_ + ahead;
  limit_ = window_ + kept;
}

}  // namespace nb201
