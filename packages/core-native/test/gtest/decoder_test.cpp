#include <gtest/gtest.h>

#include "support.h"

namespace nb201::test {
namespace {

TEST(Decoder, BuildsPlainValues) {
  EXPECT_EQ(decode("80 02 4e 2e"), "None");
  EXPECT_EQ(decode("28 4b 01 88 89 4e 74 2e"), "(1, True, False, None)");
  EXPECT_EQ(decode("5d 28 4b 01 4b 02 65 2e"), "[1, 2]");
  EXPECT_EQ(decode("7d 28 4b 01 8c 01 'a' 4b 02 8c 01 'b' 75 2e"), "{1: 'a', 2: 'b'}");
  EXPECT_EQ(decode("8f 28 4b 01 90 2e"), "set(1)");
  EXPECT_EQ(decode("28 4b 01 91 2e"), "frozenset(1)");
  EXPECT_EQ(decode("'(I1' 0a 'I2' 0a 'l.'"), "[1, 2]");
  EXPECT_EQ(decode("43 02 00 ff 2e"), "b'\\x00\\xff'");
  EXPECT_EQ(decode("96 01 00 00 00 00 00 00 00 61 2e"), "bytearray'a'");
  EXPECT_EQ(decode("47 80 00 00 00 00 00 00 00 2e"), "-0");
}

TEST(Decoder, KeepsIntegersExact) {
  EXPECT_EQ(decode("8a 09 00 00 00 00 00 00 00 80 00 2e"), "int:000000000000008000");
  EXPECT_EQ(decode("8a 09 01 00 00 00 00 00 00 00 00 2e"), "1");
  EXPECT_EQ(decode("8a 09 ff ff ff ff ff ff ff ff ff 2e"), "-1");
  EXPECT_EQ(decode("'L9223372036854775807L' 0a 2e"), "9223372036854775807");
  EXPECT_EQ(decode("'L-9223372036854775808L' 0a 2e"), "-9223372036854775808");
  // Octal to CPython's C code, an error to its Python code.
  EXPECT_EQ(decode("'I0000000000000000000000012' 0a 2e"), "BAD_TEXT@0");
  EXPECT_EQ(decode("'L010L' 0a 2e"), "BAD_TEXT@0");
  EXPECT_EQ(decode("'I-0' 0a 2e"), "0");
}

TEST(Decoder, RefusesOpcodesThatFindNothingOnTheStack) {
  for (const char* code :
       {"85", "86", "87", "52", "62", "73", "61", "81", "92", "93", "51", "30", "32", "71 00", "94"}) {
    const std::string got = decode(std::string("80 02 ") + code + " 2e");
    EXPECT_EQ(got, "STACK_UNDERFLOW@2") << code;
  }
}

TEST(Decoder, RefusesOpcodesWithoutTheirMark) {
  for (const char* code : {"74", "65", "75", "64", "6c", "90", "91", "31", "6f"}) {
    EXPECT_EQ(decode(std::string("80 02 4e ") + code + " 2e"), "MISSING_MARK@3") << code;
  }
}

TEST(Decoder, NeverReachesBehindAMark) {
  EXPECT_EQ(decode("4e 28 85 2e"), "STACK_UNDERFLOW@2");
  EXPECT_EQ(decode("4e 28 71 00 2e"), "STACK_UNDERFLOW@2");
  EXPECT_EQ(decode("4e 28 32 2e"), "STACK_UNDERFLOW@2");
  EXPECT_EQ(decode("28 4b 01 65 2e"), "STACK_UNDERFLOW@3");
  EXPECT_EQ(decode("4e 28 30 2e"), "None");  // POP takes a MARK that is on top
}

TEST(Decoder, WantsOneValueAtStop) {
  EXPECT_EQ(decode("80 02 2e"), "BAD_STOP@2");
  EXPECT_EQ(decode("4e 4e 2e"), "BAD_STOP@2");
  EXPECT_EQ(decode("4e 28 2e"), "BAD_STOP@2");
}

TEST(Decoder, RefusesHalfAPair) {
  EXPECT_EQ(decode("7d 28 4b 01 75 2e"), "BAD_OPERAND@4");
  EXPECT_EQ(decode("28 4b 01 64 2e"), "BAD_OPERAND@3");
}

TEST(Decoder, RefusesItemsForWhatHoldsNone) {
  EXPECT_EQ(decode("7d 4b 01 61 2e"), "BAD_OPERAND@3");
  EXPECT_EQ(decode("5d 4b 01 4b 02 73 2e"), "BAD_OPERAND@5");
  EXPECT_EQ(decode("4e 28 4b 01 65 2e"), "BAD_OPERAND@4");
  EXPECT_EQ(decode("4b 01 7d 62 2e"), "BAD_OPERAND@3");
  EXPECT_EQ(decode("5d 28 4b 01 90 2e"), "BAD_OPERAND@4");
}

TEST(Decoder, RefusesKeysThatCannotBeHashed) {
  EXPECT_EQ(decode("7d 5d 4b 01 73 2e"), "UNHASHABLE_KEY@4");
  EXPECT_EQ(decode("7d 5d 85 4b 01 73 2e"), "UNHASHABLE_KEY@5");
  EXPECT_EQ(decode("8f 28 7d 90 2e"), "UNHASHABLE_KEY@3");
  EXPECT_EQ(decode("28 5d 91 2e"), "UNHASHABLE_KEY@2");
}

TEST(Decoder, FollowsTheMemo) {
  EXPECT_EQ(decode("5d 94 68 00 86 2e"), "([], <again 1>)");
  EXPECT_EQ(decode("4e 71 05 30 68 05 2e"), "None");
  EXPECT_EQ(decode("4b 01 71 00 30 4b 02 71 00 30 68 00 2e"), "2");  // the last PUT counts
  EXPECT_EQ(decode("4e 72 ff ff ff ff 2e"), "None");                 // no array of 2^32 entries
  EXPECT_EQ(decode("68 00 2e"), "BAD_MEMO@0");
  EXPECT_EQ(decode("4e 71 01 30 68 00 2e"), "BAD_MEMO@4");
}

// CPython's MEMOIZE numbers by the entries there are, whoever put them.
TEST(Decoder, NumbersMemoizeByTheEntriesThereAre) {
  EXPECT_EQ(decode("4b 07 71 00 94 30 68 01 2e"), "7");
  // PUT 5, 7, 6, 7: three entries, so MEMOIZE puts 3.
  EXPECT_EQ(decode("4b 01 71 05 71 07 71 06 71 07 30 4b 09 94 30 68 03 2e"), "9");
}

TEST(Decoder, SharesWhatIsShared) {
  EXPECT_EQ(decode("5d 94 4b 01 61 68 00 4b 02 61 30 2e"), "[1, 2]");  // appended behind its own alias
  EXPECT_EQ(decode("80 02 5d 94 67 30 0a 61 2e"), "[<again 0>]");
}

TEST(Decoder, KeepsUnknownGlobalsAsNames) {
  EXPECT_EQ(decode("'cos' 0a 'system' 0a 2e"), "os.system");
  EXPECT_EQ(decode("8c 02 'os' 8c 06 'system' 93 2e"), "os.system");
  EXPECT_EQ(decode("'cos' 0a 'system' 0a 8c 02 'ls' 85 52 2e"), "<os.system('ls')>");
  EXPECT_EQ(decode("'ca' 0a 'B' 0a 29 81 7d 8c 01 'x' 4b 01 73 62 2e"), "<a.B() state {'x': 1}>");
  EXPECT_EQ(decode("'cmark' 0a 'mark' 0a 2e"), "mark.mark");
  EXPECT_EQ(decode("'ccollections' 0a 'OrderedDict ' 0a 29 52 2e"), "<collections.OrderedDict ()>");
}

TEST(Decoder, RefusesCallsOfWhatCannotBeCalled) {
  EXPECT_EQ(decode("4b 01 29 52 2e"), "BAD_OPERAND@3");
  EXPECT_EQ(decode("'cos' 0a 'system' 0a 4b 01 52 2e"), "BAD_OPERAND@13");
  EXPECT_EQ(decode("4b 01 8c 01 'x' 93 2e"), "BAD_OPERAND@5");
  EXPECT_EQ(decode("8c 01 'x' 4e 93 2e"), "BAD_OPERAND@4");
}

TEST(Decoder, ReadsOrderedDicts) {
  const std::string ordered = "'ccollections' 0a 'OrderedDict' 0a ";
  EXPECT_EQ(decode(ordered + "29 52 4b 01 4b 02 73 2e"), "OrderedDict{1: 2}");
  EXPECT_EQ(decode(ordered + "5d 4b 01 4b 02 86 61 85 52 2e"), "OrderedDict{1: 2}");
  EXPECT_EQ(decode(ordered + "29 52 7d 8c 01 'm' 4b 01 73 62 2e"), "OrderedDict{}.{'m': 1}");
  EXPECT_EQ(decode(ordered + "4b 01 85 52 2e").find("BAD_CALL@"), 0u);
}

TEST(Decoder, EncodesLatin1Only) {
  const std::string encode = "'c_codecs' 0a 'encode' 0a ";
  EXPECT_EQ(decode(encode + "58 02 00 00 00 c3 bf 8c 06 'latin1' 86 52 2e"), "b'\\xff'");
  EXPECT_EQ(decode(encode + "58 01 00 00 00 61 8c 05 'rot13' 86 52 2e").find("BAD_CALL@"), 0u);
  EXPECT_EQ(decode(encode + "58 03 00 00 00 e2 82 ac 8c 06 'latin1' 86 52 2e").find("BAD_CALL@"), 0u);
  EXPECT_EQ(decode(encode + "29 52 2e").find("BAD_CALL@"), 0u);
}

const std::string kDtype = "'cnumpy' 0a 'dtype' 0a ";
const std::string kScalar = "'cnumpy.core.multiarray' 0a 'scalar' 0a ";

// numpy.dtype(name) with the state that sets its byte order and size.
std::string dtype(const std::string& name, const std::string& order, const std::string& size = "4a ff ff ff ff") {
  char length[8];
  std::snprintf(length, sizeof length, "%02x", static_cast<unsigned>(name.size()));
  return kDtype + "8c " + length + " '" + name + "' 89 88 87 52 28 4b 03 8c 01 '" + order + "' 4e 4e 4e " + size +
         " 4a ff ff ff ff 4b 00 74 62 ";
}

TEST(Numpy, ReadsScalarsInTheirByteOrder) {
  EXPECT_EQ(decode(kScalar + dtype("f8", "<") + "43 08 00 00 00 00 00 00 f0 3f 86 52 2e"), "1");
  EXPECT_EQ(decode(kScalar + dtype("f8", ">") + "43 08 3f f0 00 00 00 00 00 00 86 52 2e"), "1");
  EXPECT_EQ(decode(kScalar + dtype("f2", "<") + "43 02 00 3c 86 52 2e"), "1");
  EXPECT_EQ(decode(kScalar + dtype("i4", "<") + "43 04 ff ff ff ff 86 52 2e"), "-1");
  EXPECT_EQ(decode(kScalar + dtype("u8", "<") + "43 08 ff ff ff ff ff ff ff ff 86 52 2e"), "int:ffffffffffffffff00");
  EXPECT_EQ(decode(kScalar + dtype("f8", "<") + "43 04 00 00 00 00 86 52 2e").find("BAD_CALL@"), 0u);
}

// A dtype's state may not turn it into a number of a width that there is none of.
TEST(Numpy, RefusesNumbersOfImpossibleWidth) {
  EXPECT_EQ(decode(kScalar + dtype("c16", ">", "4b 01") + "43 01 00 86 52 2e").find("BAD_CALL@"), 0u);
  EXPECT_EQ(decode(kScalar + dtype("f8", "<", "4b 03") + "43 03 00 00 00 86 52 2e").find("BAD_CALL@"), 0u);
  EXPECT_EQ(decode(kDtype + "8c 02 'f3' 85 52 2e").find("BAD_CALL@"), 0u);
}

// The state of an array whose shape is `shape`.
std::string array(const std::string& shape, const std::string& type, const std::string& data) {
  return "'cnumpy.core.multiarray' 0a '_reconstruct' 0a 'cnumpy' 0a 'ndarray' 0a 4b 00 85 43 01 'b' 87 52 28 4b 01 " +
         shape + " " + type + " 89 " + data + " 74 62 2e";
}

TEST(Numpy, WantsExactlyTheBytesOfAnArraysShape) {
  EXPECT_EQ(decode(array("4b 02 85", dtype("u1", "|"), "43 02 01 02")), "array(u1 (2) 0102)");
  EXPECT_EQ(decode(array("4b 02 85", dtype("u1", "|"), "43 01 01")).find("BAD_CALL@"), 0u);
  EXPECT_EQ(decode(array("4a ff ff ff ff 85", dtype("u1", "|"), "43 01 01")).find("BAD_CALL@"), 0u);
  // 2^48 elements of 2^16 bytes: the product wraps to 0.
  EXPECT_EQ(decode(array("8a 07 00 00 00 00 00 00 01 85", dtype("V65536", "|"), "43 00")).find("BAD_CALL@"), 0u);
}

TEST(Depth, IsLimitedForEveryWayToNest) {
  DecodeLimits limits;
  limits.depth = 50;
  const auto nested = [&](const std::string& open, const std::string& close) {
    std::string text;
    for (int i = 0; i < 200; ++i) text += open;
    text += "4e ";
    for (int i = 0; i < 200; ++i) text += close;
    return decode(bytesOf(text + "2e"), limits).substr(0, 9);
  };
  EXPECT_EQ(nested("", "85 "), "TOO_DEEP@");
  EXPECT_EQ(nested("28 ", "74 "), "TOO_DEEP@");
  EXPECT_EQ(nested("28 ", "6c "), "TOO_DEEP@");
  EXPECT_EQ(nested("5d ", "61 "), "TOO_DEEP@");
  EXPECT_EQ(nested("7d 4b 01 ", "73 "), "TOO_DEEP@");
  EXPECT_EQ(nested("28 ", "91 "), "TOO_DEEP@");
  EXPECT_EQ(nested("'ca' 0a 'B' 0a ", "85 81 "), "TOO_DEEP@");
  EXPECT_EQ(nested("'ca' 0a 'B' 0a 29 81 ", "62 "), "TOO_DEEP@");
  // An OrderedDict's attributes that hold an OrderedDict …
  EXPECT_EQ(nested("'ccollections' 0a 'OrderedDict' 0a 29 52 7d 4b 01 ", "73 62 "), "TOO_DEEP@");
  // … and an array of objects that holds an array of objects.
  const std::string open =
      "'cnumpy.core.multiarray' 0a '_reconstruct' 0a 'cnumpy' 0a 'ndarray' 0a 4b 00 85 43 01 'b' 87 52 28 4b 01 4b 01 "
      "85 " +
      kDtype + "8c 02 'O8' 85 52 89 5d ";
  EXPECT_EQ(nested(open, "61 74 62 "), "TOO_DEEP@");
}

// Outer lists first, so that none is deep at the moment when it is filled.
TEST(Depth, IsLimitedForListsThatAreLinkedFromTheOutside) {
  Bytes bytes;
  for (int i = 0; i < 5000; ++i) {
    bytes.push_back(']');
    bytes.insert(bytes.end(), {'r', static_cast<uint8_t>(i), static_cast<uint8_t>(i >> 8), 0, 0});
    bytes.push_back('0');
  }
  for (int i = 0; i < 4999; ++i) {
    bytes.insert(bytes.end(), {'j', static_cast<uint8_t>(i), static_cast<uint8_t>(i >> 8), 0, 0});
    bytes.insert(bytes.end(), {'j', static_cast<uint8_t>(i + 1), static_cast<uint8_t>((i + 1) >> 8), 0, 0});
    bytes.push_back('a');
    bytes.push_back('0');
  }
  bytes.insert(bytes.end(), {'j', 0, 0, 0, 0, '.'});
  EXPECT_EQ(decode(bytes).substr(0, 9), "TOO_DEEP@");
}

// A parent and its thousands of children that refer back to it, as the pickler writes them: wide, and not deep.
TEST(Depth, CountsNoCycles) {
  std::string text = "5d 94 28 ";
  for (int i = 0; i < 2000; ++i) text += "68 00 85 ";
  EXPECT_EQ(decode(text + "65 2e").substr(0, 16), "[(<again 0>), (<");
}

// 100 bytes a call that copies a megabyte: what calls copy is bounded by what was read.
TEST(Memory, StaysWithinAConstantTimesTheBytesRead) {
  const size_t size = 1 << 20;
  Bytes bytes = bytesOf("'c_codecs' 0a 'encode' 0a 94 30 58");
  for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<uint8_t>(size >> (8 * i)));
  bytes.insert(bytes.end(), size, 'a');
  const Bytes rest = bytesOf("94 30 8c 06 'latin1' 94 30 5d");
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  const Bytes call = bytesOf("68 00 68 01 68 02 86 52 61");
  for (int i = 0; i < 200; ++i) bytes.insert(bytes.end(), call.begin(), call.end());
  bytes.push_back('.');
  EXPECT_EQ(decode(bytes).substr(0, 6), "LIMIT@");
}

TEST(Stretch, NamesOffsetsInTheWholeAndAsksForFarMemos) {
  const Bytes whole = bytesOf("4e 4e 4e 68 07 85 4e 4e");
  const SourcePtr source = fromMemory("pickle", whole);
  Graph graph;
  Decoder decoder(graph, *source);
  decoder.onFarMemo([](uint64_t index, uint64_t at) {
    Value value;
    value.kind = Kind::Int;
    value.integer = static_cast<int64_t>(index * 100 + at);
    return value;
  });
  EXPECT_EQ(describe(decoder.stretch(3, 6)), "(703)");
  EXPECT_EQ(outcome([&] { return describe(Decoder(graph, *source).stretch(3, 6)); }), "BAD_MEMO@3");
  EXPECT_EQ(outcome([&] { return describe(Decoder(graph, *source).stretch(0, 3)); }).substr(0, 8), "BAD_STOP");
}

}  // namespace
}  // namespace nb201::test
