// The texts and globals that a region of a pickle puts in its memo, and NumPy's dtypes, found without building the rest
// of it: what one part of a region refers to in another are these, as a rule.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "pickle/source.h"
#include "pickle/value.h"

namespace nb201 {

struct Region;

class RegionNames {
 public:
  RegionNames(SourcePtr bytes, const Region& region);

  // The memo entry as it was when the byte `at` was reached, where it is a text or global; else false.
  bool find(Graph& graph, uint64_t index, uint64_t at, Value& out);
  // The bytes that make the entry, where they are a call by name with plain arguments and a plain state, as a dtype's.
  bool findCall(uint64_t index, uint64_t at, uint64_t& begin, uint64_t& end) const;

 private:
  SourcePtr bytes_;
  uint64_t begin_, end_, least_;
  struct Known {
    bool global;
    std::string text;
  };
  const Known& read(uint32_t place);
  struct Call {
    uint32_t begin, end;
  };
  std::unordered_map<uint64_t, Call> calls_;  // by index

  std::unordered_map<uint32_t, Known> known_;  // that were asked for, by place: few and distinct
  std::vector<uint32_t> places_;  // by index from least_ on: offsets from begin_ + 1, or one of the two below
  static constexpr uint32_t kOther = 0, kTwice = UINT32_MAX;
};

}  // namespace nb201
