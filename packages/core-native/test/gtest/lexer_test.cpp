#include <gtest/gtest.h>

#include "pieces.h"
#include "support.h"
#include "tokens.h"

namespace nb201::test {
namespace {

std::string lex(const Bytes& bytes) {
  const SourcePtr source = fromMemory("pickle", bytes);
  Cursor cursor(*source, 0, source->size());
  return tokens(cursor);
}
std::string lex(std::string_view text) { return lex(bytesOf(text)); }

// The outcome of the first opcode.
std::string first(std::string_view text) {
  const std::string all = lex(text);
  return all.substr(0, all.find('\n'));
}

TEST(Lexer, KnowsExactlyTheOpcodesOfProtocols0To5) {
  const std::string known = "(.012FIJKLMNPQRSTUVXabcd}eghijl]opqrst)uGBC";
  for (int code = 0; code < 256; ++code) {
    Bytes bytes{static_cast<uint8_t>(code)};
    bytes.insert(bytes.end(), 16, '0');
    bytes.push_back('\n');
    bytes.push_back('\n');
    const std::string got = lex(bytes);
    const bool unknown = got.find("BAD_OPCODE@0") == 0;
    const bool expected =
        (code >= 0x80 && code <= 0x98) || (code && known.find(static_cast<char>(code)) != std::string::npos);
    EXPECT_EQ(unknown, !expected) << code << ": " << got;
  }
}

TEST(Lexer, RefusesProtocol6) {
  EXPECT_EQ(lex("80 06 4e 2e"), "BAD_PROTOCOL@0\n");
  EXPECT_EQ(lex("4e 80 ff 2e"), "0 op 78 \nBAD_PROTOCOL@1\n");
}

TEST(Lexer, NamesTheByteWhereAnOpcodeIsCutShort) {
  EXPECT_EQ(first(""), "TRUNCATED@0");
  EXPECT_EQ(lex("4e"), "0 op 78 \nTRUNCATED@1\n");
  for (const char* cut : {"4b", "4d 00", "4a 00 00 00", "47 00 00 00 00 00 00 00", "58 00 00 00", "80", "6a 00"}) {
    EXPECT_EQ(first(cut).find("TRUNCATED@"), 0u) << cut << ": " << first(cut);
  }
  EXPECT_EQ(first("'I12'"), "TRUNCATED@1");
  EXPECT_EQ(first("'cos' 0a 'system'"), "TRUNCATED@4");
}

TEST(Lexer, RefusesLengthsBeyondTheEndWithoutAllocatingThem) {
  for (const char* bad :
       {"58 ff ff ff ff 61", "8d ff ff ff ff ff ff ff 7f 61", "8d ff ff ff ff ff ff ff ff 61", "8c 02 61",
        "42 ff ff ff ff 61", "8e ff ff ff ff ff ff ff ff 61", "96 ff ff ff ff ff ff ff ff 61", "43 02 61", "55 02 61",
        "54 ff ff ff 7f 61", "8a 02 61", "8b ff ff ff 7f 61", "95 ff ff ff ff ff ff ff ff 2e"}) {
    EXPECT_EQ(first(bad), "BAD_LENGTH@0") << bad;
  }
}

TEST(Lexer, RefusesNegativeLengths) {
  EXPECT_EQ(first("54 ff ff ff ff 61"), "BAD_LENGTH@0");
  EXPECT_EQ(first("8b 00 00 00 80 61"), "BAD_LENGTH@0");
}

TEST(Lexer, ReadsIntegersOfEveryWidthAndSign) {
  EXPECT_EQ(first("4b ff"), "0 op 75 int 255");
  EXPECT_EQ(first("4d ff ff"), "0 op 77 int 65535");
  EXPECT_EQ(first("4a ff ff ff ff"), "0 op 74 int -1");
  EXPECT_EQ(first("8a 00"), "0 op 138 int 0");
  EXPECT_EQ(first("8a 01 ff"), "0 op 138 int -1");
  EXPECT_EQ(first("8a 08 00 00 00 00 00 00 00 80"), "0 op 138 int -9223372036854775808");
  EXPECT_EQ(first("8a 09 00 00 00 00 00 00 00 80 00").find("0 op 138 big "), 0u);
  EXPECT_EQ(first("'I01' 0a"), "0 op 73 bool 1");
  EXPECT_EQ(first("'I00' 0a"), "0 op 73 bool 0");
  EXPECT_EQ(first("'I-12' 0a"), "0 op 73 int -12");
  EXPECT_EQ(first("'L12L' 0a"), "0 op 76 int 12");
  EXPECT_EQ(first("'L-1' 0a"), "0 op 76 int -1");
}

TEST(Lexer, RefusesDigitsThatAreNone) {
  for (const char* bad :
       {"'I' 0a", "'I-' 0a", "'I1x' 0a", "'I 1' 0a", "'LL' 0a", "'F1,5' 0a", "'F' 0a", "'F1.5x' 0a"}) {
    EXPECT_EQ(first(bad), "BAD_TEXT@0") << bad;
  }
  std::string digits(5000, '9');
  EXPECT_EQ(first("'I" + digits + "' 0a"), "BAD_TEXT@0");
}

TEST(Lexer, RefusesMemoIndicesThatAreNoNumbers) {
  for (const char* bad : {"'g-1' 0a", "'p-1' 0a", "'gx' 0a", "'p' 0a", "'g99999999999999999999' 0a"}) {
    EXPECT_EQ(first(bad), "BAD_TEXT@0") << bad;
  }
  EXPECT_EQ(first("'g01' 0a"), "0 op 103 memo 1");
}

TEST(Lexer, KeepsEveryBitOfFloats) {
  EXPECT_EQ(first("47 7f f8 00 00 00 00 00 01"), "0 op 71 float 9221120237041090561");
  EXPECT_EQ(first("47 80 00 00 00 00 00 00 00"), "0 op 71 float 9223372036854775808");
  EXPECT_EQ(first("'F1e400' 0a"), "0 op 70 float 9218868437227405312");
  EXPECT_EQ(first("'F-1e-400' 0a"), "0 op 70 float 9223372036854775808");
}

TEST(Lexer, TakesSurrogatesAndRefusesOtherBrokenUtf8) {
  EXPECT_EQ(first("8c 03 ed a0 80"), "0 op 140 text \xed\xa0\x80");
  for (const char* bad :
       {"8c 01 80", "8c 02 c0 80", "8c 03 e0 80 80", "8c 04 f4 90 80 80", "8c 02 c3 41", "8c 01 f0"}) {
    EXPECT_EQ(first(bad), "BAD_TEXT@0") << bad;
  }
}

TEST(Lexer, ReadsPython2StringsWithEscapes) {
  EXPECT_EQ(first("'S\"a\\x41\\101\\t\\q\"' 0a"), "0 op 83 bytetext aAA\t\\q");
  for (const char* bad : {"'S\"a' 0a", "'Sa' 0a", "'S\"' 0a", "'S\"\\\"' 0a", "'S\"\\x4\"' 0a"}) {
    EXPECT_EQ(first(bad), "BAD_TEXT@0") << bad;
  }
  EXPECT_EQ(first("'V\\u0041\\U00000042\\n' 0a"), "0 op 86 text AB\\n");
  EXPECT_EQ(first("'V' e9 0a"), "0 op 86 text \xc3\xa9");
  for (const char* bad : {"'V\\u004' 0a", "'V\\U00110000' 0a", "'V\\u00g0' 0a"})
    EXPECT_EQ(first(bad), "BAD_TEXT@0") << bad;
}

TEST(Lexer, HoldsOpcodesToTheirFrames) {
  EXPECT_EQ(lex("95 01 00 00 00 00 00 00 00 4b 01 2e"),
            "0 op 149 \nBAD_FRAME@9\n");  // the frame ends inside BININT1
  EXPECT_EQ(lex("95 0a 00 00 00 00 00 00 00 95 00 00 00 00 00 00 00 00 4e 2e"),
            "0 op 149 \nBAD_FRAME@9\n");  // a frame in a frame
  EXPECT_EQ(lex("95 02 00 00 00 00 00 00 00 4e 2e"), "0 op 149 \n9 op 78 \n10 op 46 \n");
}

TEST(Lexer, RefusesWhatNeedsTheWritersProgram) {
  for (const char* bad : {"82 01", "83 01 00", "84 01 00 00 00", "97", "98"}) {
    EXPECT_EQ(first(bad), "UNSUPPORTED_OPCODE@0") << bad;
  }
}

// Files are read through a window; where it ends must not show.
TEST(Lexer, SeesTheSameThroughWindowsOfAnySize) {
  const std::vector<std::string> fixtures = valueFixtures();
  if (fixtures.empty()) GTEST_SKIP() << "test-fixtures/values is missing";
  for (const std::string& path : fixtures) {
    const Bytes bytes = readAll(path);
    if (bytes.size() > 50000) continue;
    const std::string whole = lex(bytes);
    const PieceSource pieces(bytes);
    for (const size_t chunk : {1, 2, 3, 7, 16, 61, 4096}) {
      Cursor cursor(pieces, 0, pieces.size(), chunk);
      EXPECT_EQ(tokens(cursor), whole) << path << " by " << chunk;
    }
  }
}

TEST(Lexer, SeesTheSameErrorThroughWindowsOfAnySizeWhereverAFileIsCut) {
  const Bytes bytes =
      bytesOf("80 04 95 1a 00 00 00 00 00 00 00 'cos' 0a 'path' 0a 8c 03 'abc' 'I12' 0a 47 3f f0 00 00 00 00 00 00 2e");
  for (size_t size = 0; size < bytes.size(); ++size) {
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    const std::string whole = lex(cut);
    const PieceSource pieces(cut);
    for (const size_t chunk : {1, 2, 5}) {
      Cursor cursor(pieces, 0, pieces.size(), chunk);
      EXPECT_EQ(tokens(cursor), whole) << "cut at " << size << " by " << chunk;
    }
  }
}

}  // namespace
}  // namespace nb201::test
