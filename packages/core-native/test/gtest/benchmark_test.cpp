// The index of a benchmark file against the same file decoded, and against itself read piece by piece.
#include "benchmark.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "benchmark/column.h"
#include "pieces.h"
#include "support.h"

using namespace nb201;
using namespace nb201::test;

namespace {

std::vector<std::string> benchmarks() {
  std::vector<std::string> out;
  const std::filesystem::path folder = std::filesystem::path(NB201_FIXTURES) / "benchmark";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) out.push_back(entry.path().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

class Benchmark : public testing::TestWithParam<std::string> {};

TEST_P(Benchmark, CurvesAreAddressedAsTheyAreDecoded) {
  const auto index = BenchmarkIndex::open(openFile(GetParam()), {}, nullptr);
  EXPECT_EQ(disagreement(*index), "");
}

TEST_P(Benchmark, ReadsTheSamePieceByPiece) {
  const auto inMemory = BenchmarkIndex::open(fromMemory("memory", readAll(GetParam())), {}, nullptr);
  const auto inPieces = BenchmarkIndex::open(std::make_shared<PieceSource>(readAll(GetParam())), {}, nullptr);
  EXPECT_EQ(summary(*inMemory), summary(*inPieces));
}

TEST_P(Benchmark, ReadsTheSameOnSeveralThreads) {
  const auto alone = BenchmarkIndex::open(openFile(GetParam()), {}, nullptr);
  for (const unsigned threads : {2u, 3u, 8u}) {
    ContainerLimits limits;
    limits.threads = threads;
    limits.bytesPerThread = 1;
    const auto together = BenchmarkIndex::open(openFile(GetParam()), limits, nullptr);
    EXPECT_EQ(summary(*alone), summary(*together)) << threads << " threads";
    EXPECT_EQ(disagreement(*together), "") << threads << " threads";
  }
}

TEST_P(Benchmark, CutShortIsAnErrorThatSaysWhere) {
  const Bytes whole = readAll(GetParam());
  for (size_t size = 0; size < whole.size(); size += 1 + size / 7) {
    Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_THROW(BenchmarkIndex::open(fromMemory("cut", cut), {}, nullptr), Error) << "at " << size;
  }
}

TEST_P(Benchmark, StopsWhenItIsToldTo) {
  try {
    BenchmarkIndex::open(openFile(GetParam()), {}, [](const ScanProgress&) { return false; });
    FAIL() << "expected the reading to end early";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::Aborted);
  }
}

INSTANTIATE_TEST_SUITE_P(Fixtures, Benchmark, testing::ValuesIn(benchmarks()), [](const auto& fixture) {
  std::string name = std::filesystem::path(fixture.param).lexically_relative(NB201_FIXTURES).string();
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
});

// A record that refers to what stands far before it must not care how far.
TEST(Memo, EntriesOfEarlierRecordsAreFound) {
  const auto index =
      BenchmarkIndex::open(openFile(std::string(NB201_FIXTURES) + "/benchmark/irregular.pth"), {}, nullptr);
  ColumnRequest request;
  request.hp = "12";
  request.dataset = "cifar100";
  request.set = "x-test";
  const std::atomic<bool> aborted{false};
  const Column column = readColumn(*index, request, aborted);
  ASSERT_EQ(column.counts.size(), index->tables().architectures.size());
  size_t records = 0;
  for (const uint8_t count : column.counts) records += count != Column::kNoRecord;
  EXPECT_EQ(records, index->tables().records.size());
}

}  // namespace
