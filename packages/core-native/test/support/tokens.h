// A pickle's tokens, one line each, up to STOP or the error that ends them.
#pragma once

#include <cstring>
#include <string>

#include "pickle/lexer.h"

namespace nb201::test {

inline std::string describe(const Token& token) {
  uint64_t bits;
  std::memcpy(&bits, &token.number, 8);
  std::string out = std::to_string(token.at) + " op " + std::to_string(static_cast<int>(token.op)) + " ";
  switch (token.carries) {
    case Carries::Nothing: return out;
    case Carries::Int: return out + "int " + std::to_string(token.integer);
    case Carries::Bool: return out + "bool " + std::to_string(token.integer);
    case Carries::MemoIndex: return out + "memo " + std::to_string(token.integer);
    case Carries::Float: return out + "float " + std::to_string(bits);
    case Carries::Big: out += "big "; break;
    case Carries::Text: out += "text "; break;
    case Carries::ByteText: out += "bytetext "; break;
    case Carries::Bytes: out += "bytes "; break;
    case Carries::Name: out += "name "; break;
  }
  return out + std::string(reinterpret_cast<const char*>(token.bytes), token.size);
}

// `see` gets each token as it is read, and is not called for the error.
template <class See>
std::string tokens(Cursor& cursor, See see) {
  std::string out;
  Lexer lexer(cursor);
  Token token;
  try {
    do {
      lexer.next(token);
      see(token);
      out += describe(token) + "\n";
    } while (token.op != Op::Stop);
  } catch (const Error& error) {
    out += std::string(codeName(error.code())) + "@" + std::to_string(error.offset()) + "\n";
  }
  return out;
}

inline std::string tokens(Cursor& cursor) {
  return tokens(cursor, [](const Token&) {});
}

}  // namespace nb201::test
