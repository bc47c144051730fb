// A pickle read through a window of any size gives the tokens, or the error, that it gives from memory.
#include "fuzz.h"
#include "pieces.h"
#include "tokens.h"

using namespace nb201;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  // The last byte chooses the window, so that seeds need no header: its size, and how often bytes are kept.
  const uint8_t choice = data[--size];
  const size_t chunk = size_t{1} << (choice & 7);
  const unsigned keepEvery = 1 + (choice >> 3);

  const SourcePtr memory = fromMemory("fuzz", test::copyOf(data, size));
  Cursor whole(*memory, 0, size);
  const std::string expected = test::tokens(whole);

  const test::PieceSource pieces(test::copyOf(data, size));
  Cursor window(pieces, 0, size, chunk);
  unsigned count = 0;
  uint64_t kept = UINT64_MAX;
  const std::string got = test::tokens(window, [&](const Token& token) {
    if (token.inPlace && token.bytes + token.size != window.at()) test::broken("a token's bytes are not where it ends");
    if (kept != UINT64_MAX && std::memcmp(window.pointerTo(kept), data + kept, window.offset() - kept) != 0) {
      test::broken("kept bytes changed");
    }
    const unsigned turn = ++count % keepEvery;
    if (turn == 0) window.keepFrom(kept = window.offset());
    else if (turn == keepEvery / 2) window.keepNothing(), kept = UINT64_MAX;
  });
  if (got != expected)
    test::broken("through a window of " + std::to_string(chunk) + ":\n" + got + "from memory:\n" + expected);
  return 0;
}
