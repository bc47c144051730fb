// Cuts a pickle into opcodes with their arguments checked. Knows nothing of what they do.
#pragma once

#include <cstdint>
#include <string>

#include "pickle/opcodes.h"
#include "pickle/source.h"

namespace nb201 {

// What an opcode carries. Opcodes that mean the same are told apart by `op`, but carry the same kind.
enum class Carries : uint8_t {
  Nothing,
  Int,        // integer
  Big,        // bytes: two's complement, little-endian, more than 8 of them
  Bool,       // integer: 0 or 1
  Float,      // number
  Text,       // bytes: UTF-8, lone surrogates allowed as CPython's "surrogatepass" writes them
  ByteText,   // bytes: a Python 2 str
  Bytes,      // bytes
  Name,       // bytes: "module\nname" of GLOBAL and INST
  MemoIndex,  // integer
};

struct Token {
  Op op = Op::Stop;
  Carries carries = Carries::Nothing;
  uint64_t at = 0;  // offset of the opcode
  int64_t integer = 0;
  double number = 0;
  const uint8_t* bytes = nullptr;  // valid until the next token
  size_t size = 0;
  bool inPlace = false;  // bytes point into the cursor's window, so an offset can stand for them
};

class Lexer {
 public:
  // A part of a pickle may end before the frame does that it begins or contains.
  enum class Of { Whole, Part };
  // An argument is in memory at once: one of more than `longest` bytes is refused before it is read.
  static constexpr uint64_t kLongest = uint64_t{1} << 30;
  explicit Lexer(Cursor& cursor, Of of = Of::Whole, uint64_t longest = kLongest)
      : cursor_(cursor), part_(of == Of::Part), longest_(longest) {}

  // Reads one opcode and its argument, and moves behind them.
  void next(Token& token);

  Cursor& cursor() { return cursor_; }
  int protocol() const { return protocol_; }
  // A frame may not be left in the middle, so what jumps over bytes has to stay inside one.
  uint64_t frameEnd() const { return frameEnd_; }
  // Goes back to an opcode that was read before, with the frame that was open there.
  void rewind(uint64_t offset, uint64_t frameEnd) {
    cursor_.seek(offset);
    frameEnd_ = frameEnd;
  }

 private:
  uint64_t length(uint64_t at, unsigned width);
  void body(Token& token, uint64_t length);
  void checkLongest(uint64_t at, uint64_t size) const;
  const char* line(size_t& size);
  void textInteger(Token& token, bool isLong);
  void decimal(Token& token, const char* text, size_t size);
  void memoIndex(Token& token);
  void textFloat(Token& token);
  void quoted(Token& token);
  void rawUnicode(Token& token);
  void global(Token& token);
  void beginFrame(uint64_t at, uint64_t size);

  Cursor& cursor_;
  bool part_;
  uint64_t longest_;
  int protocol_ = 0;
  uint64_t frameEnd_ = UINT64_MAX;
  std::string scratch_;
};

// Whether `size` bytes are UTF-8 in which encoded surrogates may stand.
bool isUtf8(const uint8_t* bytes, size_t size);

}  // namespace nb201
