#include "torchfile/tar.h"

#include <gtest/gtest.h>

#include "support.h"
#include "tar_writer.h"

namespace nb201::test {
namespace {

using Member = TarWriter::Member;

// The archive's contents as "name=content;", or "CODE@offset".
std::string untar(const Bytes& bytes) {
  return outcome([&] {
    const TarArchive archive(fromMemory("a.tar", bytes));
    std::string out;
    for (size_t i = 0; i < archive.members().size(); ++i) {
      const SourcePtr file = archive.open(i);
      std::string content(static_cast<size_t>(file->size()), '\0');
      file->read(0, content.data(), content.size());
      out += archive.members()[i].name + "=" + content + ";";
    }
    return out;
  });
}
std::string untar(const Member& member) { return untar(TarWriter().add(member).finish()); }

Member plain(const std::string& name = "a", const std::string& content = "hello") {
  Member member;
  member.name = name;
  member.content = content;
  return member;
}

Member special(char type, const std::string& content, const std::string& name = "././@LongLink") {
  Member member = plain(name, content);
  member.type = type;
  return member;
}

TEST(Tar, FindsItsFilesInTheirOrder) {
  EXPECT_EQ(untar(TarWriter().add(plain("b/x")).add(plain("a", "")).add(plain("c", std::string(1000, 'c'))).finish()),
            "b/x=hello;a=;c=" + std::string(1000, 'c') + ";");
}

TEST(Tar, LeavesOutWhatIsNoFile) {
  Member folder = special('5', "", "folder/"), link = special('2', "", "link"), old = plain("old/", "");
  old.type = '\0';
  Member hard = special('1', "", "hard");
  hard.size = 700;  // of what it links to: nothing of it stands here
  EXPECT_EQ(untar(TarWriter().add(folder).add(link).add(hard).add(old).add(plain()).finish()), "a=hello;");
}

TEST(Tar, ReadsLongNames) {
  const std::string name = std::string(150, 'f') + "/" + std::string(120, 'n');
  Member ustar = plain("000157-FULL.pth");
  ustar.prefix = "some/folder";
  EXPECT_EQ(untar(ustar), "some/folder/000157-FULL.pth=hello;");
  Member gnu = plain("short");
  gnu.gnu = true;
  gnu.prefix = "not a prefix";
  EXPECT_EQ(untar(TarWriter().add(special('L', name + '\0')).add(gnu).add(plain()).finish()), name + "=hello;a=hello;");
  EXPECT_EQ(untar(TarWriter().add(special('K', "a link")).add(gnu).finish()), "short=hello;");
  EXPECT_EQ(untar(TarWriter()
                      .add(special('x', paxRecord("path", name) + paxRecord("mtime", "1.5")))
                      .add(gnu)
                      .add(plain())
                      .finish()),
            name + "=hello;a=hello;");
}

TEST(Tar, ReadsSizesThatOctalDigitsCannotHold) {
  Member member = plain("x", std::string(600, 'x'));
  member.binarySize = true;
  EXPECT_EQ(untar(TarWriter().add(member).add(plain()).finish()), "x=" + member.content + ";a=hello;");
  member.binarySize = false;
  member.size = 0;
  EXPECT_EQ(untar(TarWriter().add(special('x', paxRecord("size", "600"))).add(member).add(plain()).finish()),
            "x=" + member.content + ";a=hello;");
  EXPECT_EQ(untar(TarWriter().add(special('g', paxRecord("size", "600"))).add(member).finish()),
            "x=" + member.content + ";");
}

TEST(Tar, NamesTheMemberWhereTheArchiveIsCutShort) {
  const Bytes whole = TarWriter().add(plain("first")).add(plain("second", std::string(2000, 'x'))).finish();
  for (size_t size = 0; size < whole.size() - 1024; ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(untar(cut), "TRUNCATED@" + std::to_string(size)) << size;
  }
  try {
    readTarDirectory(*fromMemory("a.tar", Bytes(whole.begin(), whole.begin() + 2000)));
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("second"), std::string::npos) << error.what();
  }
}

TEST(Tar, TellsTheMemberInErrorsOfIt) {
  const TarArchive archive(fromMemory("a.tar", TarWriter().add(plain("dir/x")).finish()));
  try {
    uint8_t byte;
    archive.open(0)->read(5, &byte, 1);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.file(), "a.tar/dir/x");
    EXPECT_EQ(error.offset(), 5u);
  }
}

TEST(Tar, RefusesDamagedHeaders) {
  Member member = plain();
  member.sign = false;
  EXPECT_EQ(untar(member), "BAD_CONTAINER@0");
  EXPECT_EQ(untar(TarWriter().add(plain()).add(member).finish()), "BAD_CONTAINER@1024");
  for (const char* size : {"-1", "8", "1x", "+5"}) {
    member = plain();
    member.rawSize = std::string(size) + std::string(12 - std::strlen(size), '\0');
    EXPECT_EQ(untar(member), "BAD_CONTAINER@124") << size;
  }
  EXPECT_EQ(untar(TarWriter().finish()), "BAD_CONTAINER@0");
}

TEST(Tar, RefusesSizesThatLie) {
  Member member = plain();
  member.size = 1 << 20;
  EXPECT_EQ(untar(member), "TRUNCATED@2048");
  member.binarySize = true;
  for (const uint64_t size : {UINT64_MAX, UINT64_MAX - 511, uint64_t{1} << 63, uint64_t{1} << 40}) {
    member.size = size;
    EXPECT_EQ(untar(member).substr(0, 9), size >> 63 ? "TRUNCATED" : "TRUNCATED") << size;
  }
  member = special('L', "x");
  member.size = uint64_t{1} << 30;
  EXPECT_EQ(untar(member), "BAD_LENGTH@124");
  member.type = 'x';
  EXPECT_EQ(untar(member), "BAD_LENGTH@124");
}

TEST(Tar, RefusesPaxRecordsThatLie) {
  for (const char* records : {"5 a=b\n", "99 path=x\n", "x path=y\n", "12 path=xyz.", "0 path=x\n", "9 pathxyz\n",
                              "18446744073709551616 path=x\n", "12 size=12x\n", "30 size=99999999999999999999\n"}) {
    EXPECT_EQ(untar(TarWriter().add(special('x', records)).add(plain()).finish()), "BAD_CONTAINER@0") << records;
  }
}

TEST(Tar, RefusesSparseFilesWhenTheyAreAskedFor) {
  Member sparse = special('S', "data", "holes");
  sparse.gnu = sparse.extendedSparse = true;
  const TarArchive gnu(fromMemory("a.tar", TarWriter().add(sparse).add(plain()).finish()));
  EXPECT_EQ(gnu.members().size(), 2u);
  EXPECT_EQ(outcome([&] { return gnu.open(0)->name(); }).substr(0, 21), "UNSUPPORTED_CONTAINER");
  EXPECT_EQ(outcome([&] { return gnu.open(1)->name(); }), "a.tar/a");
  const std::string pax = paxRecord("GNU.sparse.major", "1") + paxRecord("GNU.sparse.name", "holes");
  const TarArchive other(fromMemory("a.tar", TarWriter().add(special('x', pax)).add(plain()).add(plain("b")).finish()));
  EXPECT_EQ(other.members()[0].name, "holes");
  EXPECT_TRUE(other.members()[0].sparse);
  EXPECT_FALSE(other.members()[1].sparse);
}

TEST(Tar, EndsWhereItIsAskedTo) {
  TarWriter writer;
  for (int i = 0; i < 3000; ++i) writer.add(plain(std::to_string(i)));
  const Bytes bytes = writer.finish();
  size_t most = 0;
  EXPECT_EQ(outcome([&] {
              readTarDirectory(*fromMemory("a.tar", bytes), [&](uint64_t, uint64_t total, size_t members) {
                most = members;
                EXPECT_EQ(total, bytes.size());
                return members < 1000;
              });
              return std::string("no end");
            }).substr(0, 7),
            "ABORTED");
  EXPECT_LT(most, 2000u);
}

TEST(Tar, IsReadAsOneWhereItLiesInPieces) {
  const Bytes whole =
      TarWriter().add(plain("a", std::string(3000, 'a'))).add(plain("b", std::string(500, 'b'))).finish();
  for (const size_t piece : {1u, 7u, 511u, 512u, 513u, 2000u, 9999u}) {
    std::vector<SourcePtr> parts;
    for (size_t at = 0; at < whole.size(); at += piece) {
      const auto begin = whole.begin() + static_cast<std::ptrdiff_t>(at);
      parts.push_back(
          fromMemory("piece", Bytes(begin, begin + static_cast<std::ptrdiff_t>(std::min(piece, whole.size() - at)))));
    }
    parts.insert(parts.begin() + 1, fromMemory("empty", {}));
    const SourcePtr joined = joinOf("a.tar", parts);
    ASSERT_EQ(joined->size(), whole.size());
    Bytes read(whole.size());
    joined->read(0, read.data(), read.size());
    EXPECT_EQ(read, whole) << piece;
    const TarArchive archive(joined);
    Bytes b(500);
    archive.open(1)->read(0, b.data(), b.size());
    EXPECT_EQ(b, Bytes(500, 'b')) << piece;
    EXPECT_EQ(outcome([&] {
                uint8_t byte;
                joined->read(whole.size(), &byte, 1);
                return std::string();
              }),
              "TRUNCATED@" + std::to_string(whole.size()));
  }
}

}  // namespace
}  // namespace nb201::test
