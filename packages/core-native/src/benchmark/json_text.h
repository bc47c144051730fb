// Curves as JSON text: hundreds of millions of numbers, which JavaScript would need minutes for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace nb201 {

// Text with curves in it: literals[0] curves[0] literals[1] … curves[n - 1] literals[n]. A curve is the members of a
// JSON object, "<prefix><epoch>":number, of the epochs that are there. A number is the shortest decimal that reads back
// as the same 64 bits; what JSON has no word for is {"$float":"nan"}, "inf", "-inf"; a 32-bit float says so:
// {"$float32":71.30000305175781}.
struct JsonText {
  std::string literals;
  std::vector<uint32_t> literalEnds;
  std::vector<double> values;
  std::vector<uint8_t> presence;  // one a value: 0 (missing), 1, 2 (a 32-bit float); empty: all are 1
  std::vector<uint32_t> first;    // of each curve in the values, and the end of the last
  std::vector<std::string> prefixes;

  std::string text() const;
};

}  // namespace nb201
