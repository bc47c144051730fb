#include "benchmark.h"

#include <array>
#include <cmath>
#include <cstring>
#include <map>

namespace nb201::test {

namespace {

std::string bitsOf(double number) {
  uint64_t bits;
  std::memcpy(&bits, &number, 8);
  return std::to_string(bits);
}

template <class Read>
std::string orError(Read read) {
  try {
    return read();
  } catch (const Error& error) {
    return std::string(codeName(error.code())) + "@" + std::to_string(error.offset());
  }
}

std::string describe(const FieldCurves& field) {
  std::string out = std::to_string(static_cast<int>(field.state));
  for (const Curve& curve : field.curves) {
    out += " " + curve.set + ":";
    for (size_t e = 0; e < curve.values.size(); ++e) {
      const int presence = curve.presence.empty() ? 1 : static_cast<int>(curve.presence[e]);
      out += presence ? bitsOf(curve.values[e]) + (presence == 2 ? "s," : ",") : "-,";
    }
  }
  for (const double number : field.inOrder) out += " " + bitsOf(number);
  return out;
}

// {set: {epoch: bits}} of a decoded dict, its last value for each key; training has the one set "".
std::map<std::string, std::map<int64_t, std::string>> byHand(BenchmarkIndex& index, const Value& dict, bool training,
                                                             int32_t epochs) {
  std::map<std::string, std::map<int64_t, std::string>> out;
  for (size_t i = 0; i + 1 < dict.sequence->items.size(); i += 2) {
    const Value& key = dict.sequence->items[i];
    std::string set;
    int64_t epoch = -1;
    if (training) {
      if (key.kind == Kind::Int) epoch = key.integer;
      else if (key.kind == Kind::Bool) epoch = key.boolean;
      else if (key.kind == Kind::Float && key.number == std::floor(key.number) && std::abs(key.number) < 1e9) {
        epoch = static_cast<int64_t>(key.number);
      }
    } else if (key.isText()) {
      const std::string text(key.str());
      const size_t cut = text.rfind('@');
      for (int64_t e = 0; cut != std::string::npos && e < epochs; ++e) {
        if (text == text.substr(0, cut) + "@" + std::to_string(e)) set = text.substr(0, cut), epoch = e;
      }
    }
    if (epoch < 0 || epoch >= epochs) continue;
    const std::optional<Number> number = index.asNumber(dict.sequence->items[i + 1]);
    if (number) out[set][epoch] = bitsOf(number->value);
  }
  return out;
}

const Curve* curveOf(const FieldCurves& field, const std::string& set) {
  for (const Curve& curve : field.curves) {
    if (curve.set == set) return &curve;
  }
  return nullptr;
}

bool has(const Curve* curve, size_t epoch) {
  return curve && epoch < curve->values.size() &&
         (curve->presence.empty() || curve->presence[epoch] != Presence::Missing);
}

// Where what was collected of a trial's last epoch differs from its curves, or nothing.
std::string wrongFinals(BenchmarkIndex& index, const Trial& trial) {
  if (trial.finalCount == 0) return "";
  std::array<FieldCurves, kFields> fields;
  for (size_t f = 0; f < kFields; ++f) fields[f] = readCurves(index, trial, static_cast<Field>(f));
  const auto field = [&](Field f) -> const FieldCurves& { return fields[static_cast<size_t>(f)]; };
  const size_t last = static_cast<size_t>(trial.epochs) - 1;
  size_t sets = 0;
  for (const Curve& curve : field(Field::EvalAcc1).curves) sets += has(&curve, last);
  if (sets + 1 != trial.finalCount) return "another number of sets";
  for (const Final& row : index.tables().finalsOf(trial)) {
    const bool training = row.set == kTraining;
    const std::string set = training ? "" : index.tables().names()[row.set];
    const Curve* accuracy = curveOf(field(training ? Field::TrainAcc1 : Field::EvalAcc1), set);
    const Curve* loss = curveOf(field(training ? Field::TrainLoss : Field::EvalLoss), set);
    const FieldCurves& times = field(training ? Field::TrainTime : Field::EvalTime);
    const Curve* time = curveOf(times, set);
    if (!has(accuracy, last) || bitsOf(accuracy->values[last]) != bitsOf(row.accuracy))
      return "the accuracy of '" + set + "'";
    if (!has(loss, last) || bitsOf(loss->values[last]) != bitsOf(row.loss)) return "the loss of '" + set + "'";
    if ((row.timed != 0) != (times.state == FieldState::Dict)) return "whether '" + set + "' is timed";
    if (!row.timed) continue;
    double all = 0;
    for (size_t e = 0; e <= last; ++e) {
      if (!has(time, e)) return "a time of '" + set + "' that is missing";
      all += time->values[e];
    }
    if (bitsOf(time->values[last]) != bitsOf(row.time) || bitsOf(all) != bitsOf(row.all))
      return "the times of '" + set + "'";
  }
  return "";
}

template <class See>
void eachTrial(BenchmarkIndex& index, See see) {
  const Tables& tables = index.tables();
  for (const Record& record : tables.records) {
    for (const State& state : tables.statesOf(record)) {
      for (const Trial& trial : tables.trialsOf(state)) see(record, state, trial);
    }
  }
}

}  // namespace

std::string summary(BenchmarkIndex& index) {
  std::string out = std::to_string(index.tables().architectures.size()) + " of " + std::to_string(index.tables().total);
  for (const int64_t i : index.tables().evaluated) out += " " + std::to_string(i);
  eachTrial(index, [&](const Record& record, const State& state, const Trial& trial) {
    out += "\n" + std::to_string(record.index) + " " + index.tables().names()[state.hp] + " " +
           std::string(index.tables().textOf(state)) + " " + index.tables().names()[trial.dataset] + " " +
           std::to_string(trial.seed) + " " + std::to_string(trial.epochs) + " ";
    out += orError([&] { return bitsOf(index.flop(trial).value) + " " + bitsOf(index.params(trial).value); });
    for (size_t f = 0; f < kFields; ++f) {
      out += "\n  " + orError([&] { return describe(readCurves(index, trial, static_cast<Field>(f))); });
    }
  });
  return out;
}

std::string disagreement(BenchmarkIndex& index) {
  std::string out;
  eachTrial(index, [&](const Record& record, const State&, const Trial& trial) {
    const std::string wrong = wrongFinals(index, trial);
    if (!wrong.empty()) out = "record " + std::to_string(record.index) + ", last epoch: " + wrong;
    for (size_t f = 0; f < kFields; ++f) {
      const Extent extent = index.tables().curve(trial, static_cast<Field>(f));
      if (!out.empty() || !extent || extent.none) continue;
      try {
        const FieldCurves addressed = readCurves(index, trial, static_cast<Field>(f));
        Graph graph;
        const Value dict = index.memo().decode(graph, extent.begin, extent.begin + extent.size);
        if (dict.kind != Kind::Dict) continue;
        auto decoded = byHand(index, dict, f < static_cast<size_t>(Field::EvalAcc1), trial.epochs);
        for (const Curve& curve : addressed.curves) {
          for (size_t e = 0; e < curve.values.size(); ++e) {
            const bool there = curve.presence.empty() || curve.presence[e] != Presence::Missing;
            const auto entry = decoded[curve.set].find(static_cast<int64_t>(e));
            const bool expected = entry != decoded[curve.set].end();
            if (there != expected || (there && entry->second != bitsOf(curve.values[e]))) {
              out = "record " + std::to_string(record.index) + ", " + std::string(fieldKey(static_cast<Field>(f))) +
                    " of '" + curve.set + "' at epoch " + std::to_string(e);
            }
            if (expected) decoded[curve.set].erase(entry);
          }
        }
        for (const auto& [set, left] : decoded) {
          if (!left.empty()) out = "record " + std::to_string(record.index) + " lacks '" + set + "'";
        }
      } catch (const Error&) {
        // Both ways may refuse, each where it meets the damage.
      }
    }
  });
  return out;
}

}  // namespace nb201::test
