#include "torchfile/compression.h"

#include <bzlib.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "torchfile/crc32.h"

namespace nb201 {

namespace {

constexpr size_t kPiece = size_t{1} << 18;

struct BzStream {
  bz_stream stream{};
  BzStream() { BZ2_bzDecompressInit(&stream, 0, 0); }
  ~BzStream() { BZ2_bzDecompressEnd(&stream); }
};

struct ZStream {
  z_stream stream{};
  ZStream() { inflateInit2(&stream, -MAX_WBITS); }
  ~ZStream() { inflateEnd(&stream); }
};

}  // namespace

std::vector<uint8_t> bunzip2(const ByteSource& file, uint64_t maxBytes) {
  std::vector<uint8_t> out, in(kPiece);
  size_t filled = 0;
  uint64_t at = 0;  // of the next byte to read
  size_t ready = 0, used = 0;
  const auto more = [&] {
    std::memmove(in.data(), in.data() + used, ready - used);
    ready -= used;
    used = 0;
    const size_t count = static_cast<size_t>(std::min<uint64_t>(in.size() - ready, file.size() - at));
    file.read(at, in.data() + ready, count);
    at += count;
    ready += count;
  };
  for (bool first = true;; first = false) {
    if (ready - used < 4) more();
    const bool another = ready - used >= 4 && std::memcmp(in.data() + used, "BZh", 3) == 0;
    if (!first && !another) break;  // Python ignores what follows the last stream, too
    BzStream bz;
    int status = BZ_OK;
    while (status != BZ_STREAM_END) {
      if (used == ready) more();
      if (filled == out.size()) {
        if (filled > maxBytes)
          file.fail(ErrorCode::Limit, at,
                    "expected at most " + std::to_string(maxBytes) + " bytes after decompression");
        // Doubled, but never far beyond what is allowed: one byte more tells that it is too long.
        const uint64_t most = maxBytes < UINT64_MAX ? maxBytes + 1 : maxBytes;
        out.resize(static_cast<size_t>(std::min<uint64_t>(std::max<size_t>(kPiece * 4, out.size() * 2), most)));
      }
      bz.stream.next_in = reinterpret_cast<char*>(in.data() + used);
      bz.stream.avail_in = static_cast<unsigned>(ready - used);
      bz.stream.next_out = reinterpret_cast<char*>(out.data() + filled);
      const size_t room = std::min<size_t>(out.size() - filled, size_t{1} << 30);
      bz.stream.avail_out = static_cast<unsigned>(room);
      status = BZ2_bzDecompress(&bz.stream);
      used = ready - bz.stream.avail_in;
      filled += room - bz.stream.avail_out;
      if (status != BZ_OK && status != BZ_STREAM_END) {
        file.fail(ErrorCode::BadContainer, at - ready + used,
                  "expected bzip2 data, found damage (libbz2 says " + std::to_string(status) + ")");
      }
      if (status == BZ_OK && used == ready && at == file.size() && bz.stream.avail_out > 0) {
        file.fail(ErrorCode::Truncated, file.size(), "expected the end of a bzip2 stream, found the end of the file");
      }
    }
  }
  if (filled > maxBytes)
    file.fail(ErrorCode::Limit, at, "expected at most " + std::to_string(maxBytes) + " bytes after decompression");
  out.resize(filled);
  out.shrink_to_fit();
  return out;
}

std::vector<uint8_t> inflateRaw(const ByteSource& file, uint64_t offset, uint64_t compressed, uint64_t size) {
  // Deflate cannot expand more than 1032 times: a larger claim is a lie, found before memory is spent on it.
  if (size / 1032 > compressed + 1) {
    file.fail(ErrorCode::BadLength, offset, "expected a size that deflate can reach, found " + std::to_string(size));
  }
  std::vector<uint8_t> out(static_cast<size_t>(size)), in(kPiece);
  ZStream z;
  uint64_t done = 0;
  uint64_t written = 0;
  int status = Z_OK;
  while (status != Z_STREAM_END) {
    if (z.stream.avail_in == 0) {
      const size_t count = static_cast<size_t>(std::min<uint64_t>(in.size(), compressed - done));
      if (count == 0) file.fail(ErrorCode::Truncated, offset + compressed, "expected more deflated data");
      file.read(offset + done, in.data(), count);
      done += count;
      z.stream.next_in = in.data();
      z.stream.avail_in = static_cast<unsigned>(count);
    }
    uint8_t spare;  // one byte too many is the sign that the stream is longer than it says
    const uint64_t room = std::min<uint64_t>(size - written, 1u << 30);
    z.stream.next_out = room ? out.data() + written : &spare;
    z.stream.avail_out = room ? static_cast<unsigned>(room) : 1;
    const unsigned before = z.stream.avail_out;
    status = inflate(&z.stream, Z_NO_FLUSH);
    const unsigned produced = before - z.stream.avail_out;
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
      file.fail(ErrorCode::BadContainer, offset, "expected deflated data, found damage");
    }
    if (!room && produced)
      file.fail(ErrorCode::BadContainer, offset, "expected " + std::to_string(size) + " bytes, found more");
    written += room ? produced : 0;
  }
  if (written != size) {
    file.fail(ErrorCode::BadContainer, offset,
              "expected " + std::to_string(size) + " bytes, found " + std::to_string(written));
  }
  return out;
}

uint32_t crc32Of(const ByteSource& bytes) {
  if (const uint8_t* all = bytes.dataBegin() == 0 ? bytes.data() : nullptr) {
    return crc32(0, all, static_cast<size_t>(bytes.size()));
  }
  uint32_t crc = 0;
  std::vector<uint8_t> piece(static_cast<size_t>(std::min<uint64_t>(bytes.size(), kPiece * 4)));
  for (uint64_t at = 0; at < bytes.size();) {
    const size_t count = static_cast<size_t>(std::min<uint64_t>(piece.size(), bytes.size() - at));
    bytes.read(at, piece.data(), count);
    crc = crc32(crc, piece.data(), count);
    at += count;
  }
  return crc;
}

}  // namespace nb201
