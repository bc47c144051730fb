// Side-cars: what is read from one is what the walk has found, and whatever is wrong with one makes it none.
#include "benchmark/sidecar.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "benchmark.h"
#include "support.h"
#include "torchfile/checksum.h"

using namespace nb201;
using namespace nb201::test;

namespace {

const std::string kFolder = std::string(NB201_FIXTURES) + "/benchmark/";

// Digests of the xxHash library (Python's xxhash 4.1).
TEST(Checksum, IsXxh64) {
  const auto of = [](const std::string& text) {
    return checksum(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  };
  EXPECT_EQ(of(""), 0xef46db3751d8e999u);
  EXPECT_EQ(of("a"), 0xd24ec4f1a98c6e5bu);
  EXPECT_EQ(of("abc"), 0x44bc2cf5ad770999u);
  EXPECT_EQ(of("Nobody inspects the spammish repetition"), 0xfbcea83c8a378bf1u);
}

struct Opened {
  explicit Opened(const std::string& path)
      : sidecarPath("nowhere"),
        index(BenchmarkIndex::open(openFile(path), {}, nullptr, {sidecarPath})),
        bytes(index->sidecar()),
        stamp(stampOf(path, *openFile(path))) {}
  std::string sidecarPath;
  std::shared_ptr<BenchmarkIndex> index;
  Bytes bytes;
  FileStamp stamp;
};

class Sidecar : public testing::TestWithParam<const char*> {};

TEST_P(Sidecar, HoldsWhatTheWalkHasFound) {
  const std::string path = kFolder + GetParam();
  const Opened walked(path);
  ASSERT_FALSE(walked.bytes.empty());
  EXPECT_EQ(walked.index->openedWith(), "");
  const TemporaryFile file(walked.bytes);
  const auto again = BenchmarkIndex::open(openFile(path), {}, nullptr, {"nowhere", file.path()});
  EXPECT_EQ(again->openedWith(), file.path());
  EXPECT_EQ(summary(*again), summary(*walked.index));
  EXPECT_EQ(disagreement(*again), "");
  EXPECT_TRUE(again->sidecar().empty()) << "it has one already";
}

INSTANTIATE_TEST_SUITE_P(Fixtures, Sidecar,
                         testing::Values("irregular.pth", "irregular-zip.pth", "instances.pth", "v1_1-protocol0.pkl",
                                         "v1_1-protocol5.pkl", "v1_1-zip.pth", "archive/000000-FULL.pth"),
                         [](const auto& fixture) {
                           std::string name = fixture.param;
                           for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
                           return name;
                         });

class Damaged : public testing::Test {
 protected:
  const std::string path = kFolder + "irregular.pth";
  const Opened walked{path};

  std::shared_ptr<BenchmarkIndex> restored(Bytes bytes, const FileStamp& stamp) const {
    return BenchmarkIndex::restore(openFile(path), {}, stamp, fromMemory("side-car", std::move(bytes)));
  }
  bool believed(Bytes bytes, const FileStamp& stamp) const { return restored(std::move(bytes), stamp) != nullptr; }
};

// A damaged page is found out when it is read, and gives no other answer.
TEST_F(Damaged, EveryByteCounts) {
  ASSERT_TRUE(believed(walked.bytes, walked.stamp));
  const std::string right = summary(*walked.index);
  size_t later = 0;
  for (size_t at = 0; at < walked.bytes.size(); at += at < 600 ? 1 : 397) {
    Bytes bytes = walked.bytes;
    bytes[at] ^= 0x10;
    const auto index = restored(bytes, walked.stamp);
    if (!index) continue;
    ++later;
    EXPECT_EQ(summary(*index), right) << "byte " << at;
    EXPECT_EQ(disagreement(*index), "") << "byte " << at;
  }
  EXPECT_GT(later, 5u);
}

TEST_F(Damaged, CutShortOrTooLongIsNone) {
  for (size_t size = 0; size < walked.bytes.size(); size += 1 + size / 50) {
    EXPECT_FALSE(
        believed(Bytes(walked.bytes.begin(), walked.bytes.begin() + static_cast<std::ptrdiff_t>(size)), walked.stamp))
        << size;
  }
  Bytes longer = walked.bytes;
  longer.resize(longer.size() + 8);
  EXPECT_FALSE(believed(longer, walked.stamp));
}

TEST_F(Damaged, OfAnotherFileIsNone) {
  FileStamp other = walked.stamp;
  ++other.size;
  EXPECT_FALSE(believed(walked.bytes, other));
  other = walked.stamp;
  --other.changed;
  EXPECT_FALSE(believed(walked.bytes, other));
  other = walked.stamp;
  other.sampled ^= 1;
  EXPECT_FALSE(believed(walked.bytes, other));
}

TEST_F(Damaged, IsReplacedByAWalk) {
  Bytes bytes = walked.bytes;
  bytes[sizeof(uint64_t) * 7 + 20] ^= 1;  // in the first section, which is read when the file is opened
  const TemporaryFile file(bytes);
  const auto again = BenchmarkIndex::open(openFile(path), {}, nullptr, {file.path()});
  EXPECT_EQ(again->openedWith(), "");
  EXPECT_EQ(summary(*again), summary(*walked.index));
  EXPECT_EQ(again->sidecar(), walked.bytes);
}

}  // namespace
