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

// Entries K n G ........, n counting from 0. Returns where they end.
size_t parseEpochs(const uint8_t* p, size_t at, size_t size, Run& run) {
  run.begin = static_cast<uint32_t>(at);
  uint32_t epoch = 0;
  while (epoch < 256 && size - at >= 11 && p[at] == 'K' && p[at + 1] == epoch && p[at + 2] == 'G') {
    at += 11;
    ++epoch;
  }
  run.count = epoch;
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

unsigned putSize(uint8_t code) {
  switch (static_cast<Op>(code)) {
    case Op::Memoize: return 1;
    case Op::BinPut: return 2;
    case Op::LongBinPut: return 5;
    default: return 0;
  }
}

// Entries 'set@n' -> float, n counting from 0. Returns where they end; an empty run where the first is not of this form.
size_t parseSet(const uint8_t* p, size_t at, size_t size, uint64_t memo, Run& run) {
  unsigned header;
  size_t length;
  if (!keyHeader(p + at, size - at, header, length) || length < 3 || length > 64) return at;
  const uint8_t* text = p + at + header;
  if (text[length - 2] != '@' || text[length - 1] != '0') return at;
  run.begin = static_cast<uint32_t>(at);
  run.header = static_cast<uint8_t>(header);
  run.nameSize = static_cast<uint16_t>(length - 2);
  const size_t afterKey = at + header + length;
  if (afterKey >= size) return at;
  run.put = static_cast<uint8_t>(putSize(p[afterKey]));
  if (memo == kAnyMemo && run.put >= 2 && size - afterKey > run.put) memo = little(p + afterKey + 1, run.put - 1u);
  run.firstMemo = memo;
  const uint8_t* name = text;
  const size_t nameAt = run.nameSize + 1u;  // with its '@'

  for (uint32_t epoch = 0; epoch < kMaxEpochs; ++epoch) {
    const unsigned digits = Run::digits(epoch);
    const size_t keySize = nameAt + digits, entry = header + keySize + run.put + 9;
    if (size - at < entry) return at;
    const uint8_t* key = p + at;
    const bool sameHeader = header == 5 ? key[0] == 'X' && little(key + 1, 4) == keySize
                                        : key[0] == static_cast<uint8_t>(Op::ShortBinUnicode) && key[1] == keySize;
    if (!sameHeader || std::memcmp(key + header, name, nameAt) != 0) return at;
    const uint8_t* digit = key + header + nameAt;
    uint32_t rest = epoch;
    for (unsigned i = digits; i-- > 0; rest /= 10) {
      if (digit[i] != '0' + rest % 10) return at;
    }
    const uint8_t* put = digit + digits;
    if (run.put == 1 && put[0] != static_cast<uint8_t>(Op::Memoize)) return at;
    if (run.put == 2 && (put[0] != static_cast<uint8_t>(Op::BinPut) || put[1] != memo + epoch)) return at;
    if (run.put == 5 && (put[0] != static_cast<uint8_t>(Op::LongBinPut) || little(put + 1, 4) != memo + epoch)) return at;
    if (put[run.put] != 'G') return at;
    at += entry;
    run.count = epoch + 1;
  }
  return at;
}

}  // namespace

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

}  // namespace nb201
