#include "pickle/runs.h"

#include "pickle/opcodes.h"

namespace nb201 {

namespace {

constexpr uint32_t kMaxEpochs = 10000;  // four digits, which is what Run::digits knows

uint64_t little(const uint8_t* p, unsigned width) {
  uint64_t value = 0;
  std::memcpy(&value, p, width);
  return value;
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
  if (length < 3 || length > 64) return false;
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

// memcmp for a few bytes, without the call: names of sets have six to eight.
inline bool sameBytes(const uint8_t* a, const uint8_t* b, size_t count) {
  size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    uint32_t x, y;
    std::memcpy(&x, a + i, 4);
    std::memcpy(&y, b + i, 4);
    if (x != y) return false;
  }
  for (; i < count; ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
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
  const size_t nameAt = run.nameSize + 1u;  // with its '@'

  for (uint32_t epoch = run.first; epoch < kMaxEpochs; ++epoch, ++memo) {
    const unsigned digits = Run::digits(epoch);
    const size_t keySize = nameAt + digits, entry = header + keySize + run.put + 9;
    if (size - at < entry) return at;
    const uint8_t* key = p + at;
    const bool sameHeader = header == 5 ? key[0] == 'X' && little(key + 1, 4) == keySize
                                        : key[0] == static_cast<uint8_t>(Op::ShortBinUnicode) && key[1] == keySize;
    if (!sameHeader || !sameBytes(key + header, name, nameAt)) return at;
    const uint8_t* digit = key + header + nameAt;
    uint32_t rest = epoch;
    for (unsigned i = digits; i-- > 0; rest /= 10) {
      if (digit[i] != '0' + rest % 10) return at;
    }
    const uint8_t* put = digit + digits;
    if (run.put == 1 && put[0] != static_cast<uint8_t>(Op::Memoize)) return at;
    if (run.put == 2 && (put[0] != static_cast<uint8_t>(Op::BinPut) || put[1] != memo)) return at;
    if (run.put == 5 && (put[0] != static_cast<uint8_t>(Op::LongBinPut) || little(put + 1, 4) != memo)) return at;
    if (put[run.put] != 'G') return at;
    at += entry;
    ++run.count;
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
