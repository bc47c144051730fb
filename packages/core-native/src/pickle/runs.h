// Curves in the form that picklers write them: the inside of one dict batch, entry after entry with nothing unusual,
//   epoch -> float              K 00 G ........
//   'set@epoch' -> float        X len4 "x-valid@0" r memo4 G ........   (and the shorter forms of other protocols)
// A curve of this form is addressed: where its numbers stand follows from where it begins.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace nb201 {

struct Run {
  uint32_t begin = 0;     // offset of its first entry, from where the batch was parsed
  uint32_t first = 0;     // epoch of its first entry; the others count on from it
  uint32_t count = 0;     // entries
  uint16_t nameSize = 0;  // of the set's name; 0 where keys are epochs alone
  uint8_t header = 0;     // bytes of a key before its text
  uint8_t put = 0;        // bytes of the memo opcode behind a key: 0, 1 (MEMOIZE), 2 (BINPUT) or 5 (LONG_BINPUT)
  uint8_t get = 0;        // bytes of a key that is a memo reference: 2 (BINGET) or 5 (LONG_BINGET); else 0

  static unsigned digits(uint32_t epoch) { return epoch < 10 ? 1 : epoch < 100 ? 2 : epoch < 1000 ? 3 : 4; }
  // Whether it has this epoch.
  bool has(uint32_t epoch) const { return epoch - first < count; }
  // Offset of the entry of an epoch that it has, from where the batch was parsed.
  uint32_t entryAt(uint32_t epoch) const {
    if (get) return begin + (epoch - first) * (get + 9u);
    return begin + (nameSize == 0 ? (epoch - first) * 11 : sizeBefore(epoch) - sizeBefore(first));
  }
  // Offset of the eight bytes of an epoch's float.
  uint32_t floatAt(uint32_t epoch) const {
    if (get) return entryAt(epoch) + get + 1u;
    return nameSize == 0 ? entryAt(epoch) + 3 : entryAt(epoch) + header + nameSize + 1u + digits(epoch) + put + 1u;
  }
  // Of a set whose keys are written out.
  std::string_view name(const uint8_t* batch) const {
    return {reinterpret_cast<const char*>(batch) + begin + header, nameSize};
  }

 private:
  // Of the entries of epochs 0 to `epoch` - 1: each longer by the digits of its epoch.
  uint32_t sizeBefore(uint32_t epoch) const {
    uint32_t size = epoch * (header + nameSize + 1u + put + 9u + 1u);
    if (epoch > 10) size += epoch - 10;
    if (epoch > 100) size += epoch - 100;
    if (epoch > 1000) size += epoch - 1000;
    return size;
  }
};

// Bytes of the memo opcode PUT that begins with this byte; 0 where it is none of the binary ones.
unsigned putSize(uint8_t code);

inline double bigEndianDouble(const uint8_t* p) {
  uint64_t bits;
  std::memcpy(&bits, p, 8);
#if defined(__GNUC__) || defined(__clang__)
  bits = __builtin_bswap64(bits);
#else
  bits = _byteswap_uint64(bits);
#endif
  double number;
  std::memcpy(&number, &bits, 8);
  return number;
}

// Parses the entries between a MARK and its SETITEMS. Returns the size up to and including the SETITEMS opcode, or 0
// where anything is not of the regular form (the general path then reads it). `memo` is the index that the next memo
// entry has: entries that count on from it are part of the form. kAnyMemo takes them from wherever they start.
constexpr uint64_t kAnyMemo = UINT64_MAX;
size_t parseRuns(const uint8_t* batch, size_t size, uint64_t memo, std::vector<Run>& runs);

// A stretch of entries whose keys are references to memo entries one after another, from `at` on:
//   j memo4 G ........
// Its count is 0 where the first entry is not of this form. Which keys they are only the memo knows.
Run parseReferences(const uint8_t* batch, size_t at, size_t size, uint64_t& firstMemo);

}  // namespace nb201
