#include "pickle/writer.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "pickle/opcodes.h"

namespace nb201 {

namespace {

constexpr size_t kBatch = 1000;      // items between a MARK and its APPENDS or SETITEMS, as CPython writes them
constexpr size_t kShortText = 40;    // bytes of what may be a name; an architecture's string is longer
constexpr size_t kManyTexts = 4096;  // that are remembered through the whole file
constexpr size_t kSharedText = 256;  // bytes of what is worth remembering at all

uint8_t code(Op op) { return static_cast<uint8_t>(op); }

// Bytes as the text that Latin-1 makes of them.
std::string fromLatin1(std::string_view bytes) {
  const bool ascii = std::all_of(bytes.begin(), bytes.end(), [](char c) { return static_cast<uint8_t>(c) < 0x80; });
  if (ascii) return std::string(bytes);
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 2);
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xC0 | byte >> 6);
      out += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return out;
}

}  // namespace

void PickleWriter::raw(const void* from, size_t count) {
  const auto* bytes = static_cast<const uint8_t*>(from);
  out_.insert(out_.end(), bytes, bytes + count);
}

size_t PickleWriter::batchOf(Within kind) {
  switch (kind) {
    case Within::List:
    case Within::Set:
    case Within::FrozenSet: return kBatch;
    case Within::Dict:
    case Within::OrderedDict: return 2 * kBatch;
    default: return 0;
  }
}

void PickleWriter::begin() {
  byte(code(Op::Proto));
  byte(2);
}

void PickleWriter::end() { byte(code(Op::Stop)); }

// Before each value: the batch that it belongs to is begun, and the one before it ended where that is full.
void PickleWriter::item() {
  if (frames_.empty()) return;
  Frame& frame = frames_.back();
  const size_t batch = batchOf(frame.kind);
  if (batch == 0) return;
  if (frame.count % batch == 0) {
    endBatch(frame);
    byte(code(Op::Mark));
  }
  ++frame.count;
}

void PickleWriter::endBatch(const Frame& frame) {
  if (frame.count == 0) return;
  const bool dict = frame.kind == Within::Dict || frame.kind == Within::OrderedDict;
  byte(code(dict ? Op::SetItems : Op::Appends));
}

uint32_t PickleWriter::put() {
  if (entries_ >= UINT32_MAX) throw Unwritable("more than 2^32 values that others may refer to");
  const auto entry = static_cast<uint32_t>(entries_++);
  if (entry < 256) {
    byte(code(Op::BinPut));
    byte(static_cast<uint8_t>(entry));
  } else {
    byte(code(Op::LongBinPut));
    little(entry);
  }
  return entry;
}

void PickleWriter::get(uint32_t entry) {
  if (entry < 256) {
    byte(code(Op::BinGet));
    byte(static_cast<uint8_t>(entry));
  } else {
    byte(code(Op::LongBinGet));
    little(entry);
  }
}

void PickleWriter::remember() { entry_ = put(); }

void PickleWriter::again(uint32_t entry) {
  item();
  get(entry);
}

void PickleWriter::none() {
  item();
  byte(code(Op::None));
}

void PickleWriter::boolean(bool value) {
  item();
  byte(code(value ? Op::NewTrue : Op::NewFalse));
}

void PickleWriter::integer(int64_t value) {
  if (value >= INT32_MIN && value <= INT32_MAX) {
    item();
    if (value >= 0 && value < 256) {
      byte(code(Op::BinInt1));
      byte(static_cast<uint8_t>(value));
    } else if (value >= 0 && value < 65536) {
      byte(code(Op::BinInt2));
      little(static_cast<uint16_t>(value));
    } else {
      byte(code(Op::BinInt));
      little(static_cast<int32_t>(value));
    }
    return;
  }
  char digits[8];
  std::memcpy(digits, &value, sizeof digits);
  bigInteger({digits, sizeof digits});
}

void PickleWriter::bigInteger(std::string_view digits) {
  // No more bytes than tell the value and its sign.
  const auto byteAt = [&](size_t i) { return static_cast<uint8_t>(digits[i]); };
  while (digits.size() > 1) {
    const uint8_t sign = byteAt(digits.size() - 2) & 0x80 ? 0xFF : 0;
    if (byteAt(digits.size() - 1) != sign) break;
    digits.remove_suffix(1);
  }
  if (digits.size() > INT32_MAX) throw Unwritable("an integer of more than 2^31 bytes");
  item();
  if (digits.size() < 256) {
    byte(code(Op::Long1));
    byte(static_cast<uint8_t>(digits.size()));
  } else {
    byte(code(Op::Long4));
    little(static_cast<int32_t>(digits.size()));
  }
  raw(digits.data(), digits.size());
}

void PickleWriter::number(double value) {
  item();
  uint8_t bits[8], bytes[9] = {code(Op::BinFloat)};
  std::memcpy(bits, &value, sizeof bits);
  std::reverse_copy(bits, bits + 8, bytes + 1);  // big-endian
  raw(bytes, sizeof bytes);
}

void PickleWriter::float32(float value) {
  if (!options_.numpyFloat32) {
    number(static_cast<double>(value));
    return;
  }
  char little[4];
  std::memcpy(little, &value, sizeof little);
  make();
  global("numpy.core.multiarray", "scalar");
  open(Holding::Tuple, 2);
  dtype("f4", false);
  bytes({little, sizeof little});
  close();
  reduce();
  made();
}

void PickleWriter::complex(double real, double imaginary) {
  make();
  global("__builtin__", "complex");
  open(Holding::Tuple, 2);
  number(real);
  number(imaginary);
  close();
  reduce();
  made();
}

void PickleWriter::bareText(std::string_view utf8) {
  if (utf8.size() > UINT32_MAX) throw Unwritable("a text of more than 4 GiB");
  uint8_t head[5] = {code(Op::BinUnicode)};
  const auto size = static_cast<uint32_t>(utf8.size());
  std::memcpy(head + 1, &size, sizeof size);
  raw(head, sizeof head);
  raw(utf8.data(), utf8.size());
}

void PickleWriter::text(std::string_view utf8) {
  item();
  if (utf8.size() > kSharedText) {
    bareText(utf8);
    return;
  }
  const std::string key(utf8);
  for (const auto* known : {&everywhere_, &nearby_}) {
    if (const auto found = known->find(key); found != known->end()) {
      get(found->second);
      return;
    }
  }
  bareText(utf8);
  const bool name = utf8.size() <= kShortText && everywhere_.size() < kManyTexts;
  (name ? everywhere_ : nearby_).emplace(key, put());
}

// Protocol 2 has no bytes: as CPython does, they are written as what _codecs.encode makes of a text.
void PickleWriter::bytes(std::string_view from) {
  make();
  global("_codecs", "encode");
  open(Holding::Tuple, 2);
  bareText(fromLatin1(from));
  text("latin1");
  close();
  reduce();
  made();
}

void PickleWriter::dtype(std::string_view name, bool bigEndian) {
  const bool ordered = name.size() != 2 || name[1] != '1';
  const std::string key = std::string(ordered && bigEndian ? ">" : "<") + std::string(name);
  if (const auto found = dtypes_.find(key); found != dtypes_.end()) {
    again(found->second);
    return;
  }
  make();
  global("numpy", "dtype");
  open(Holding::Tuple, 3);
  text(name);
  boolean(false);
  boolean(true);
  close();
  reduce();
  const uint32_t entry = put();
  open(Holding::Tuple, 8);  // version, byte order, subarray, names, fields, size, alignment, flags
  integer(3);
  text(!ordered ? "|" : bigEndian ? ">" : "<");
  none();
  none();
  none();
  integer(-1);
  integer(-1);
  integer(0);
  close();
  build();
  made();
  dtypes_.emplace(key, entry);
}

void PickleWriter::array(std::string_view name, bool bigEndian, const std::vector<uint64_t>& shape, bool fortran,
                         std::string_view elements) {
  make();
  global("numpy.core.multiarray", "_reconstruct");
  open(Holding::Tuple, 3);
  global("numpy", "ndarray");
  open(Holding::Tuple, 1);
  integer(0);
  close();
  bytes("b");
  close();
  reduce();
  open(Holding::Tuple, 5);  // version, shape, dtype, whether it is Fortran's order, elements
  integer(1);
  open(Holding::Tuple, shape.size());
  for (const uint64_t size : shape) integer(static_cast<int64_t>(size));
  close();
  dtype(name, bigEndian);
  boolean(fortran);
  bytes(elements);
  close();
  build();
  made();
}

// Keys are written out each time, without memo entries: a curve's bytes then stand in a form that says where each
// epoch's number is, and a reader needs to remember none of them.
void PickleWriter::curves(const std::vector<CurveToWrite>& curves) {
  open(Holding::Dict);
  for (const CurveToWrite& curve : curves) {
    if (curve.set.size() > UINT32_MAX - 24) throw Unwritable("a text of more than 4 GiB");
    std::string key = curve.set.empty() ? "" : curve.set + "@";
    const size_t named = key.size();
    key.resize(named + 24);
    for (size_t epoch = 0; epoch < curve.epochs; ++epoch) {
      if (curve.presence && curve.presence[epoch] == 0) continue;
      const double value = curve.values[epoch];
      if (named) {
        const char* end = std::to_chars(&key[named], key.data() + key.size(), epoch).ptr;
        item();
        bareText({key.data(), static_cast<size_t>(end - key.data())});
      } else {
        integer(static_cast<int64_t>(epoch));
      }
      if (curve.presence && curve.presence[epoch] == 2) float32(static_cast<float>(value));
      else number(value);
    }
  }
  close();
}

void PickleWriter::global(const std::string& module, const std::string& name) {
  item();
  const std::string key = module + "\n" + name + "\n";
  if (const auto found = globals_.find(key); found != globals_.end()) {
    get(found->second);
    return;
  }
  byte(code(Op::Global));
  raw(key.data(), key.size());
  globals_.emplace(key, put());
}

void PickleWriter::open(Holding kind, size_t count) {
  if (kind == Holding::List || kind == Holding::Dict || kind == Holding::Tuple) item();  // the others are made of parts
  Frame frame{Within::List, 0, kNoEntry};
  switch (kind) {
    case Holding::List:
      byte(code(Op::EmptyList));
      frame.entry = put();
      break;
    case Holding::Dict:
      frame.kind = Within::Dict;
      byte(code(Op::EmptyDict));
      frame.entry = put();
      break;
    case Holding::OrderedDict:
      make();
      global("collections", "OrderedDict");
      byte(code(Op::EmptyTuple));
      reduce();
      made();
      frame.kind = Within::OrderedDict;
      frame.entry = put();
      break;
    case Holding::Tuple:
      frame.kind = Within::Tuple;
      frame.count = count;
      if (count > 3) byte(code(Op::Mark));
      break;
    case Holding::Set:
    case Holding::FrozenSet:
      frame.kind = kind == Holding::Set ? Within::Set : Within::FrozenSet;
      make();
      global("__builtin__", kind == Holding::Set ? "set" : "frozenset");
      made();
      byte(code(Op::EmptyList));
      break;
  }
  frames_.push_back(frame);
  entry_ = frame.entry;
}

void PickleWriter::close() {
  Frame frame = frames_.back();
  frames_.pop_back();
  switch (frame.kind) {
    case Within::Tuple:
      byte(code(frame.count == 0   ? Op::EmptyTuple
                : frame.count == 1 ? Op::Tuple1
                : frame.count == 2 ? Op::Tuple2
                : frame.count == 3 ? Op::Tuple3
                                   : Op::Tuple));
      frame.entry = put();
      break;
    case Within::Set:
    case Within::FrozenSet:
      endBatch(frame);
      byte(code(Op::Tuple1));
      reduce();
      frame.entry = put();
      break;
    case Within::Attributes: build(); break;
    default: endBatch(frame);
  }
  entry_ = frame.entry;
}

void PickleWriter::closeAgain(uint32_t entry) {
  const size_t count = frames_.back().count;
  frames_.pop_back();
  if (count > 3) byte(code(Op::PopMark));
  else
    for (size_t i = 0; i < count; ++i) byte(code(Op::Pop));
  get(entry);
  entry_ = entry;
}

void PickleWriter::attributes() {
  endBatch(frames_.back());
  frames_.back().kind = Within::Attributes;
}

void PickleWriter::make() {
  item();
  frames_.push_back({Within::Parts, 0, kNoEntry});
}

void PickleWriter::reduce() { byte(code(Op::Reduce)); }
void PickleWriter::instance() {
  byte(code(Op::EmptyTuple));
  byte(code(Op::NewObj));
}

void PickleWriter::build() { byte(code(Op::Build)); }
void PickleWriter::persistentId() { byte(code(Op::BinPersId)); }
void PickleWriter::made() { frames_.pop_back(); }

}  // namespace nb201
