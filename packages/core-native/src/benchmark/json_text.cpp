#include "benchmark/json_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string_view>
#include <unordered_map>

namespace nb201 {

namespace {

// The longest double has 24 characters; the longest text of a number is that of a 32-bit float, an object.
constexpr size_t kNumber = 48;
// A number takes some 19 characters, a key some 14.
constexpr size_t kMember = 24;

// What stands before a curve's numbers: "x-valid@12": with the comma that it may need. Curves of one set follow one
// another thousands of times, so the keys are made once.
class Keys {
 public:
  // The key of an epoch. Valid until the next call.
  std::string_view of(size_t epoch) {
    while (keys_.size() <= epoch) keys_.push_back(",\"" + prefix_ + std::to_string(keys_.size()) + "\":");
    return keys_[epoch];
  }
  explicit Keys(std::string_view prefix) : prefix_(prefix) {}

 private:
  std::string prefix_;
  std::vector<std::string> keys_;
};

char* put(char* to, std::string_view text) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

// At most kNumber characters.
char* putNumber(char* to, double value, bool single) {
  if (single) return put(putNumber(put(to, R"({"$float32":)"), value, false), "}");
  if (std::isnan(value)) return put(to, R"({"$float":"nan"})");
  if (std::isinf(value)) return put(to, value > 0 ? R"({"$float":"inf"})" : R"({"$float":"-inf"})");
  // -0 is an integer to JSON's readers, and loses its sign.
  if (value == 0) return put(to, std::signbit(value) ? "-0.0" : "0");
  return std::to_chars(to, to + kNumber, value).ptr;
}

// Text that grows by pieces of known greatest length.
class Text {
 public:
  explicit Text(size_t expected) { text_.resize(expected); }
  // Room for so many more characters.
  char* room(size_t more) {
    if (text_.size() - used_ < more) text_.resize(std::max(text_.size() * 2, used_ + more));
    return text_.data() + used_;
  }
  void upTo(const char* end) { used_ = static_cast<size_t>(end - text_.data()); }
  std::string take() {
    text_.resize(used_);
    return std::move(text_);
  }

 private:
  std::string text_;
  size_t used_ = 0;
};

void appendCurve(Text& out, Keys& keys, const double* values, const uint8_t* presence, size_t epochs) {
  bool any = false;
  for (size_t epoch = 0; epoch < epochs; ++epoch) {
    const uint8_t there = presence ? presence[epoch] : 1;
    if (there == 0) continue;
    std::string_view key = keys.of(epoch);
    if (!any) key.remove_prefix(1);
    out.upTo(putNumber(put(out.room(key.size() + kNumber), key), values[epoch], there == 2));
    any = true;
  }
}

}  // namespace

std::string JsonText::text() const {
  Text out(literals.size() + values.size() * kMember);
  std::unordered_map<std::string_view, Keys> keys;
  size_t at = 0;
  for (size_t i = 0; i < literalEnds.size(); ++i) {
    const std::string_view literal = std::string_view(literals).substr(at, literalEnds[i] - at);
    out.upTo(put(out.room(literal.size()), literal));
    at = literalEnds[i];
    if (i == prefixes.size()) break;
    Keys& own = keys.try_emplace(prefixes[i], prefixes[i]).first->second;
    appendCurve(out, own, values.data() + first[i], presence.empty() ? nullptr : presence.data() + first[i],
                first[i + 1] - first[i]);
  }
  return out.take();
}

}  // namespace nb201
