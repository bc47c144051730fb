#include "benchmark/curves.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_map>

#include "pickle/opcodes.h"
#include "pickle/runs.h"

namespace nb201 {

namespace {

bool isTraining(Field field) { return field < Field::EvalAcc1; }

// The curve's bytes: in the window, in memory, or in a buffer that a thread uses again and again.
const uint8_t* bytesOf(const BenchmarkIndex& index, const Extent& extent, const Window& window) {
  if (const uint8_t* found = window.find(extent)) return found;
  const ByteSource& source = *index.bytes();
  if (source.data()) return source.data() + (extent.begin - source.dataBegin());
  thread_local std::vector<uint8_t> buffer;
  if (buffer.size() < extent.size) buffer.resize(extent.size);
  source.read(extent.begin, buffer.data(), extent.size);
  return buffer.data();
}

struct Batches {
  std::vector<Run> runs;
  std::vector<uint32_t> base;           // for each run, where its batch begins, from the dict's begin
  std::vector<std::string_view> names;  // for each run, the name of its set; empty for training

  void add(size_t firstRun, uint32_t at, const uint8_t* p) {
    for (size_t r = firstRun; r < runs.size(); ++r) {
      base.push_back(at);
      names.push_back(runs[r].nameSize ? runs[r].name(p + at) : std::string_view{});
    }
  }
};

// Keys that a curve has put in the memo one after another, 'name@epoch' and on.
struct Keys {
  uint64_t first;  // memo entry
  uint32_t count, epoch;
  std::string name;
};

// Where the dict's batches begin, or 0 where it does not begin as dicts of the regular form do.
size_t batchesAt(const uint8_t* p, const Extent& extent) {
  const uint32_t size = extent.size;
  size_t at = 0;
  if (!extent.dict) return 0;
  if (size > 0 && p[0] == '}') {
    at = 1;
  } else if (size > 2 && (p[0] == 'c' || p[0] == 'h' || p[0] == 'j')) {
    // collections.OrderedDict, as the extent says it is: a global or a reference to it, its memo entry, (), the call.
    static constexpr char kName[] = "ccollections\nOrderedDict\n";
    const size_t name = sizeof kName - 1;
    if (p[0] == 'h') at = 2;
    else if (p[0] == 'j') at = 5;
    else if (size > name && std::memcmp(p, kName, name) == 0) at = name;
    else return 0;
    if (p[0] == 'c' && at < size) at += putSize(p[at]);
    if (size < at + 2 || p[at] != ')' || p[at + 1] != 'R') return 0;
    at += 2;
  } else {
    return 0;
  }
  return at < size ? at + putSize(p[at]) : at;
}

// A batch whose keys are those of an earlier curve. Returns its size, or 0 where these are not among `keys`.
size_t parseByReference(const uint8_t* batch, size_t size, const std::vector<Keys>& keys, uint32_t base, Batches& out) {
  const size_t before = out.runs.size();
  size_t at = 0;
  while (at < size && batch[at] != static_cast<uint8_t>(Op::SetItems)) {
    uint64_t memo = 0;
    Run run = parseReferences(batch, at, size, memo);
    const auto found = std::find_if(keys.begin(), keys.end(),
                                    [&](const Keys& k) { return memo >= k.first && memo - k.first < k.count; });
    if (!run.count || found == keys.end()) {
      out.runs.resize(before);
      out.base.resize(before);
      out.names.resize(before);
      return 0;
    }
    const uint32_t within = static_cast<uint32_t>(memo - found->first);
    run.count = std::min(run.count, found->count - within);
    run.first = found->epoch + within;
    run.nameSize = static_cast<uint16_t>(found->name.size());
    out.runs.push_back(run);
    out.base.push_back(base);
    out.names.push_back(found->name);
    at += run.count * (run.get + 9u);
  }
  return at < size ? at + 1 : 0;
}

// The dict's runs where all of it is of the regular form.
bool regular(const uint8_t* p, const Extent& extent, const std::vector<Keys>& keys, Batches& out) {
  const uint32_t size = extent.size;
  size_t at = batchesAt(p, extent);
  if (!at) return false;
  while (at < size) {
    if (p[at] != '(') return false;
    const uint32_t base = static_cast<uint32_t>(at) + 1;
    const size_t firstRun = out.runs.size();
    size_t taken = parseRuns(p + base, size - base, kAnyMemo, out.runs);
    if (taken) out.add(firstRun, base, p);
    else if (!keys.empty()) taken = parseByReference(p + base, size - base, keys, base, out);
    if (!taken) return false;
    at = base + taken;
  }
  // Epochs in two batches may be the same ones twice.
  return out.runs.size() < 2 || out.runs[0].nameSize != 0;
}

// The keys that the trial's curves before this one have put in the memo. An entry that was put twice is none of them:
// the walk has seen that this curve refers to entries that were not.
std::vector<Keys> keysBefore(const BenchmarkIndex& index, const Trial& trial, const Extent& extent,
                             const Window& window) {
  std::vector<Keys> out;
  for (const Field field : {Field::EvalAcc1, Field::EvalLoss, Field::EvalTime}) {
    const Extent earlier = index.tables().curve(trial, field);
    if (!earlier || !earlier.dict || earlier.byReference || earlier.begin >= extent.begin) continue;
    const uint8_t* bytes = bytesOf(index, earlier, window);
    Batches batches;
    if (!regular(bytes, earlier, {}, batches)) continue;
    for (size_t r = 0; r < batches.runs.size(); ++r) {
      const Run& run = batches.runs[r];
      if (run.put < 2) continue;
      const uint8_t* put = bytes + batches.base[r] + run.floatAt(run.first) - 1 - run.put;
      uint64_t memo = 0;
      std::memcpy(&memo, put + 1, run.put - 1u);
      out.push_back({memo, run.count, run.first, std::string(batches.names[r])});
    }
  }
  return out;
}

// Reads the dict's bytes and finds its runs. False where it has to be decoded.
bool findRuns(const BenchmarkIndex& index, const Trial& trial, const Extent& extent, const Window& window,
              const uint8_t*& bytes, std::vector<Keys>& keys, Batches& out) {
  if (extent.byReference) keys = keysBefore(index, trial, extent, window);
  bytes = bytesOf(index, extent, window);
  return regular(bytes, extent, keys, out);
}

// 'set@12' with the epoch as Python's format() writes it.
bool splitKey(std::string_view key, std::string_view& set, int64_t& epoch) {
  const size_t cut = key.rfind('@');
  if (cut == std::string_view::npos) return false;
  const std::string_view digits = key.substr(cut + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), epoch);
  if (error != std::errc{} || end != digits.data() + digits.size() || std::to_string(epoch) != digits) return false;
  set = key.substr(0, cut);
  return true;
}

Curve& curveOf(FieldCurves& field, std::string_view set, int32_t epochs) {
  for (Curve& curve : field.curves) {
    if (curve.set == set) return curve;
  }
  Curve& made = field.curves.emplace_back();
  made.set = std::string(set);
  made.values.assign(static_cast<size_t>(epochs), 0.0);
  made.presence.assign(static_cast<size_t>(epochs), Presence::Missing);
  return made;
}

void tidy(FieldCurves& field) {
  for (Curve& curve : field.curves) {
    const bool all =
        std::all_of(curve.presence.begin(), curve.presence.end(), [](Presence p) { return p == Presence::There; });
    if (all) curve.presence.clear();
  }
}

void readRegular(const uint8_t* p, const Batches& batches, Field field, int32_t epochs, FieldCurves& out) {
  for (size_t r = 0; r < batches.runs.size(); ++r) {
    const Run& run = batches.runs[r];
    const uint8_t* batch = p + batches.base[r];
    const bool training = run.nameSize == 0;
    if (training != isTraining(field)) continue;  // keys of the other form: nobody can ask for them
    Curve& curve = curveOf(out, batches.names[r], epochs);
    const uint32_t end = std::min(run.first + run.count, static_cast<uint32_t>(epochs));
    for (uint32_t e = run.first; e < end; ++e) {
      curve.values[e] = bigEndianDouble(batch + run.floatAt(e));
      curve.presence[e] = Presence::There;
    }
    if (training && (run.first != 0 || run.count > end)) {
      for (uint32_t e = run.first; e < run.first + run.count; ++e)
        out.inOrder.push_back(bigEndianDouble(batch + run.floatAt(e)));
    }
  }
}

// The number of a key: Python's 1, 1.0 and True are one key.
bool epochKey(const Value& key, int64_t& epoch) {
  if (key.kind == Kind::Int) epoch = key.integer;
  else if (key.kind == Kind::Bool) epoch = key.boolean;
  else if (key.kind == Kind::Float && key.number == std::floor(key.number) && std::abs(key.number) < 0x1p53) {
    epoch = static_cast<int64_t>(key.number);
  } else {
    return false;
  }
  return true;
}

void readGeneral(BenchmarkIndex& index, const Extent& extent, Field field, int32_t epochs, FieldCurves& out) {
  Graph graph;
  const Value dict = index.memo().decode(graph, extent.begin, extent.begin + extent.size);
  if (dict.kind == Kind::None) {
    out.state = FieldState::None;
    return;
  }
  if (dict.kind != Kind::Dict) {
    index.bytes()->fail(ErrorCode::BadRecord, extent.begin,
                        std::string("expected a curve as a dict, found a ") + kindName(dict.kind));
  }
  const std::vector<Value>& items = dict.sequence->items;
  if (items.empty()) {
    out.state = FieldState::Empty;
    return;
  }
  // A key that stands twice has its last value, at the place of its first.
  std::unordered_map<std::string, size_t> place;
  std::vector<double> inOrder;
  bool ordered = true;
  int64_t last = -1;
  for (size_t i = 0; i < items.size(); i += 2) {
    const Value& key = items[i];
    std::string_view set;
    int64_t epoch = 0;
    if (isTraining(field) ? !epochKey(key, epoch) : !key.isText() || !splitKey(key.str(), set, epoch)) continue;
    const std::optional<Number> number = index.asNumber(items[i + 1]);
    if (!number) {
      index.bytes()->fail(ErrorCode::BadRecord, extent.begin,
                          std::string("expected numbers in a curve, found a ") + kindName(items[i + 1].kind));
    }
    if (isTraining(field)) {
      const auto [known, added] = place.emplace(std::to_string(epoch), inOrder.size());
      if (added) inOrder.push_back(number->value);
      else inOrder[known->second] = number->value;
      ordered = ordered && epoch == last + 1 && epoch < epochs;
      last = epoch;
    }
    if (epoch < 0 || epoch >= epochs) continue;
    Curve& curve = curveOf(out, set, epochs);
    curve.values[static_cast<size_t>(epoch)] = number->value;
    curve.presence[static_cast<size_t>(epoch)] = number->single ? Presence::Single : Presence::There;
  }
  if (!ordered) out.inOrder = std::move(inOrder);
}

}  // namespace

void Window::read(const ByteSource& source, uint64_t begin, size_t size) {
  begin_ = begin;
  size_ = size;
  if (source.data()) {
    bytes_ = source.data() + (begin - source.dataBegin());
    return;
  }
  if (buffer_.size() < size) buffer_.resize(size);
  source.read(begin, buffer_.data(), size);
  bytes_ = buffer_.data();
}

FieldCurves readCurves(BenchmarkIndex& index, const Trial& trial, Field field, const Window& window) {
  FieldCurves out;
  const Extent extent = index.tables().curve(trial, field);
  if (!extent) return out;
  if (extent.none) {
    out.state = FieldState::None;
    return out;
  }
  out.state = FieldState::Dict;
  Batches batches;
  std::vector<Keys> keys;
  const uint8_t* bytes = nullptr;
  if (findRuns(index, trial, extent, window, bytes, keys, batches)) {
    if (batches.runs.empty()) out.state = FieldState::Empty;
    readRegular(bytes, batches, field, trial.epochs, out);
  } else {
    readGeneral(index, extent, field, trial.epochs, out);
  }
  tidy(out);
  return out;
}

CurvePoint readPoint(BenchmarkIndex& index, const Trial& trial, Field field, std::string_view set, int32_t epoch) {
  const Extent extent = index.tables().curve(trial, field);
  if (!extent || extent.none || epoch < 0 || epoch >= trial.epochs) return {};
  Batches batches;
  std::vector<Keys> keys;
  const uint8_t* bytes = nullptr;
  if (findRuns(index, trial, extent, {}, bytes, keys, batches)) {
    CurvePoint point;
    for (size_t r = 0; r < batches.runs.size(); ++r) {
      const Run& run = batches.runs[r];
      const uint8_t* batch = bytes + batches.base[r];
      if (!run.has(static_cast<uint32_t>(epoch)) || batches.names[r] != set) continue;
      point = {bigEndianDouble(batch + run.floatAt(static_cast<uint32_t>(epoch))), Presence::There};
    }
    return point;
  }
  const FieldCurves curves = readCurves(index, trial, field);
  for (const Curve& curve : curves.curves) {
    if (curve.set != set) continue;
    const Presence presence = curve.presence.empty() ? Presence::There : curve.presence[static_cast<size_t>(epoch)];
    return {curve.values[static_cast<size_t>(epoch)], presence};
  }
  return {};
}

}  // namespace nb201
