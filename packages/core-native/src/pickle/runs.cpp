#include "pickle/runs.h"

#include "pickle/opcodes.h"

namespace nb201 {

namespace {

constexpr uint32_t kMaxEpochs = 10000;  // four digits, which is what Run::digits knows
constexpr uint32_t kPowersOfTen[] = {1, 10, 100, 1000, 10000};
constexpr size_t kMaxName = 64;

uint64_t little(const uint8_t* p, unsigned width) {
  uint64_t value = 0;
  std::memcpy(&value, p, width);
  return value;
}
template <unsigned kWidth>
uint64_t little(const uint8_t* p) {
  return little(p, kWidth);
}

// Entries K n G ........, n counting on. Returns where they end.
size_t parseEpochs(const uint8_t* p, size_t at, size_t size, Run& run) {
  if (size - at < 11) return at;
  run.begin = static_cast<uint32_t>(at);
  run.first = p[at + 1];
  uint32_t epoch = run.first;
  while (epoch < 256 && size - at >= 11 && p[at] == 'K' && p[at + 1] == epoch && p[at + 2] == 'G') {
    at += 11;
    ++epoch;
  }
  run.count = epoch - run.first;
  return at;
}

// Where the text of a key begins and how long it is, or false.
bool keyHeader(const uint8_t* p, size_t left, unsigned& header, size_t& length) {
  if (left >= 5 && p[0] == static_cast<uint8_t>(Op::BinUnicode)) {
    header = 5;
    length = static_cast<size_t>(little(p + 1, 4));
  } else if (left >= 2 && p[0] == static_cast<uint8_t>(Op::ShortBinUnicode)) {
    header = 2;
    length = p[1];
  } else {
    return false;
  }
  return length <= left - header;
}

// 'set@12' as the size of 'set' and 12. False where it is not of this form: digits as Python writes them, at most four.
bool splitKey(const uint8_t* text, size_t length, uint16_t& nameSize, uint32_t& epoch) {
  if (length < 3 || length > kMaxName) return false;
  size_t digits = 0;
  epoch = 0;
  for (uint32_t unit = 1; digits < 4 && digits + 2 < length; ++digits, unit *= 10) {
    const uint8_t digit = text[length - 1 - digits];
    if (digit < '0' || digit > '9') break;
    epoch += unit * (digit - '0');
  }
  if (digits == 0 || digits != Run::digits(epoch) || text[length - 1 - digits] != '@') return false;
  nameSize = static_cast<uint16_t>(length - 1 - digits);
  return true;
}

// The digits of an epoch as they stand in memory, read as a number: those that keys count on by.
class DigitWord {
 public:
  DigitWord(uint32_t epoch, unsigned digits) : digits_(digits), mask_(~uint32_t{0} >> (32 - 8 * digits)) { set(epoch); }
  // Whether these bytes, of which there are four, begin with the digits.
  bool at(const uint8_t* p) const {
    uint32_t bytes;
    std::memcpy(&bytes, p, sizeof bytes);
    return ((bytes ^ word_) & mask_) == 0;
  }
  void next(uint32_t epoch) {
    if (epoch % 10) word_ += (mask_ >> 8) + 1;  // one more in the last digit's byte
    else set(epoch);
  }

 private:
  void set(uint32_t epoch) {
    uint8_t text[4] = {};
    for (unsigned i = digits_; i-- > 0; epoch /= 10) text[i] = static_cast<uint8_t>('0' + epoch % 10);
    std::memcpy(&word_, text, sizeof word_);
  }

  unsigned digits_;
  uint32_t mask_, word_ = 0;
};

// memcmp for a few bytes, without the call.
inline bool sameBytes(const uint8_t* a, const uint8_t* b, size_t count) {
  const auto differ = [&](size_t at) {
    uint64_t x, y;
    std::memcpy(&x, a + at, 8);
    std::memcpy(&y, b + at, 8);
    return x != y;
  };
  if (count < 8) return std::memcmp(a, b, count) == 0;
  for (size_t i = 0; i + 8 < count; i += 8) {
    if (differ(i)) return false;
  }
  return !differ(count - 8);
}

// Entries 'set@n' -> float, n counting on. Returns where they end; an empty run where the first is not of this form.
size_t parseSet(const uint8_t* p, size_t at, size_t size, uint64_t memo, Run& run) {
  unsigned header;
  size_t length;
  if (!keyHeader(p + at, size - at, header, length)) return at;
  const uint8_t* name = p + at + header;
  if (!splitKey(name, length, run.nameSize, run.first)) return at;
  run.begin = static_cast<uint32_t>(at);
  run.header = static_cast<uint8_t>(header);
  const size_t afterKey = at + header + length;
  if (afterKey >= size) return at;
  run.put = static_cast<uint8_t>(putSize(p[afterKey]));
  if (memo == kAnyMemo && run.put >= 2 && size - afterKey > run.put) memo = little(p + afterKey + 1, run.put - 1u);
  const size_t beforeDigits = header + run.nameSize + 1u;  // with its '@'
  uint8_t start[5 + kMaxName + 1];
  std::memcpy(start, p + at, beforeDigits);

  // Entries with as many digits are of one size, and begin with the same bytes.
  for (uint32_t epoch = run.first; epoch < kMaxEpochs;) {
    const unsigned digits = Run::digits(epoch);
    const uint32_t end = kPowersOfTen[digits];
    const size_t entry = beforeDigits + digits + run.put + 9;
    const uint32_t keySize = static_cast<uint32_t>(run.nameSize + 1u + digits);
    if (header == 5) std::memcpy(start + 1, &keySize, 4);
    else start[1] = static_cast<uint8_t>(keySize);
    DigitWord word(epoch, digits);
    while (true) {
      if (size - at < entry) return at;
      const uint8_t* key = p + at;
      const uint8_t* put = key + beforeDigits + digits;
      if (!sameBytes(key, start, beforeDigits) || !word.at(key + beforeDigits)) return at;
      if (run.put == 1 && put[0] != static_cast<uint8_t>(Op::Memoize)) return at;
      if (run.put == 2 && (put[0] != static_cast<uint8_t>(Op::BinPut) || put[1] != memo)) return at;
      if (run.put == 5 && (put[0] != static_cast<uint8_t>(Op::LongBinPut) || little<4>(put + 1) != memo)) return at;
      if (put[run.put] != 'G') return at;
      at += entry;
      ++run.count;
      ++memo;
      if (++epoch == end) break;
      word.next(epoch);
    }
  }
  return at;
}

}  // namespace

unsigned putSize(uint8_t code) {
  switch (static_cast<Op>(code)) {
    case Op::Memoize: return 1;
    case Op::BinPut: return 2;
    case Op::LongBinPut: return 5;
    default: return 0;
  }
}

size_t parseRuns(const uint8_t* batch, size_t size, uint64_t memo, std::vector<Run>& runs) {
  const size_t before = runs.size();
  size_t at = 0;
  while (at < size && batch[at] != static_cast<uint8_t>(Op::SetItems)) {
    Run run;
    at = batch[at] == 'K' ? parseEpochs(batch, at, size, run) : parseSet(batch, at, size, memo, run);
    if (run.count == 0) {
      runs.resize(before);
      return 0;
    }
    if (run.put && memo != kAnyMemo) memo += run.count;
    runs.push_back(run);
  }
  if (at >= size) {
    runs.resize(before);
    return 0;
  }
  return at + 1;
}

Run parseReferences(const uint8_t* batch, size_t at, size_t size, uint64_t& firstMemo) {
  Run run;
  run.begin = static_cast<uint32_t>(at);
  const uint8_t code = at < size ? batch[at] : 0;
  run.get = code == static_cast<uint8_t>(Op::LongBinGet) ? 5 : code == static_cast<uint8_t>(Op::BinGet) ? 2 : 0;
  if (!run.get) return run;
  const size_t entry = run.get + 9u;
  while (size - at >= entry && batch[at] == code && batch[at + run.get] == 'G') {
    const uint64_t memo = little(batch + at + 1, run.get - 1u);
    if (run.count == 0) firstMemo = memo;
    else if (memo != firstMemo + run.count) break;
    ++run.count;
    at += entry;
  }
  return run;
}

}  // namespace nb201
