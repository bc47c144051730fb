#include "torchfile/tar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>

#include "torchfile/tar_sidecar.h"

namespace nb201 {

namespace {

constexpr uint64_t kBlock = 512;
constexpr uint64_t kMaxName = uint64_t{1} << 16;     // of GNU's long names
constexpr uint64_t kMaxRecords = uint64_t{1} << 20;  // of PAX's extended headers
constexpr size_t kReportEach = 256;                  // members

using Block = std::array<uint8_t, kBlock>;

bool isZero(const Block& block) {
  return std::all_of(block.begin(), block.end(), [](uint8_t byte) { return byte == 0; });
}

std::string text(const uint8_t* field, size_t size) {
  return {reinterpret_cast<const char*>(field), strnlen(reinterpret_cast<const char*>(field), size)};
}

// Octal digits between spaces and NULs, or GNU's binary form for what these cannot hold; nothing where it is neither.
std::optional<uint64_t> number(const uint8_t* field, size_t size) {
  if (field[0] & 0x80) {
    if (field[0] != 0x80) return std::nullopt;  // negative, or beyond 64 bits
    uint64_t value = 0;
    for (size_t i = 1; i < size; ++i) {
      if (value >> 55) return std::nullopt;
      value = value << 8 | field[i];
    }
    return value;
  }
  size_t at = 0;
  while (at < size && field[at] == ' ') ++at;
  uint64_t value = 0;
  const size_t first = at;
  for (; at < size && field[at] >= '0' && field[at] <= '7'; ++at) value = value << 3 | (field[at] - '0');
  const bool ended = at == size || field[at] == ' ' || field[at] == 0;
  if (!ended || (at == first && size == 8)) return std::nullopt;  // the checksum is never empty, a size may be
  return value;
}

bool checksumHolds(const Block& block) {
  const std::optional<uint64_t> expected = number(&block[148], 8);
  uint64_t sum = 0;
  int64_t signedSum = 0;  // as some old writers added up
  for (size_t i = 0; i < kBlock; ++i) {
    const uint8_t byte = i >= 148 && i < 156 ? ' ' : block[i];
    sum += byte;
    signedSum += static_cast<int8_t>(byte);
  }
  return expected && (*expected == sum || static_cast<int64_t>(*expected) == signedSum);
}

// What PAX says of the member that follows, or of all that follow.
struct Extended {
  std::optional<std::string> path;
  std::optional<uint64_t> size;
  bool sparse = false;
};

class Walk {
 public:
  Walk(const ByteSource& archive, const TarProgress& progress) : archive_(archive), progress_(progress) {}

  std::vector<TarMember> run() {
    while (next()) {
      if (progress_ && members_.size() % kReportEach == 0 && !progress_(at_, archive_.size(), members_.size())) {
        archive_.fail(ErrorCode::Aborted, at_, "the walk was ended");
      }
    }
    if (members_.empty())
      archive_.fail(ErrorCode::BadContainer, 0, "expected a tar archive with files in it, found none");
    return std::move(members_);
  }

 private:
  // One header and what belongs to it; false behind the last.
  bool next() {
    const uint64_t headerAt = at_;
    Block block;
    if (!read(block)) {
      archive_.fail(ErrorCode::Truncated, archive_.size(),
                    "expected the end of a tar archive, found the end of the file" + behind());
    }
    if (isZero(block)) return false;
    if (!checksumHolds(block)) {
      archive_.fail(ErrorCode::BadContainer, headerAt, "expected the header of a tar member" + behind());
    }
    const std::optional<uint64_t> stated = number(&block[124], 12);
    if (!stated) archive_.fail(ErrorCode::BadContainer, headerAt + 124, "expected the size of a tar member" + behind());
    const char type = static_cast<char>(block[156]);
    switch (type) {
      case 'L': longName_ = contents(*stated, kMaxName, headerAt).c_str(); return true;
      case 'K': contents(*stated, kMaxName, headerAt); return true;
      case 'x': next_ = extended(contents(*stated, kMaxRecords, headerAt), headerAt, {}); return true;
      case 'g': all_ = extended(contents(*stated, kMaxRecords, headerAt), headerAt, all_); return true;
      default: break;
    }
    TarMember member;
    member.name = longName_ ? *longName_ : next_.path ? *next_.path : all_.path ? *all_.path : nameOf(block);
    member.size = next_.size ? *next_.size : all_.size ? *all_.size : *stated;
    member.sparse = type == 'S' || next_.sparse || all_.sparse;
    longName_.reset();
    next_ = {};
    if (type == 'S') skipSparseMap(block);
    member.offset = at_;
    // Links, folders and devices have no data, whatever their size says.
    if (type >= '1' && type <= '6') return true;
    if (member.size > archive_.size() - at_) {
      archive_.fail(ErrorCode::Truncated, archive_.size(),
                    "expected " + std::to_string(member.size) + " bytes of the tar member " + member.name + ", found " +
                        std::to_string(archive_.size() - at_));
    }
    skip(member.size);
    const bool folder = !member.name.empty() && member.name.back() == '/';  // as before there was a type for it
    if (!folder && (type == '0' || type == '\0' || type == '7' || type == 'S')) members_.push_back(std::move(member));
    return true;
  }

  bool read(Block& block) {
    if (archive_.size() - at_ < kBlock) return false;
    archive_.read(at_, block.data(), kBlock);
    at_ += kBlock;
    return true;
  }

  // Data is filled up to whole blocks; the last one may be cut where nothing follows.
  void skip(uint64_t size) {
    const uint64_t filled = size + (kBlock - size % kBlock) % kBlock;
    at_ += std::min(filled, archive_.size() - at_);
  }

  std::string contents(uint64_t size, uint64_t most, uint64_t headerAt) {
    if (size > most) {
      archive_.fail(
          ErrorCode::BadLength, headerAt + 124,
          "expected at most " + std::to_string(most) + " bytes of a tar member's name, found " + std::to_string(size));
    }
    if (size > archive_.size() - at_) {
      archive_.fail(ErrorCode::Truncated, archive_.size(), "expected a tar member's name, found the end of the file");
    }
    std::string out(static_cast<size_t>(size), '\0');
    archive_.read(at_, out.data(), out.size());
    skip(size);
    return out;
  }

  // Records "length key=value\n".
  Extended extended(const std::string& records, uint64_t headerAt, Extended known) const {
    const auto bad = [&] { archive_.fail(ErrorCode::BadContainer, headerAt, "expected PAX records of a tar member"); };
    for (size_t at = 0; at < records.size();) {
      size_t length = 0;
      const char* begin = records.data() + at;
      const auto [end, error] = std::from_chars(begin, records.data() + records.size(), length);
      const size_t digits = static_cast<size_t>(end - begin);
      if (error != std::errc{} || length > records.size() - at || length < digits + 3 || *end != ' ' ||
          begin[length - 1] != '\n') {
        bad();
      }
      const std::string_view record(end + 1, length - digits - 2);
      const size_t cut = record.find('=');
      if (cut == std::string_view::npos) bad();
      const std::string_view key = record.substr(0, cut), value = record.substr(cut + 1);
      if (key == "path") {
        known.path = std::string(value);
      } else if (key == "size") {
        uint64_t size = 0;
        const auto [sizeEnd, sizeError] = std::from_chars(value.data(), value.data() + value.size(), size);
        if (sizeError != std::errc{} || sizeEnd != value.data() + value.size()) bad();
        known.size = size;
      } else if (key.substr(0, 11) == "GNU.sparse.") {
        known.sparse = true;
        if (key == "GNU.sparse.name") known.path = std::string(value);
      }
      at += length;
    }
    return known;
  }

  static std::string nameOf(const Block& block) {
    const std::string name = text(&block[0], 100);
    // GNU's own variant has other things where ustar has the folders.
    const bool ustar = std::memcmp(&block[257], "ustar\0", 6) == 0;
    const std::string folders = ustar ? text(&block[345], 155) : "";
    return folders.empty() ? name : folders + "/" + name;
  }

  // GNU's sparse files tell where their holes are in the header, and in blocks behind it.
  void skipSparseMap(const Block& header) {
    bool more = header[482] != 0;
    Block block;
    while (more) {
      if (!read(block)) {
        archive_.fail(ErrorCode::Truncated, archive_.size(), "expected a sparse tar member, found the end of the file");
      }
      more = block[504] != 0;
    }
  }

  std::string behind() const { return members_.empty() ? "" : ", behind " + members_.back().name; }

  const ByteSource& archive_;
  const TarProgress& progress_;
  uint64_t at_ = 0;
  std::optional<std::string> longName_;
  Extended next_, all_;
  std::vector<TarMember> members_;
};

}  // namespace

std::vector<TarMember> readTarDirectory(const ByteSource& archive, const TarProgress& progress) {
  return Walk(archive, progress).run();
}

std::shared_ptr<const TarArchive> TarArchive::open(const std::string& name, const std::vector<std::string>& paths,
                                                   const TarProgress& progress,
                                                   const std::vector<std::string>& sidecars) {
  std::vector<SourcePtr> pieces;
  for (const std::string& path : paths) pieces.push_back(openFile(path));
  const SourcePtr bytes = pieces.size() == 1 ? pieces.front() : joinOf(name, std::move(pieces));
  const auto walked = [&] { return std::shared_ptr<TarArchive>(new TarArchive(bytes, progress)); };
  if (sidecars.empty()) return walked();

  const FileStamp stamp = stampOf(paths, *bytes);
  for (const std::string& path : sidecars) {
    try {
      std::optional<std::vector<TarMember>> members = readTarSidecar(openFile(path), stamp, bytes->size());
      if (!members) continue;
      std::shared_ptr<TarArchive> archive(new TarArchive(bytes, std::move(*members)));
      archive->openedWith_ = path;
      return archive;
    } catch (const Error&) {
      continue;  // one that cannot be read is as good as none
    }
  }
  std::shared_ptr<TarArchive> archive = walked();
  archive->stamp_ = stamp;
  archive->paths_ = paths;
  return archive;
}

std::vector<uint8_t> TarArchive::sidecar() const {
  if (paths_.empty() || !(stampOf(paths_, *bytes_) == stamp_)) return {};
  return writeTarSidecar(stamp_, members_);
}

SourcePtr TarArchive::open(size_t number) const {
  const TarMember& member = members_.at(number);
  if (member.sparse) {
    bytes_->fail(ErrorCode::UnsupportedContainer, member.offset,
                 "expected a tar member that is stored as it is, found the sparse " + member.name);
  }
  return sliceOf(bytes_, bytes_->name() + "/" + member.name, member.offset, member.size);
}

}  // namespace nb201
