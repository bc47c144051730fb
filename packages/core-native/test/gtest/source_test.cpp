#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "pieces.h"
#include "support.h"

namespace nb201::test {
namespace {

Bytes counting(size_t size) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i * 7 + i / 256);
  return bytes;
}

std::string openAndRead(const std::string& path) {
  return outcome([&] {
    const SourcePtr source = openFile(path);
    uint8_t byte;
    source->read(0, &byte, 1);
    return std::string("read");
  });
}

TEST(Cursor, HandsOutTheRightBytesWhereverItsWindowIs) {
  const Bytes bytes = counting(1000);
  const PieceSource pieces(bytes);
  for (const size_t chunk : {1, 3, 10, 64, 5000}) {
    Cursor cursor(pieces, 0, pieces.size(), chunk);
    std::mt19937 random(1);
    for (int step = 0; step < 2000; ++step) {
      if (random() % 4 == 0) cursor.seek(random() % (bytes.size() + 1));
      const uint64_t at = cursor.offset();
      ASSERT_EQ(cursor.left(), bytes.size() - at);
      const size_t count = std::min<size_t>(random() % 40, static_cast<size_t>(cursor.left()));
      const uint8_t* got = cursor.need(count);
      ASSERT_EQ(Bytes(got, got + count), Bytes(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                                               bytes.begin() + static_cast<std::ptrdiff_t>(at + count)));
      cursor.advance(count);
    }
  }
}

TEST(Cursor, KeepsWhatItIsToldToKeep) {
  const Bytes bytes = counting(1000);
  const PieceSource pieces(bytes);
  for (const size_t chunk : {1, 7, 100}) {
    Cursor cursor(pieces, 0, pieces.size(), chunk);
    cursor.need(5);
    cursor.advance(5);
    cursor.keepFrom(3);
    for (int i = 0; i < 60; ++i) {
      cursor.need(10);
      cursor.advance(10);
      ASSERT_EQ(Bytes(cursor.pointerTo(3), cursor.at()), Bytes(bytes.begin() + 3, bytes.begin() + 5 + 10 * (i + 1)));
    }
    cursor.skip(100);
    ASSERT_EQ(Bytes(cursor.pointerTo(3), cursor.at()), Bytes(bytes.begin() + 3, bytes.begin() + 705));
    cursor.keepNothing();
    ASSERT_EQ(*cursor.need(1), bytes[705]);
  }
}

TEST(Cursor, RefusesToGoBeyondItsEnd) {
  const PieceSource pieces(counting(100));
  const SourcePtr memory = fromMemory("memory", counting(100));
  for (const ByteSource* source : {static_cast<const ByteSource*>(&pieces), memory.get()}) {
    Cursor cursor(*source, 10, 50, 8);
    EXPECT_EQ(outcome([&] { return cursor.need(41), ""; }), "TRUNCATED@10");
    EXPECT_EQ(outcome([&] { return cursor.seek(51), ""; }), "TRUNCATED@51");
    EXPECT_EQ(outcome([&] { return cursor.skip(41), ""; }), "BAD_LENGTH@10");
    EXPECT_EQ(outcome([&] { return cursor.skip(UINT64_MAX), ""; }), "BAD_LENGTH@10");
    EXPECT_EQ(cursor.available(1000), 40u);
    cursor.seek(50);
    EXPECT_EQ(cursor.available(1), 0u);
    EXPECT_EQ(outcome([&] { return Cursor(*source, 0, 101), ""; }), "TRUNCATED@0");
  }
}

TEST(Stretch, KeepsTheOffsetsOfTheWhole) {
  const Bytes bytes = counting(100);
  const auto pieces = std::make_shared<PieceSource>(bytes);
  const SourcePtr stretch = stretchOf(pieces, 40, 60);
  uint8_t two[2];
  stretch->read(58, two, 2);
  EXPECT_EQ(Bytes(two, two + 2), Bytes(bytes.begin() + 58, bytes.begin() + 60));
  Cursor cursor(*stretch, 45, 60);
  EXPECT_EQ(cursor.offset(), 45u);
  EXPECT_EQ(*cursor.need(1), bytes[45]);
  EXPECT_EQ(outcome([&] { return stretch->read(59, two, 2), ""; }), "TRUNCATED@59");
  // What is before a stretch is not in it.
  EXPECT_EQ(outcome([&] { return stretch->read(39, two, 1), ""; }), "TRUNCATED@39");
  EXPECT_EQ(outcome([&] { return Cursor(*stretch, 39, 60), ""; }), "TRUNCATED@39");
}

TEST(Slice, StartsAtZeroAndEndsWhereItShould) {
  const SourcePtr whole = fromMemory("memory", counting(100));
  const SourcePtr slice = sliceOf(whole, "slice", 90, 10);
  uint8_t byte;
  slice->read(9, &byte, 1);
  EXPECT_EQ(byte, counting(100)[99]);
  EXPECT_EQ(slice->data(), whole->data() + 90);
  EXPECT_EQ(outcome([&] { return slice->read(9, &byte, 2), ""; }), "TRUNCATED@9");
  EXPECT_EQ(outcome([&] { return sliceOf(whole, "slice", 90, 11), ""; }), "TRUNCATED@90");
  EXPECT_EQ(outcome([&] { return sliceOf(whole, "slice", UINT64_MAX, 2), ""; }).substr(0, 9), "TRUNCATED");
}

TEST(File, ReadsAsMemoryDoes) {
  const std::vector<std::string> fixtures = valueFixtures();
  if (fixtures.empty()) GTEST_SKIP() << "test-fixtures/values is missing";
  for (const std::string& path : fixtures) {
    EXPECT_EQ(contents(openFile(path)), contents(fromMemory(path, readAll(path)))) << path;
  }
}

TEST(File, SaysWhenItShrankWhileItWasOpen) {
  const TemporaryFile file(counting(10000));
  const SourcePtr source = openFile(file.path());
  std::filesystem::resize_file(file.path(), 100);
  Bytes buffer(10000);
  EXPECT_EQ(outcome([&] { return source->read(0, buffer.data(), 10000), ""; }), "CHANGED@100");
  EXPECT_EQ(outcome([&] { return source->read(0, buffer.data(), 10), ""; }), "CHANGED@0");
}

TEST(File, SaysWhenItWasWrittenToWhileItWasOpen) {
  const TemporaryFile file(counting(100));
  const SourcePtr source = openFile(file.path());
  ::usleep(20000);  // two writes within one tick of the file system's clock look like one
  FILE* again = std::fopen(file.path().c_str(), "r+");
  std::fputc('x', again);
  std::fclose(again);
  uint8_t byte;
  EXPECT_EQ(outcome([&] { return source->read(50, &byte, 1), ""; }), "CHANGED@50");
}

TEST(File, MustBeAFile) {
  EXPECT_EQ(openAndRead("/no/such/file"), "IO@0");
  EXPECT_EQ(openAndRead(std::filesystem::temp_directory_path().string()), "NOT_A_FILE@0");
  EXPECT_EQ(openAndRead("/dev/zero"), "NOT_A_FILE@0");
  const std::string fifo =
      (std::filesystem::temp_directory_path() / ("nb201-fifo-" + std::to_string(::getpid()))).string();
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(openAndRead(fifo), "NOT_A_FILE@0");  // and does not wait for a writer
  std::remove(fifo.c_str());
}

TEST(File, MayBeLargerThanMemory) {
  const TemporaryFile file(bytesOf("80 02 4e 2e"));
  std::error_code error;
  std::filesystem::resize_file(file.path(), uint64_t{1} << 40, error);
  if (error) GTEST_SKIP() << "this file system has no sparse files of 1 TiB";
  // The bytes behind the first pickle are zeros, which are no opcode.
  EXPECT_EQ(outcome([&] { return contents(openFile(file.path())); }), "BAD_OPCODE@4");
  // A string that claims to fill it is refused before memory is asked for.
  const TemporaryFile claim(bytesOf("80 04 8e 00 00 00 00 80 00 00 00"));
  std::filesystem::resize_file(claim.path(), uint64_t{1} << 40);
  EXPECT_EQ(outcome([&] { return contents(openFile(claim.path())); }).substr(0, 6), "LIMIT@");
}

}  // namespace
}  // namespace nb201::test
