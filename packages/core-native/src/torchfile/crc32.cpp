#include "torchfile/crc32.h"

#include <zlib.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define NB201_CARRY_LESS
#include <immintrin.h>
#endif

namespace nb201 {

namespace {

uint32_t byTable(uint32_t crc, const uint8_t* bytes, size_t count) {
  return static_cast<uint32_t>(crc32_z(crc, bytes, count));
}

#ifdef NB201_CARRY_LESS

#define NB201_TARGET __attribute__((target("pclmul,sse2")))

NB201_TARGET inline __m128i load(const uint8_t* from) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

// 16 bytes that give, before `next`, the remainder that `x` gives further ahead: `factors` says how far.
NB201_TARGET inline __m128i fold(__m128i x, __m128i factors, __m128i next) {
  const __m128i low = _mm_clmulepi64_si128(x, factors, 0x00), high = _mm_clmulepi64_si128(x, factors, 0x11);
  return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

// V. Gopal et al., Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction, Intel, 2009. `count` is a
// multiple of 16 from 64 on.
NB201_TARGET uint32_t byFolding(uint32_t crc, const uint8_t* bytes, size_t count) {
  // Powers of x modulo the polynomial, bits reversed.
  const __m128i by64 = _mm_set_epi64x(0x01c6e41596, 0x0154442bd4);  // x^(512-32), x^(512+32)
  const __m128i by16 = _mm_set_epi64x(0x00ccaa009e, 0x01751997d0);  // x^(128-32), x^(128+32)
  __m128i x[4];
  for (int i = 0; i < 4; ++i) x[i] = load(bytes + 16 * i);
  x[0] = _mm_xor_si128(x[0], _mm_cvtsi32_si128(static_cast<int>(~crc)));
  bytes += 64, count -= 64;
  for (; count >= 64; bytes += 64, count -= 64) {
    for (int i = 0; i < 4; ++i) x[i] = fold(x[i], by64, load(bytes + 16 * i));
  }
  __m128i rest = x[0];
  for (int i = 1; i < 4; ++i) rest = fold(rest, by16, x[i]);
  for (; count > 0; bytes += 16, count -= 16) rest = fold(rest, by16, load(bytes));
  alignas(16) uint8_t last[16];
  _mm_store_si128(reinterpret_cast<__m128i*>(last), rest);
  return byTable(~uint32_t{0}, last, sizeof last);  // what came before is in them
}

#endif

}  // namespace

uint32_t crc32(uint32_t crc, const uint8_t* bytes, size_t count) {
#ifdef NB201_CARRY_LESS
  static const bool has = __builtin_cpu_supports("pclmul") != 0;
  const size_t folded = count / 16 * 16;
  if (has && folded >= 64) {
    crc = byFolding(crc, bytes, folded);
    bytes += folded, count -= folded;
  }
#endif
  return byTable(crc, bytes, count);
}

}  // namespace nb201
