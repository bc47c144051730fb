#include "benchmark/curves.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_map>

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
  std::vector<uint32_t> base;  // for each run, where its batch begins, from the dict's begin
};

// The dict's runs where all of it is of the regular form.
bool regular(const uint8_t* p, const Extent& extent, Batches& out) {
  const uint32_t size = extent.size;
  size_t at = 0;
  if (!extent.dict) return false;
  if (size > 0 && p[0] == '}') {
    at = 1;
  } else if (size > 2 && (p[0] == 'c' || p[0] == 'h' || p[0] == 'j')) {
    // collections.OrderedDict, as the extent says it is: a global or a reference to it, its memo entry, (), the call.
    static constexpr char kName[] = "ccollections\nOrderedDict\n";
    const size_t name = sizeof kName - 1;
    if (p[0] == 'h') at = 2;
    else if (p[0] == 'j') at = 5;
    else if (size > name && std::memcmp(p, kName, name) == 0) at = name;
    else return false;
    if (p[0] == 'c' && at < size) at += putSize(p[at]);
    if (size < at + 2 || p[at] != ')' || p[at + 1] != 'R') return false;
    at += 2;
  } else {
    return false;
  }
  if (at < size) at += putSize(p[at]);
  while (at < size) {
    if (p[at] != '(') return false;
    const size_t base = at + 1, firstRun = out.runs.size();
    const size_t taken = parseRuns(p + base, size - base, kAnyMemo, out.runs);
    if (!taken) return false;
    for (size_t r = firstRun; r < out.runs.size(); ++r) out.base.push_back(static_cast<uint32_t>(base));
    at = base + taken;
  }
  // Epochs in two batches may be the same ones twice.
  return out.runs.size() < 2 || out.runs[0].nameSize != 0;
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
    Curve& curve = curveOf(out, training ? std::string_view{} : run.name(batch), epochs);
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
  const uint8_t* bytes = bytesOf(index, extent, window);
  if (regular(bytes, extent, batches)) {
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
  const uint8_t* bytes = bytesOf(index, extent, {});
  if (regular(bytes, extent, batches)) {
    CurvePoint point;
    for (size_t r = 0; r < batches.runs.size(); ++r) {
      const Run& run = batches.runs[r];
      const uint8_t* batch = bytes + batches.base[r];
      if (!run.has(static_cast<uint32_t>(epoch)) || (run.nameSize == 0 ? !set.empty() : run.name(batch) != set))
        continue;
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
