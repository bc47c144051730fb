#include "torchfile/checksum.h"

#include <cstring>
#include <initializer_list>

namespace nb201 {

namespace {

uint64_t rotl(uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }
constexpr uint64_t kP1 = 0x9E3779B185EBCA87, kP2 = 0xC2B2AE3D27D4EB4F, kP3 = 0x165667B19E3779F9,
                   kP4 = 0x85EBCA77C2B2AE63, kP5 = 0x27D4EB2F165667C5;

template <class T>
T load(const uint8_t* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

uint64_t xxRound(uint64_t lane, uint64_t word) { return rotl(lane + word * kP2, 31) * kP1; }

}  // namespace

uint64_t checksum(const uint8_t* p, size_t size) {
  const uint8_t* const end = p + size;
  uint64_t hash = kP5;
  if (size >= 32) {
    uint64_t a = kP1 + kP2, b = kP2, c = 0, d = 0 - kP1;
    for (; end - p >= 32; p += 32) {
      a = xxRound(a, load<uint64_t>(p));
      b = xxRound(b, load<uint64_t>(p + 8));
      c = xxRound(c, load<uint64_t>(p + 16));
      d = xxRound(d, load<uint64_t>(p + 24));
    }
    hash = rotl(a, 1) + rotl(b, 7) + rotl(c, 12) + rotl(d, 18);
    for (const uint64_t lane : {a, b, c, d}) hash = (hash ^ xxRound(0, lane)) * kP1 + kP4;
  }
  hash += size;
  for (; end - p >= 8; p += 8) hash = rotl(hash ^ xxRound(0, load<uint64_t>(p)), 27) * kP1 + kP4;
  if (end - p >= 4) {
    hash = rotl(hash ^ load<uint32_t>(p) * kP1, 23) * kP2 + kP3;
    p += 4;
  }
  for (; p < end; ++p) hash = rotl(hash ^ *p * kP5, 11) * kP1;
  hash = (hash ^ hash >> 33) * kP2;
  hash = (hash ^ hash >> 29) * kP3;
  return hash ^ hash >> 32;
}

}  // namespace nb201
