// Writes zip archives, honest or not: every field can be told apart from the truth.
#pragma once

#include <zlib.h>

#include <cstring>
#include <optional>
#include <string>

#include "support.h"

namespace nb201::test {

struct Member {
  std::string name, content;
  bool deflate = false;
  uint16_t flags = 0;
  std::optional<uint32_t> crc = {};
  std::optional<uint32_t> size = {}, compressed = {}, headerAt = {};  // in the directory
  std::optional<uint16_t> method = {};
  std::optional<std::string> localName = {};
  std::string extra = {};
};

class ZipWriter {
 public:
  ZipWriter& add(const Member& member) {
    std::string data = member.content;
    if (member.deflate) data = deflated(member.content);
    const uint16_t method = member.method.value_or(member.deflate ? 8 : 0);
    const uint32_t crc = member.crc.value_or(static_cast<uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(member.content.data()), static_cast<uInt>(member.content.size()))));
    const uint32_t at = static_cast<uint32_t>(out_.size());
    const std::string local = member.localName.value_or(member.name);
    number(out_, 4, 0x04034b50), number(out_, 2, 20), number(out_, 2, member.flags), number(out_, 2, method);
    number(out_, 4, 0), number(out_, 4, crc), number(out_, 4, data.size()), number(out_, 4, member.content.size());
    number(out_, 2, local.size()), number(out_, 2, 0);
    out_ += local + data;
    number(central_, 4, 0x02014b50), number(central_, 2, 20), number(central_, 2, 20);
    number(central_, 2, member.flags), number(central_, 2, method), number(central_, 4, 0), number(central_, 4, crc);
    number(central_, 4, member.compressed.value_or(static_cast<uint32_t>(data.size())));
    number(central_, 4, member.size.value_or(static_cast<uint32_t>(member.content.size())));
    number(central_, 2, member.name.size()), number(central_, 2, member.extra.size()), number(central_, 2, 0);
    number(central_, 2, 0), number(central_, 2, 0), number(central_, 4, 0);
    number(central_, 4, member.headerAt.value_or(at));
    central_ += member.name + member.extra;
    ++count_;
    return *this;
  }

  Bytes finish(std::optional<uint16_t> count = {}, std::optional<uint32_t> directoryAt = {}) const {
    std::string all = out_ + central_;
    number(all, 4, 0x06054b50), number(all, 2, 0), number(all, 2, 0);
    number(all, 2, count.value_or(count_)), number(all, 2, count.value_or(count_));
    number(all, 4, central_.size()), number(all, 4, directoryAt.value_or(static_cast<uint32_t>(out_.size())));
    number(all, 2, 0);
    return {all.begin(), all.end()};
  }

 private:
  static void number(std::string& to, int width, uint64_t value) {
    for (int i = 0; i < width; ++i) to += static_cast<char>(value >> (8 * i));
  }

  static std::string deflated(const std::string& content) {
    std::string out(compressBound(content.size()) + 64, '\0');
    z_stream z{};
    deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
    z.avail_in = static_cast<uInt>(content.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    deflate(&z, Z_FINISH);
    out.resize(z.total_out);
    deflateEnd(&z);
    return out;
  }

  std::string out_, central_;
  uint16_t count_ = 0;
};

}  // namespace nb201::test
