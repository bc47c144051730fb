// What every fuzz target does with its input: try, accept the one kind of failure there is, and hold the rest to be
// bugs.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "describe.h"
#include "pickle/error.h"

namespace nb201::test {

// Whatever `read` throws other than an Error ends the run: std::bad_alloc and std::length_error are bugs, too.
template <class Read>
void attempt(Read read) {
  try {
    read();
  } catch (const Error&) {
  }
}

// Ends the run and has libFuzzer write down the input.
[[noreturn]] inline void broken(const std::string& what) {
  std::fprintf(stderr, "broken promise: %s\n", what.c_str());
  std::abort();
}

inline void mustKeepPromises(const Value& value) {
  const std::string what = brokenPromise(value);
  if (!what.empty()) broken(what);
}

// A copy of exactly this size lets ASan see reads beyond the end.
inline std::vector<uint8_t> copyOf(const uint8_t* data, size_t size) { return {data, data + size}; }

}  // namespace nb201::test
