#include <bzlib.h>
#include <gtest/gtest.h>

#include "support.h"
#include "zip_writer.h"

namespace nb201::test {
namespace {

std::string open(const Bytes& bytes, const ContainerLimits& limits = {}) {
  return outcome([&] { return contents(fromMemory("file", bytes), limits); });
}
std::string code(const std::string& outcome) { return outcome.substr(0, outcome.find('@')); }
std::string text(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

Bytes bzip2(const Bytes& bytes) {
  Bytes out(bytes.size() * 2 + 1000);
  unsigned size = static_cast<unsigned>(out.size());
  BZ2_bzBuffToBuffCompress(reinterpret_cast<char*>(out.data()), &size,
                           const_cast<char*>(reinterpret_cast<const char*>(bytes.data())),
                           static_cast<unsigned>(bytes.size()), 9, 0, 0);
  out.resize(size);
  return out;
}

// The persistent id of a FloatStorage.
std::string storage(const std::string& key, const std::string& count, const std::string& more = "") {
  return "28 8c 07 'storage' 'ctorch' 0a 'FloatStorage' 0a 8c 01 '" + key + "' 8c 03 'cpu' 4b " + count + " " + more +
         " 74 51 ";
}

// A tensor of two rows of one.
std::string tensor(const std::string& key, const std::string& count) {
  return "'ctorch._utils' 0a '_rebuild_tensor_v2' 0a 28 " + storage(key, count) +
         "4b 00 4b 02 4b 01 86 4b 01 4b 01 86 89 4e 74 52 ";
}

const std::string kLegacyHead =
    "80 02 8a 0a 6c fc 9c 46 f9 20 6a a8 50 19 2e 80 02 4d e9 03 2e "
    "80 02 7d 28 8c 0d 'little_endian' 88 75 2e ";

Bytes legacy(const std::string& object, const std::string& tail) {
  return bytesOf(kLegacyHead + object + "2e " + tail);
}

const std::string kTail = "80 02 5d 8c 01 'k' 61 2e ";
const std::string kTwoFloats = "02 00 00 00 00 00 00 00 00 00 80 3f 00 00 00 40 ";

Bytes zip(const std::string& pickle, const std::string& data, const std::string& folder = "archive") {
  return ZipWriter()
      .add({folder + "/data.pkl", text(bytesOf(pickle + " 2e"))})
      .add({folder + "/data/k", data})
      .add({folder + "/version", "3\n"})
      .finish();
}

TEST(Container, ReadsEveryFixtureTheSameFromFileAndMemory) {
  const std::vector<std::string> fixtures = valueFixtures();
  if (fixtures.empty()) GTEST_SKIP() << "test-fixtures/values is missing";
  for (const std::string& path : fixtures) {
    const std::string content = open(readAll(path));
    EXPECT_NE(content.find('\n'), std::string::npos) << path << ": " << content;
    EXPECT_EQ(content, outcome([&] { return contents(openFile(path)); })) << path;
  }
}

TEST(Container, SaysWhatAFileIsThatItCannotRead) {
  EXPECT_EQ(open({}), "TRUNCATED@0");
  EXPECT_EQ(open(bytesOf("'broken'")).substr(0, 3), "NOT");
  EXPECT_EQ(open(bytesOf("89 'PNG' 0d 0a 1a 0a")), "NOT_RECOGNIZED@0");
  EXPECT_EQ(open(bytesOf("'<!DOCTYPE html>'")), "NOT_RECOGNIZED@0");
  EXPECT_EQ(open(bytesOf("'version https://git-lfs.github.com/spec/v1' 0a")), "NOT_RECOGNIZED@0");
  EXPECT_EQ(open(bytesOf("1f 8b 08 00")), "UNSUPPORTED_CONTAINER@0");
  EXPECT_EQ(open(bytesOf("'PYTORCH1'")), "UNSUPPORTED_CONTAINER@0");
  Bytes tar(1024, 0);
  std::memcpy(tar.data(), "sys_info", 8);
  std::memcpy(tar.data() + 257, "ustar", 5);
  EXPECT_EQ(open(tar), "UNSUPPORTED_CONTAINER@0");
}

TEST(Container, ReadsSeveralPicklesOneAfterAnother) {
  EXPECT_EQ(open(bytesOf("80 02 4b 01 2e 80 02 4b 02 2e")), "pickle\n1\n2");
  EXPECT_EQ(open(bytesOf("80 02 4b 01 2e 00")), "BAD_OPCODE@5");
}

TEST(Container, LimitsWhatIsDecodedAsAWhole) {
  ContainerLimits limits;
  limits.pickle = 100;
  Bytes bytes(200, 'N');
  EXPECT_EQ(open(bytes, limits), "LIMIT@0");
}

TEST(Bzip2, UnpacksStreamsOneAfterAnother) {
  const Bytes one = bzip2(bytesOf("80 02 4b")), two = bzip2(bytesOf("01 2e"));
  Bytes both = one;
  both.insert(both.end(), two.begin(), two.end());
  EXPECT_EQ(open(both), "pickle\n1");
  both.push_back('x');  // Python ignores it, too
  EXPECT_EQ(open(both), "pickle\n1");
}

TEST(Bzip2, RefusesDamageAndCuts) {
  const Bytes whole = bzip2(bytesOf("80 02 4b 01 2e"));
  for (size_t size = 4; size < whole.size(); ++size) {
    EXPECT_EQ(code(open(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)))), "TRUNCATED") << size;
  }
  Bytes damaged = whole;
  damaged[12] ^= 0x55;
  EXPECT_EQ(code(open(damaged)), "BAD_CONTAINER");
}

TEST(Bzip2, StopsAtItsLimit) {
  Bytes zeros(10 << 20, 'N');
  ContainerLimits limits;
  limits.decompressed = 1 << 20;
  EXPECT_EQ(code(open(bzip2(zeros), limits)), "LIMIT");
}

TEST(Legacy, ReadsTensorsAndTheirStorages) {
  const std::string content = open(legacy(tensor("k", "02"), kTail + kTwoFloats));
  EXPECT_EQ(content.substr(0, content.find("\nk=")),
            "torch-legacy\ntensor(float32 (2, 1) strides (1, 1) from 0 of storage(float32 'k' 'cpu' 2))");
}

TEST(Legacy, RefusesAnotherProtocolOrByteOrder) {
  EXPECT_EQ(open(bytesOf("80 02 8a 0a 6c fc 9c 46 f9 20 6a a8 50 19 2e 80 02 4d e8 03 2e")), "BAD_CONTAINER@15");
  EXPECT_EQ(
      open(bytesOf(
          "80 02 8a 0a 6c fc 9c 46 f9 20 6a a8 50 19 2e 80 02 4d e9 03 2e 80 02 7d 28 8c 0d 'little_endian' 89 75 2e")),
      "UNSUPPORTED_CONTAINER@21");
  EXPECT_EQ(open(bytesOf("80 02 8a 0a 6c fc 9c 46 f9 20 6a a8 50 19 2e 80 02 4d e9 03 2e 80 02 4e 2e")),
            "BAD_CONTAINER@21");
}

TEST(Legacy, RefusesStoragesThatDoNotFit) {
  const std::string object = tensor("k", "02");
  EXPECT_EQ(code(open(legacy(object, "80 02 7d 2e "))), "BAD_CONTAINER");                            // no list
  EXPECT_EQ(code(open(legacy(object, "80 02 5d 4b 01 61 2e "))), "BAD_CONTAINER");                   // no text
  EXPECT_EQ(code(open(legacy(object, "80 02 5d 8c 01 'j' 61 2e " + kTwoFloats))), "BAD_CONTAINER");  // unknown
  EXPECT_EQ(code(open(legacy(object, "80 02 5d 2e "))), "BAD_TENSOR");                               // missing
  EXPECT_EQ(code(open(legacy(object, "80 02 5d 8c 01 'k' 61 8c 01 'k' 61 2e " + kTwoFloats + kTwoFloats))),
            "BAD_CONTAINER");
  EXPECT_EQ(code(open(legacy(object, kTail + "03 00 00 00 00 00 00 00"))), "BAD_TENSOR");
  EXPECT_EQ(code(open(legacy(object, kTail + "ff ff ff ff ff ff ff ff"))), "BAD_TENSOR");
  EXPECT_EQ(code(open(legacy(object, kTail + "02 00 00 00 00 00 00 00 00 00"))), "TRUNCATED");
  EXPECT_EQ(code(open(legacy(object, kTail))), "TRUNCATED");
}

TEST(Legacy, SurvivesACutAnywhere) {
  const Bytes whole = legacy(tensor("k", "02"), kTail + kTwoFloats);
  for (size_t size = 15; size < whole.size(); ++size) {
    const std::string got = code(open(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))));
    EXPECT_TRUE(got == "TRUNCATED" || got == "BAD_LENGTH") << size << ": " << got;
  }
}

TEST(ZipContainer, ReadsTensorsAndTheirStorages) {
  const std::string content = open(zip(tensor("k", "02"), std::string("\0\0\x80?\0\0\0@", 8)));
  EXPECT_EQ(content.substr(0, content.find("\nk=")),
            "torch-zip\ntensor(float32 (2, 1) strides (1, 1) from 0 of storage(float32 'k' 'cpu' 2))");
}

TEST(ZipContainer, RefusesStoragesThatDoNotFit) {
  EXPECT_EQ(code(open(zip(tensor("k", "02"), "1234567"))), "BAD_TENSOR");
  EXPECT_EQ(code(open(zip(tensor("k", "02"), "123456789"))), "BAD_TENSOR");
  EXPECT_EQ(code(open(zip(tensor("j", "02"), "12345678"))), "BAD_TENSOR");
}

TEST(ZipContainer, RefusesToChooseBetweenTwoPickles) {
  EXPECT_EQ(code(open(ZipWriter().add({"a/data.pkl", "N."}).add({"b/data.pkl", "N."}).finish())), "BAD_CONTAINER");
  EXPECT_EQ(code(open(ZipWriter().add({"a/b/data.pkl", "N."}).finish())), "NOT_RECOGNIZED");
  EXPECT_EQ(code(open(ZipWriter().add({"a/data.pkl", "N."}).add({"a/byteorder", "big"}).finish())),
            "UNSUPPORTED_CONTAINER");
}

TEST(Tensors, RefusePersistentIdsThatAreNone) {
  const auto id = [](const std::string& pickle) { return code(open(zip(pickle, ""))); };
  EXPECT_EQ(id("4b 01 51"), "BAD_TENSOR");
  EXPECT_EQ(id("29 51"), "BAD_TENSOR");
  EXPECT_EQ(id("28 8c 06 'module' 4e 4e 4e 74 51"), "FULL_MODEL");
  EXPECT_EQ(id("28 8c 07 'storage' 'ctorch' 0a 'NoStorage' 0a 8c 01 'k' 8c 03 'cpu' 4b 01 74 51"), "BAD_TENSOR");
  EXPECT_EQ(id("28 8c 07 'storage' 'ctorch' 0a 'FloatStorage' 0a 8c 01 'k' 8c 03 'cpu' 4a ff ff ff ff 74 51"),
            "BAD_TENSOR");
  EXPECT_EQ(id("28 8c 07 'storage' 'ctorch' 0a 'FloatStorage' 0a 8c 01 'k' 8c 04 'meta' 4b 01 74 51"),
            "UNSUPPORTED_TENSOR");
  EXPECT_EQ(id(storage("k", "01") + storage("k", "02") + "86"), "BAD_TENSOR");  // two sizes of one
  // A key that is no text in any encoding: it would be handed to JavaScript as UTF-8.
  EXPECT_EQ(id("28 8c 07 'storage' 'ctorch' 0a 'FloatStorage' 0a 55 01 f0 8c 03 'cpu' 4b 00 74 51"), "BAD_TENSOR");
}

TEST(Tensors, RefuseViewsBeyondTheirStorage) {
  const auto view = [](const std::string& arguments) {
    return code(
        open(zip("'ctorch._utils' 0a '_rebuild_tensor_v2' 0a 28 " + storage("k", "02") + arguments + " 89 4e 74 52",
                 "12345678")));
  };
  EXPECT_EQ(view("4b 00 4b 02 85 4b 01 85").find("torch-zip"), 0u);
  EXPECT_EQ(view("4b 01 4b 02 85 4b 01 85"), "BAD_CALL");
  EXPECT_EQ(view("4b 00 4b 03 85 4b 01 85"), "BAD_CALL");
  EXPECT_EQ(view("4b 00 4b 02 85 4b 02 85"), "BAD_CALL");
  EXPECT_EQ(view("4a ff ff ff ff 4b 01 85 4b 01 85"), "BAD_CALL");
  EXPECT_EQ(view("4b 00 4b 01 85 4b 01 4b 01 86"), "BAD_CALL");
  EXPECT_EQ(view("4b 00 8a 08 ff ff ff ff ff ff ff 7f 85 8a 08 ff ff ff ff ff ff ff 7f 85"), "BAD_CALL");
  EXPECT_EQ(view("4b 00 4b 00 85 4b 01 85").find("torch-zip"), 0u);
}

// _rebuild_tensor_v3 names a dtype, which may be wider than the storage's.
TEST(Tensors, RefuseADtypeThatReachesBeyondTheStorage) {
  EXPECT_EQ(code(open(zip("'ctorch._utils' 0a '_rebuild_tensor_v3' 0a 28 " + storage("k", "02") +
                              "4b 00 4b 02 85 4b 01 85 89 4e 'ctorch' 0a 'float64' 0a 74 52",
                          "12345678"))),
            "BAD_CALL");
}

}  // namespace
}  // namespace nb201::test
