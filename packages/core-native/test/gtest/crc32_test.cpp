#include "torchfile/crc32.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <random>
#include <vector>

TEST(Crc32, IsZlibsOfAnyBytesAtAnyAddress) {
  std::mt19937 random(201);
  std::vector<uint8_t> bytes(1 << 16);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  for (size_t count = 0; count < 1000; ++count) {
    const size_t at = random() % 64;
    ASSERT_EQ(nb201::crc32(0, &bytes[at], count), ::crc32_z(0, &bytes[at], count)) << count;
  }
  ASSERT_EQ(nb201::crc32(0, bytes.data(), bytes.size()), ::crc32_z(0, bytes.data(), bytes.size()));
}

TEST(Crc32, GoesOnWhereItEnded) {
  std::vector<uint8_t> bytes(5000);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * i >> 3);
  const uint32_t whole = static_cast<uint32_t>(::crc32_z(0, bytes.data(), bytes.size()));
  for (size_t cut : {0, 1, 63, 64, 65, 1024, 4990, 5000}) {
    const uint32_t head = nb201::crc32(0, bytes.data(), cut);
    EXPECT_EQ(nb201::crc32(head, bytes.data() + cut, bytes.size() - cut), whole) << cut;
  }
}
