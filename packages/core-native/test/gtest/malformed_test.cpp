// The bad files that test-fixtures/malformed/make.mjs makes, against the reader: one test a file.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "support.h"

namespace nb201::test {
namespace {

struct Case {
  std::string path, code, offset;
};
void PrintTo(const Case& bad, std::ostream* out) { *out << bad.path; }

// NB201_MALFORMED names cases.tsv: path (relative to it), code or OK, offset (nothing or '-' where it may be any).
std::vector<Case> cases() {
  std::vector<Case> out;
  const char* manifest = std::getenv("NB201_MALFORMED");
  if (!manifest) return out;
  std::ifstream in(manifest);
  const std::filesystem::path folder = std::filesystem::path(manifest).parent_path();
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    Case bad;
    std::getline(fields, bad.path, '\t');
    std::getline(fields, bad.code, '\t');
    std::getline(fields, bad.offset, '\t');
    bad.path = (folder / bad.path).string();
    out.push_back(bad);
  }
  return out;
}

class Malformed : public testing::TestWithParam<Case> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Malformed);

TEST(MalformedCases, AreThere) {
  if (!std::getenv("NB201_MALFORMED")) {
    GTEST_SKIP() << "NB201_MALFORMED is not set, so no bad files are read (npm run test:native sets it where "
                    "test-fixtures/malformed/make.mjs can make them)";
  }
  EXPECT_FALSE(cases().empty());
}

TEST_P(Malformed, GivesItsCodeAndOffset) {
  std::string got = outcome([&] {
    readThrough(
        openFile(GetParam().path), {}, [](const Container&) {}, [](const Value&) {},
        [](const std::string&, const ByteSource& bytes) {
          Bytes piece(static_cast<size_t>(std::min<uint64_t>(bytes.size(), 1 << 20)));
          for (uint64_t at = 0; at < bytes.size(); at += piece.size()) {
            bytes.read(at, piece.data(), static_cast<size_t>(std::min<uint64_t>(piece.size(), bytes.size() - at)));
          }
        });
    return std::string("OK");
  });
  std::string wanted = GetParam().code;
  const std::string& offset = GetParam().offset;
  if (offset.empty() || offset == "-") got = got.substr(0, got.find('@'));
  else if (wanted != "OK") wanted += "@" + offset;
  EXPECT_EQ(got, wanted);
}

INSTANTIATE_TEST_SUITE_P(Files, Malformed, testing::ValuesIn(cases()),
                         [](const testing::TestParamInfo<Case>& instance) {
                           std::string name = std::to_string(instance.index) + "_" +
                                              std::filesystem::path(instance.param.path).filename().string();
                           for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
                           return name;
                         });

}  // namespace
}  // namespace nb201::test
