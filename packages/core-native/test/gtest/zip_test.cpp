#include "torchfile/zip.h"

#include <gtest/gtest.h>

#include "support.h"
#include "zip_writer.h"

namespace nb201::test {
namespace {

// The archive's contents as "name=content;", or "CODE@offset".
std::string unzip(const Bytes& bytes) {
  return outcome([&] {
    const SourcePtr file = fromMemory("zip", bytes);
    std::string out;
    for (const ZipEntry& entry : readZipDirectory(*file)) {
      const SourcePtr data = openZipEntry(file, entry);
      std::string content(static_cast<size_t>(data->size()), '\0');
      data->read(0, content.data(), content.size());
      out += entry.name + "=" + content + ";";
    }
    return out;
  });
}
std::string unzip(const Member& member) { return unzip(ZipWriter().add(member).finish()); }
std::string code(const std::string& outcome) { return outcome.substr(0, outcome.find('@')); }

Member plain() { return {"a/data.pkl", "hello"}; }

TEST(Zip, ReadsStoredAndDeflatedEntries) {
  Member deflated{"a/b", std::string(10000, 'x')};
  deflated.deflate = true;
  EXPECT_EQ(unzip(ZipWriter().add(plain()).add(deflated).finish()),
            "a/data.pkl=hello;a/b=" + std::string(10000, 'x') + ";");
}

TEST(Zip, ChecksTheChecksumUnlessThereIsNone) {
  Member member = plain();
  member.crc = 0;
  EXPECT_EQ(unzip(member), "a/data.pkl=hello;");
  member.crc = 1;
  EXPECT_EQ(code(unzip(member)), "BAD_CHECKSUM");
}

TEST(Zip, RefusesToChooseBetweenTwoNames) {
  Member member = plain();
  member.localName = "a/evil.pkl";
  EXPECT_EQ(unzip(member), "BAD_CONTAINER@0");
  EXPECT_EQ(code(unzip(ZipWriter().add(plain()).add(plain()).finish())), "BAD_CONTAINER");
}

TEST(Zip, RefusesEncryption) {
  for (const uint16_t flag : {0x1, 0x20, 0x40}) {
    Member member = plain();
    member.flags = flag;
    EXPECT_EQ(code(unzip(member)), "UNSUPPORTED_CONTAINER") << flag;
  }
}

TEST(Zip, RefusesMethodsItDoesNotKnow) {
  Member member = plain();
  member.method = 12;
  EXPECT_EQ(code(unzip(member)), "UNSUPPORTED_CONTAINER");
}

TEST(Zip, RefusesSizesThatLie) {
  Member member = plain();
  member.size = 6;
  EXPECT_EQ(code(unzip(member)), "BAD_LENGTH");
  member.compressed = 6000, member.size = 6000;
  EXPECT_EQ(code(unzip(member)), "BAD_LENGTH");

  Member deflated{"a/b", std::string(10000, 'x')};
  deflated.deflate = true;
  deflated.size = 9999;
  EXPECT_EQ(code(unzip(deflated)), "BAD_CONTAINER");
  deflated.size = 10001;
  EXPECT_EQ(code(unzip(deflated)), "BAD_CONTAINER");
  deflated.size = 0x7FFFFFFF;  // more than deflate can reach: refused before memory is asked for
  EXPECT_EQ(code(unzip(deflated)), "BAD_LENGTH");
}

TEST(Zip, RefusesZip64SizesThatLie) {
  Member member = plain();
  member.size = member.compressed = 0xFFFFFFFF;
  member.extra = std::string("\x01\x00\x10\x00", 4) + std::string(7, '\0') + '\x80' + std::string(7, '\0') + '\x80';
  EXPECT_EQ(code(unzip(member)), "BAD_LENGTH");
  member.extra = std::string("\x01\x00\x08\x00", 4) + std::string(8, '\0');
  EXPECT_EQ(code(unzip(member)), "BAD_CONTAINER");  // one of two sizes
  member.extra = std::string("\x01\x00\xff\x00", 4);
  EXPECT_EQ(code(unzip(member)), "BAD_CONTAINER");
}

TEST(Zip, RefusesEntriesElsewhereOrOnTopOfEachOther) {
  Member member = plain();
  member.headerAt = 100000;
  EXPECT_EQ(code(unzip(member)), "BAD_LENGTH");
  // The second entry of the directory points at the first one's header, whose name is another.
  Member second{"b", "y"};
  second.headerAt = 0;
  EXPECT_EQ(code(unzip(ZipWriter().add({"first", "x"}).add(second).finish())), "BAD_CONTAINER");
  // One entry whose data would contain the next.
  Member greedy{"g", "x"};
  greedy.size = greedy.compressed = 40;
  EXPECT_EQ(code(unzip(ZipWriter().add(greedy).add(plain()).finish())), "BAD_CONTAINER");
}

TEST(Zip, RefusesADirectoryThatIsNotThere) {
  EXPECT_EQ(code(unzip(ZipWriter().add(plain()).finish(2))), "BAD_CONTAINER");
  EXPECT_EQ(code(unzip(ZipWriter().add(plain()).finish({}, 1000000))), "BAD_CONTAINER");
  EXPECT_EQ(code(unzip(bytesOf("'PK' 03 04"))), "TRUNCATED");
}

TEST(Zip, SurvivesACutAnywhere) {
  const Bytes whole = ZipWriter().add(plain()).add({"a/version", "3"}).finish();
  for (size_t size = 0; size < whole.size(); ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(code(unzip(cut)), "TRUNCATED") << size;
  }
}

TEST(Zip, NeverUsesNamesAsPaths) {
  const std::string odd("../../etc/\0passwd\xff", 18);
  EXPECT_EQ(unzip(Member{odd, "x"}), odd + "=x;");
}

}  // namespace
}  // namespace nb201::test
