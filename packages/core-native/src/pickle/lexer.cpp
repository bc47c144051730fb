#include "pickle/lexer.h"

#include <charconv>
#include <cstring>

namespace nb201 {

namespace {

uint64_t littleEndian(const uint8_t* bytes, unsigned width) {
  uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) value |= static_cast<uint64_t>(bytes[i]) << (8 * i);
  return value;
}

std::string hexByte(uint8_t byte) {
  static const char digits[] = "0123456789abcdef";
  return {'0', 'x', digits[byte >> 4], digits[byte & 15]};
}

int hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void appendUtf8(std::string& to, uint32_t code) {
  if (code < 0x80) {
    to += static_cast<char>(code);
  } else if (code < 0x800) {
    to += static_cast<char>(0xC0 | code >> 6);
    to += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    to += static_cast<char>(0xE0 | code >> 12);
    to += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    to += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    to += static_cast<char>(0xF0 | code >> 18);
    to += static_cast<char>(0x80 | (code >> 12 & 0x3F));
    to += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    to += static_cast<char>(0x80 | (code & 0x3F));
  }
}

// CPython refuses to read longer decimal integers (sys.int_info.default_max_str_digits).
constexpr size_t kMaxDigits = 4300;

// Decimal digits to two's complement, little-endian.
std::string decimalToBytes(const char* digits, size_t count, bool negative) {
  std::string out(1, '\0');
  for (size_t i = 0; i < count; ++i) {
    unsigned carry = static_cast<unsigned>(digits[i] - '0');
    for (char& byte : out) {
      const unsigned value = static_cast<uint8_t>(byte) * 10u + carry;
      byte = static_cast<char>(value & 0xFF);
      carry = value >> 8;
    }
    if (carry) out += static_cast<char>(carry);
  }
  out += '\0';
  if (negative) {
    unsigned carry = 1;
    for (char& byte : out) {
      const unsigned value = (static_cast<uint8_t>(byte) ^ 0xFFu) + carry;
      byte = static_cast<char>(value & 0xFF);
      carry = value >> 8;
    }
  }
  return out;
}

}  // namespace

bool isUtf8(const uint8_t* p, size_t size) {
  const uint8_t* end = p + size;
  while (p < end) {
    const uint8_t lead = *p++;
    if (lead < 0x80) continue;
    unsigned more;
    uint32_t code, least;
    if (lead >= 0xC2 && lead < 0xE0) more = 1, code = lead & 0x1Fu, least = 0x80;
    else if (lead >= 0xE0 && lead < 0xF0) more = 2, code = lead & 0x0Fu, least = 0x800;
    else if (lead >= 0xF0 && lead < 0xF5) more = 3, code = lead & 0x07u, least = 0x10000;
    else return false;
    if (static_cast<size_t>(end - p) < more) return false;
    for (unsigned i = 0; i < more; ++i) {
      const uint8_t byte = *p++;
      if ((byte & 0xC0) != 0x80) return false;
      code = code << 6 | (byte & 0x3Fu);
    }
    if (code < least || code > 0x10FFFF) return false;
  }
  return true;
}

uint64_t Lexer::length(uint64_t at, unsigned width) {
  const uint64_t value = littleEndian(cursor_.need(width), width);
  cursor_.advance(width);
  if (value > cursor_.left()) {
    cursor_.source().fail(ErrorCode::BadLength, at,
                          "expected a length of at most " + std::to_string(cursor_.left()) +
                              " (the bytes left), found " + std::to_string(value));
  }
  return value;
}

void Lexer::checkLongest(uint64_t at, uint64_t size) const {
  if (size > longest_) {
    cursor_.source().fail(ErrorCode::Limit, at,
                          "expected an argument of at most " + std::to_string(longest_) + " bytes, found one of " +
                              std::to_string(size) + " or more");
  }
}

void Lexer::body(Token& token, uint64_t size) {
  checkLongest(token.at, size);
  token.size = static_cast<size_t>(size);
  token.bytes = cursor_.need(token.size);
  token.inPlace = true;
  cursor_.advance(token.size);
}

// The bytes before the next newline; moves behind it.
const char* Lexer::line(size_t& size) {
  const uint64_t at = cursor_.offset();
  size_t searched = 0, window = 128;
  for (;;) {
    const size_t have = cursor_.available(window);
    const void* found = std::memchr(cursor_.at() + searched, '\n', have - searched);
    if (found) {
      const auto* begin = reinterpret_cast<const char*>(cursor_.at());
      size = static_cast<size_t>(static_cast<const char*>(found) - begin);
      cursor_.advance(size + 1);
      return begin;
    }
    if (have == cursor_.left()) {
      cursor_.source().fail(ErrorCode::Truncated, at, "expected a line that ends, found the end of the file");
    }
    checkLongest(at, have);
    searched = have;
    window = have * 2;
  }
}

// INT and LONG.
void Lexer::textInteger(Token& token, bool isLong) {
  size_t size;
  const char* text = line(size);
  if (!isLong && size == 2 && text[0] == '0' && (text[1] == '0' || text[1] == '1')) {
    token.carries = Carries::Bool;
    token.integer = text[1] - '0';
    return;
  }
  if (isLong && size && text[size - 1] == 'L') --size;
  decimal(token, text, size);
  const size_t sign = *text == '-' || *text == '+';
  if (size > sign + 1 && text[sign] == '0') {
    // To CPython's C code these are octal, to its Python code an error; no pickler writes them.
    cursor_.source().fail(ErrorCode::BadText, token.at, "expected decimal digits without leading zeros");
  }
}

// GET and PUT.
void Lexer::memoIndex(Token& token) {
  size_t size;
  const char* text = line(size);
  decimal(token, text, size);
  if (token.carries != Carries::Int || token.integer < 0) {
    cursor_.source().fail(ErrorCode::BadText, token.at, "expected a memo index");
  }
  token.carries = Carries::MemoIndex;
}

void Lexer::decimal(Token& token, const char* text, size_t size) {
  const auto bad = [&](const char* what) { cursor_.source().fail(ErrorCode::BadText, token.at, what); };
  const char* end = text + size;
  const bool negative = size && *text == '-';
  if (size && (*text == '-' || *text == '+')) ++text;
  if (text == end) bad("expected decimal digits, found none");
  for (const char* p = text; p < end; ++p) {
    if (*p < '0' || *p > '9') bad("expected decimal digits");
  }
  const size_t digits = static_cast<size_t>(end - text);
  if (digits <= 18) {
    std::from_chars(text, end, token.integer);
    if (negative) token.integer = -token.integer;
    token.carries = Carries::Int;
    return;
  }
  if (digits > kMaxDigits) bad("expected at most 4300 decimal digits");
  scratch_ = decimalToBytes(text, digits, negative);
  token.carries = Carries::Big;
  token.bytes = reinterpret_cast<const uint8_t*>(scratch_.data());
  token.size = scratch_.size();
}

void Lexer::textFloat(Token& token) {
  size_t size;
  const char* text = line(size);
  const char* end = text + size;
  token.carries = Carries::Float;
  const char* digits = size && *text == '+' ? text + 1 : text;
  // from_chars takes "nan(…)" and would take the second of two signs; Python takes neither.
  const bool odd = size && (text[size - 1] == ')' || (digits > text && digits < end && *digits == '-'));
  const auto [stop, error] = std::from_chars(digits, end, token.number);
  if (error == std::errc::result_out_of_range && stop == end) {
    // from_chars leaves the value alone; Python rounds to an infinity or to zero.
    const std::string copy(digits, end);
    token.number = std::strtod(copy.c_str(), nullptr);
    return;
  }
  if (error != std::errc{} || stop != end || odd) {
    cursor_.source().fail(ErrorCode::BadText, token.at, "expected a decimal number");
  }
}

// STRING: a Python 2 repr between quotes, with its backslash escapes.
void Lexer::quoted(Token& token) {
  size_t size;
  const char* text = line(size);
  const auto bad = [&](const char* what) { cursor_.source().fail(ErrorCode::BadText, token.at, what); };
  while (size && (text[size - 1] == ' ' || text[size - 1] == '\r')) --size;
  if (size < 2 || text[0] != text[size - 1] || (text[0] != '\'' && text[0] != '"')) {
    bad("expected a string between two equal quotes");
  }
  scratch_.clear();
  const char* end = text + size - 1;
  for (const char* p = text + 1; p < end; ++p) {
    if (*p != '\\') {
      scratch_ += *p;
      continue;
    }
    if (++p == end) bad("expected an escape after the backslash");
    switch (*p) {
      case '\\':
      case '\'':
      case '"': scratch_ += *p; break;
      case 'n': scratch_ += '\n'; break;
      case 't': scratch_ += '\t'; break;
      case 'r': scratch_ += '\r'; break;
      case 'a': scratch_ += '\a'; break;
      case 'b': scratch_ += '\b'; break;
      case 'f': scratch_ += '\f'; break;
      case 'v': scratch_ += '\v'; break;
      case 'x': {
        const int high = p + 1 < end ? hexDigit(p[1]) : -1, low = p + 2 < end ? hexDigit(p[2]) : -1;
        if (high < 0 || low < 0) bad("expected two hexadecimal digits after \\x");
        scratch_ += static_cast<char>(high * 16 + low);
        p += 2;
        break;
      }
      default:
        if (*p >= '0' && *p <= '7') {
          int value = 0, count = 0;
          while (count < 3 && p < end && *p >= '0' && *p <= '7') value = value * 8 + (*p++ - '0'), ++count;
          --p;
          scratch_ += static_cast<char>(value & 0xFF);
        } else {
          scratch_ += '\\';
          scratch_ += *p;
        }
    }
  }
  token.carries = Carries::ByteText;
  token.bytes = reinterpret_cast<const uint8_t*>(scratch_.data());
  token.size = scratch_.size();
}

// UNICODE: Latin-1 text with \uXXXX and \UXXXXXXXX for the rest (Python's "raw-unicode-escape").
void Lexer::rawUnicode(Token& token) {
  size_t size;
  const char* text = line(size);
  const char* end = text + size;
  scratch_.clear();
  for (const char* p = text; p < end; ++p) {
    if (*p == '\\' && p + 1 < end && (p[1] == 'u' || p[1] == 'U')) {
      const int count = p[1] == 'u' ? 4 : 8;
      uint32_t code = 0;
      p += 1;
      for (int i = 0; i < count; ++i) {
        const int digit = p + 1 < end ? hexDigit(p[1]) : -1;
        if (digit < 0) {
          cursor_.source().fail(ErrorCode::BadText, token.at, "expected hexadecimal digits in a Unicode escape");
        }
        code = code << 4 | static_cast<uint32_t>(digit);
        ++p;
      }
      if (code > 0x10FFFF) {
        cursor_.source().fail(ErrorCode::BadText, token.at, "expected a code point of at most U+10FFFF");
      }
      appendUtf8(scratch_, code);
    } else {
      // A backslash takes the next character with it, so that the second of two never begins an escape.
      if (*p == '\\' && p + 1 < end) scratch_ += *p++;
      appendUtf8(scratch_, static_cast<uint8_t>(*p));
    }
  }
  token.carries = Carries::Text;
  token.bytes = reinterpret_cast<const uint8_t*>(scratch_.data());
  token.size = scratch_.size();
}

void Lexer::global(Token& token) {
  size_t size;
  const char* module = line(size);
  scratch_.assign(module, size);
  scratch_ += '\n';
  const char* name = line(size);
  scratch_.append(name, size);
  token.carries = Carries::Name;
  token.bytes = reinterpret_cast<const uint8_t*>(scratch_.data());
  token.size = scratch_.size();
  if (!isUtf8(token.bytes, token.size)) {
    cursor_.source().fail(ErrorCode::BadText, token.at, "expected a global's name in UTF-8");
  }
}

void Lexer::beginFrame(uint64_t at, uint64_t size) {
  if (frameEnd_ != UINT64_MAX && at < frameEnd_) {
    cursor_.source().fail(ErrorCode::BadFrame, at, "expected the frame to end before the next begins");
  }
  frameEnd_ = cursor_.offset() + size;
}

void Lexer::next(Token& token) {
  const uint64_t at = cursor_.offset();
  token.at = at;
  token.inPlace = false;
  if (cursor_.available(1) < 1) {
    cursor_.source().fail(ErrorCode::Truncated, at, "expected an opcode, found the end of the file");
  }
  if (frameEnd_ != UINT64_MAX && at >= frameEnd_) frameEnd_ = UINT64_MAX;
  const uint8_t code = *cursor_.at();
  cursor_.advance(1);
  token.op = static_cast<Op>(code);
  token.carries = Carries::Nothing;

  const auto integer = [&](Carries carries, unsigned width) {
    token.carries = carries;
    token.integer = static_cast<int64_t>(littleEndian(cursor_.need(width), width));
    cursor_.advance(width);
  };
  const auto text = [&](unsigned width) {
    body(token, length(at, width));
    token.carries = Carries::Text;
    if (!isUtf8(token.bytes, token.size)) {
      cursor_.source().fail(ErrorCode::BadText, at, "expected text in UTF-8");
    }
  };
  const auto counted = [&](Carries carries, unsigned width) {
    body(token, length(at, width));
    token.carries = carries;
  };
  const auto positive = [&](unsigned width) {
    // Signed in the format, and negative lengths make no sense.
    const uint64_t value = littleEndian(cursor_.need(width), width);
    if (value >> (8 * width - 1)) {
      cursor_.source().fail(ErrorCode::BadLength, at, "expected a length, found a negative number");
    }
  };
  const auto longBytes = [&](unsigned width) {
    body(token, length(at, width));
    if (token.size > 8) {
      token.carries = Carries::Big;
      return;
    }
    uint64_t value = littleEndian(token.bytes, static_cast<unsigned>(token.size));
    if (token.size && token.size < 8 && token.bytes[token.size - 1] & 0x80) value |= ~uint64_t{0} << (8 * token.size);
    token.carries = Carries::Int;
    token.integer = static_cast<int64_t>(value);
  };

  switch (token.op) {
    case Op::BinInt1: integer(Carries::Int, 1); break;
    case Op::BinInt2: integer(Carries::Int, 2); break;
    case Op::BinInt:
      integer(Carries::Int, 4);
      token.integer = static_cast<int32_t>(token.integer);
      break;
    case Op::BinFloat: {
      const uint8_t* p = cursor_.need(8);
      uint64_t bits = 0;
      for (int i = 0; i < 8; ++i) bits = bits << 8 | p[i];
      std::memcpy(&token.number, &bits, 8);
      cursor_.advance(8);
      token.carries = Carries::Float;
      break;
    }
    case Op::BinUnicode: text(4); break;
    case Op::ShortBinUnicode: text(1); break;
    case Op::BinUnicode8: text(8); break;
    case Op::BinGet:
    case Op::BinPut: integer(Carries::MemoIndex, 1); break;
    case Op::LongBinGet:
    case Op::LongBinPut: integer(Carries::MemoIndex, 4); break;
    case Op::Get:
    case Op::Put: memoIndex(token); break;
    case Op::Int: textInteger(token, false); break;
    case Op::Long: textInteger(token, true); break;
    case Op::Float: textFloat(token); break;
    case Op::String: quoted(token); break;
    case Op::Unicode: rawUnicode(token); break;
    case Op::BinString:
      positive(4);
      counted(Carries::ByteText, 4);
      break;
    case Op::ShortBinString: counted(Carries::ByteText, 1); break;
    case Op::BinBytes: counted(Carries::Bytes, 4); break;
    case Op::ShortBinBytes: counted(Carries::Bytes, 1); break;
    case Op::BinBytes8:
    case Op::ByteArray8: counted(Carries::Bytes, 8); break;
    case Op::Long1: longBytes(1); break;
    case Op::Long4:
      positive(4);
      longBytes(4);
      break;
    case Op::Global:
    case Op::Inst: global(token); break;
    case Op::NewTrue:
      token.carries = Carries::Bool;
      token.integer = 1;
      break;
    case Op::NewFalse:
      token.carries = Carries::Bool;
      token.integer = 0;
      break;
    case Op::Proto:
      integer(Carries::Nothing, 1);
      if (token.integer > 5) {
        cursor_.source().fail(ErrorCode::BadProtocol, at,
                              "expected pickle protocol 0 to 5, found " + std::to_string(token.integer));
      }
      protocol_ = static_cast<int>(token.integer);
      break;
    case Op::Frame:
      if (part_) integer(Carries::Nothing, 8);
      else beginFrame(at, length(at, 8));
      break;
    case Op::PersId: {
      size_t size;
      token.bytes = reinterpret_cast<const uint8_t*>(line(size));
      token.size = size;
      token.carries = Carries::Text;
      break;
    }
    case Op::Stop:
      if (frameEnd_ != UINT64_MAX && cursor_.offset() < frameEnd_) {
        cursor_.source().fail(ErrorCode::BadFrame, at,
                              "expected the frame to end behind STOP, found " +
                                  std::to_string(frameEnd_ - cursor_.offset()) + " more bytes");
      }
      break;
    // clang-format off
    case Op::Mark: case Op::Pop: case Op::PopMark: case Op::Dup: case Op::None: case Op::BinPersId:
    case Op::Reduce: case Op::Append: case Op::Build: case Op::Dict: case Op::EmptyDict: case Op::Appends:
    case Op::List: case Op::EmptyList: case Op::Obj: case Op::SetItem: case Op::Tuple: case Op::EmptyTuple:
    case Op::SetItems: case Op::NewObj: case Op::Tuple1: case Op::Tuple2: case Op::Tuple3: case Op::EmptySet:
    case Op::AddItems: case Op::FrozenSet: case Op::NewObjEx: case Op::StackGlobal: case Op::Memoize: break;
    case Op::Ext1: case Op::Ext2: case Op::Ext4:
      // clang-format on
      cursor_.source().fail(ErrorCode::UnsupportedOpcode, at, "an extension registry code needs the writer's program");
    case Op::NextBuffer:
    case Op::ReadonlyBuffer:
      cursor_.source().fail(ErrorCode::UnsupportedOpcode, at, "an out-of-band buffer is not in the file");
    default: cursor_.source().fail(ErrorCode::BadOpcode, at, "expected a pickle opcode, found " + hexByte(code));
  }
  if (frameEnd_ != UINT64_MAX && token.op != Op::Frame && cursor_.offset() > frameEnd_) {
    cursor_.source().fail(ErrorCode::BadFrame, at, "expected the opcode to end inside its frame");
  }
}

}  // namespace nb201
