#include "benchmark/finals.h"

#include <algorithm>
#include <cstring>

namespace nb201 {

namespace {

struct Found {
  const Run* run = nullptr;
  const uint8_t* batch = nullptr;
  std::string_view set;

  double at(uint32_t epoch) const { return bigEndianDouble(batch + run->floatAt(epoch)); }
  bool whole(uint32_t epochs) const { return run->first == 0 && run->count >= epochs; }
  double sum(uint32_t epochs) const {
    double total = 0;
    for (uint32_t e = 0; e < epochs; ++e) total += at(e);
    return total;
  }
};

bool isCurve(const Ref& value) {
  return value && value.is(NodeKind::Dict) && value.node().runCount && !value.node().irregular && !value.node().count;
}

bool isEmpty(const Ref& value) {
  return value && value.is(NodeKind::Dict) && !value.node().runCount && !value.node().count;
}

std::vector<Found> runsOf(const Ref& curve) {
  std::vector<Found> out;
  curve.outline().runs(curve.node(), [&](const Run& run, const uint8_t* batch, std::string_view set) {
    out.push_back({&run, batch, set});
  });
  return out;
}

// The run of a set, where it has one that is enough; two of one name would be entries that overwrite each other.
Found find(const std::vector<Found>& runs, std::string_view set, bool& unclear) {
  Found found;
  for (const Found& f : runs) {
    if (f.run->nameSize == 0 || f.set != set) continue;
    if (found.run) unclear = true;
    found = f;
  }
  return found;
}

// A training curve: one run of all epochs.
Found training(const Ref& value, uint32_t epochs) {
  if (!isCurve(value)) return {};
  const std::vector<Found> runs = runsOf(value);
  return runs.size() == 1 && runs[0].run->nameSize == 0 && runs[0].whole(epochs) ? runs[0] : Found{};
}

}  // namespace

bool collectFinals(const std::array<Ref, 7>& fields, int32_t epochCount,
                   const std::function<uint32_t(std::string_view)>& nameOf, BigTable<Final>& rows) {
  const auto& [trainAcc, trainAcc5, trainLoss, trainTime, evalAcc, evalLoss, evalTime] = fields;
  if (epochCount < 1) return false;
  const uint32_t epochs = static_cast<uint32_t>(epochCount), last = epochs - 1;
  const size_t before = rows.size();
  const auto refuse = [&] {
    rows.resize(before);
    return false;
  };

  const Found accuracy = training(trainAcc, epochs), loss = training(trainLoss, epochs),
              time = training(trainTime, epochs);
  const bool untimed = trainTime && trainTime.isNone();
  if (!accuracy.run || !loss.run || (!time.run && !untimed)) return false;
  Final train;
  train.set = kTraining;
  train.loss = loss.at(last);
  train.accuracy = accuracy.at(last);
  train.timed = !untimed;
  if (train.timed) {
    train.time = time.at(last);
    train.all = time.sum(epochs);
  }
  rows.push_back(train);

  if (isEmpty(evalAcc)) return true;
  const bool evalTimed = isCurve(evalTime);
  if (!isCurve(evalAcc) || !isCurve(evalLoss) ||
      (!evalTimed && !isEmpty(evalTime) && !(evalTime && evalTime.isNone()))) {
    return refuse();
  }
  const std::vector<Found> accuracies = runsOf(evalAcc), losses = runsOf(evalLoss);
  const std::vector<Found> times = evalTimed ? runsOf(evalTime) : std::vector<Found>{};
  for (const Found& a : accuracies) {
    bool unclear = a.run->nameSize == 0;
    const std::string_view set = a.set;
    find(accuracies, set, unclear);
    const Found l = find(losses, set, unclear), t = find(times, set, unclear);
    if (unclear) return refuse();
    if (!a.run->has(last)) continue;
    if (!l.run || !l.run->has(last) || (evalTimed && (!t.run || !t.whole(epochs)))) return refuse();
    Final row;
    row.set = nameOf(set);
    row.loss = l.at(last);
    row.accuracy = a.at(last);
    row.timed = evalTimed;
    if (evalTimed) {
      row.time = t.at(last);
      row.all = t.sum(epochs);
    }
    rows.push_back(row);
  }
  return true;
}

std::optional<double> float64Scalar(const Ref& value) {
  const auto called = [](const Ref& call, std::initializer_list<std::string_view> names) {
    if (!call || !call.is(NodeKind::Call) || call.node().count < 2) return false;
    const Ref callee = call.children()[0];
    return callee && callee.kind() == ItemKind::Global &&
           std::find(names.begin(), names.end(), callee.text()) != names.end();
  };
  if (!called(value, {"numpy.core.multiarray\nscalar", "numpy._core.multiarray\nscalar"})) return std::nullopt;
  const Ref arguments = value.children()[1];
  if (!arguments || !arguments.is(NodeKind::Tuple) || arguments.node().count != 2) return std::nullopt;
  const Ref dtype = arguments.children()[0], bytes = arguments.children()[1];
  // numpy.dtype('f8') with a state whose byte order is little: (3, '<', None, …).
  if (!called(dtype, {"numpy\ndtype"}) || dtype.node().count != 3) return std::nullopt;
  const Ref type = dtype.children()[1], state = dtype.children()[2];
  if (!type || !type.is(NodeKind::Tuple) || !type.node().count || !state || !state.is(NodeKind::Tuple) ||
      state.node().count < 2) {
    return std::nullopt;
  }
  const Ref name = type.children()[0], order = state.children()[1];
  if (!name || !name.isText() || name.text() != "f8" || !order || !order.isText() || order.text() != "<")
    return std::nullopt;
  // Eight bytes as latin-1 text: _codecs.encode(text, 'latin1').
  if (!called(bytes, {"_codecs\nencode"})) return std::nullopt;
  const Ref encoded = bytes.children()[1];
  if (!encoded || !encoded.is(NodeKind::Tuple) || encoded.node().count != 2) return std::nullopt;
  const Ref text = encoded.children()[0], encoding = encoded.children()[1];
  if (!text || !text.isText() || !encoding || !encoding.isText() || encoding.text() != "latin1") return std::nullopt;
  uint8_t raw[8];
  size_t size = 0;
  const std::string_view utf8 = text.text();
  for (size_t i = 0; i < utf8.size() && size < 8; ++i) {
    const uint8_t byte = static_cast<uint8_t>(utf8[i]);
    if (byte < 0x80) raw[size++] = byte;
    else if ((byte & 0xFC) == 0xC0 && i + 1 < utf8.size())
      raw[size++] = static_cast<uint8_t>((byte & 3) << 6 | (utf8[++i] & 0x3F));
    else return std::nullopt;
    if (size == 8 && i + 1 != utf8.size()) return std::nullopt;
  }
  if (size != 8) return std::nullopt;
  double number;
  std::memcpy(&number, raw, sizeof number);
  return number;
}

}  // namespace nb201
