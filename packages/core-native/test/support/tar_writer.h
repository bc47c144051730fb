// Writes tar archives, honest or not: every field can be told apart from the truth.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace nb201::test {

// Makes a header's checksum right for what it says now.
inline void sign(uint8_t* header) {
  std::memset(header + 148, ' ', 8);
  unsigned sum = 0;
  for (int i = 0; i < 512; ++i) sum += header[i];
  char digits[8];
  std::snprintf(digits, sizeof digits, "%06o", sum);
  std::memcpy(header + 148, digits, 7);
}

class TarWriter {
 public:
  struct Member {
    std::string name, content;
    char type = '0';
    std::optional<uint64_t> size = {};  // in the header
    bool binarySize = false;            // as GNU writes what octal digits cannot hold
    std::string prefix = {};
    bool gnu = false;
    std::optional<std::string> rawSize = {};
    bool sign = true;
    bool extendedSparse = false;
  };

  TarWriter& add(const Member& member) {
    uint8_t header[512] = {};
    const auto put = [&](size_t at, const std::string& text) { std::memcpy(header + at, text.data(), text.size()); };
    put(0, member.name.substr(0, 100));
    put(100, "0000644");
    const uint64_t size = member.size.value_or(member.content.size());
    char digits[32];
    std::snprintf(digits, sizeof digits, "%011llo", static_cast<unsigned long long>(size));
    put(124, member.rawSize.value_or(std::string(digits).substr(0, 12)));
    if (member.binarySize) {
      std::memset(header + 124, 0, 12);
      header[124] = 0x80;
      for (int i = 0; i < 8; ++i) header[135 - i] = static_cast<uint8_t>(size >> (8 * i));
    }
    header[156] = static_cast<uint8_t>(member.type);
    put(257, member.gnu ? std::string("ustar  \0", 8)
                        : std::string("ustar\0"
                                      "00",
                                      8));
    put(345, member.prefix);
    if (member.extendedSparse) header[482] = 1;
    test::sign(header);
    if (!member.sign) header[0] ^= 1;
    bytes_.insert(bytes_.end(), header, header + 512);
    if (member.extendedSparse) bytes_.resize(bytes_.size() + 512);
    bytes_.insert(bytes_.end(), member.content.begin(), member.content.end());
    bytes_.resize((bytes_.size() + 511) / 512 * 512);
    return *this;
  }
  // Two blocks of zeros end an archive.
  std::vector<uint8_t> finish(size_t zeroBlocks = 2) {
    bytes_.resize(bytes_.size() + zeroBlocks * 512);
    return std::move(bytes_);
  }

 private:
  std::vector<uint8_t> bytes_;
};

// One of PAX's records.
inline std::string paxRecord(const std::string& key, const std::string& value) {
  const std::string rest = " " + key + "=" + value + "\n";
  size_t length = rest.size() + 1;
  while (std::to_string(length).size() + rest.size() != length) ++length;
  return std::to_string(length) + rest;
}

}  // namespace nb201::test
