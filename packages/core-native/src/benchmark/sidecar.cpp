#include "benchmark/sidecar.h"

#include <algorithm>

#include "torchfile/checksum.h"
#include "torchfile/sidecar_format.h"

namespace nb201 {

namespace {

// To be raised whenever what the walk finds, or how it is laid out, changes.
constexpr uint32_t kVersion = 3;
constexpr char kMagic[] = "NB201IDX";

// What is not a table.
struct Facts {
  uint64_t pickleEnd;
  int64_t total;
  uint32_t kind, instances, namedByEpochs, repeated, ordered, unused;
};
static_assert(sizeof(Facts) == 40);

// A table whose pages are read when they are asked for: their checksums, and the rows.
template <class T>
void addPaged(SidecarWriter& out, const BigTable<T>& rows) {
  const size_t perPage = Pages::rowsPerPage(sizeof(T));
  std::vector<uint64_t> checksums;
  for (size_t first = 0; first < rows.size(); first += perPage) {
    const size_t count = std::min(perPage, rows.size() - first);
    checksums.push_back(checksum(reinterpret_cast<const uint8_t*>(rows.data() + first), count * sizeof(T)));
  }
  out.add(checksums);
  out.add(rows.data(), rows.size() * sizeof(T), 0);
}

// Where the rows of a paged table are.
template <class T>
Pages::Place takePaged(SidecarReader& in) {
  Pages::Place place;
  in.take(place.checksums);
  const SidecarReader::Section section = in.skip();
  place.sidecar = in.source();
  place.at = section.at;
  place.rowBytes = sizeof(T);
  place.rows = static_cast<size_t>(section.bytes) / sizeof(T);
  place.verify = in.verifies();
  const size_t perPage = Pages::rowsPerPage(sizeof(T));
  believe(section.bytes % sizeof(T) == 0 && section.checksum == 0 &&
          place.checksums.size() == (place.rows + perPage - 1) / perPage);
  return place;
}

bool within(size_t rows, uint32_t first, uint32_t count) { return first <= rows && count <= rows - first; }

// Every row that refers to another one or to the file stays within it.
void check(const Tables& t, uint64_t size) {
  const auto stretch = [&](uint64_t begin, uint64_t length) { believe(begin <= size && length <= size - begin); };
  const uint32_t names = static_cast<uint32_t>(t.names().size());
  believe(t.pickleEnd <= size && t.kind <= FileKind::Architecture);
  int64_t last = INT64_MIN;
  for (const Record& record : t.records) {
    believe(t.records.size() == 1 || record.index > last);
    last = record.index;
    stretch(record.begin, record.size);
    believe(within(t.states.size(), record.firstState, record.stateCount));
  }
  for (const State& state : t.states) {
    stretch(state.begin, state.size);
    believe(state.hp < names && within(t.keptTrials->rows(), state.firstTrial, state.trialCount) &&
            within(t.seeds.size(), state.firstSeeds, state.seedsCount) &&
            within(t.texts.size(), state.textAt, state.textSize));
  }
  for (const Seeds& seeds : t.seeds) {
    believe(seeds.dataset < names && within(t.seedValues.size(), seeds.first, seeds.count));
  }
  for (const Extent& extent : t.far) stretch(extent.begin, extent.size);
}

// What rows of the paged tables may refer to.
struct Bounds {
  uint64_t size = 0;  // of the file
  size_t names = 0, far = 0, finals = 0;

  bool stretch(uint64_t begin, uint64_t length) const { return begin <= size && length <= size - begin; }
  bool near(const Trial& trial, const Near& n) const {
    if (n.isFar) return n.from >= 0 && static_cast<size_t>(n.from) < far;
    return stretch(trial.begin + static_cast<uint64_t>(static_cast<int64_t>(n.from)), n.size);
  }
  bool name(uint16_t number) const { return number == Trial::kNoName || number < names; }
  bool later(const Trial& trial, Trial::Later bit, double row) const {
    return !(trial.later & bit) || (row >= 0 && row < static_cast<double>(far));
  }
  bool sets(const Trial& trial) const {
    if (trial.evalSetCount == Trial::kUnknownSets) return true;
    if (trial.evalSetCount > trial.evalSets.size()) return false;
    return std::all_of(trial.evalSets.begin(), trial.evalSets.begin() + trial.evalSetCount,
                       [&](uint8_t set) { return set < names; });
  }

  bool operator()(const Trial& trial) const {
    return stretch(trial.begin, trial.size) && trial.dataset < names && trial.epochs >= 0 && trial.epochs <= 100000 &&
           within(finals, trial.firstFinal, trial.finalCount) && name(trial.name) && name(trial.seedText) &&
           sets(trial) && later(trial, Trial::kLaterFlop, trial.flop) &&
           later(trial, Trial::kLaterParams, trial.params) && later(trial, Trial::kLaterLatency, trial.meanLatency) &&
           near(trial, trial.latency) && near(trial, trial.config) &&
           std::all_of(trial.curves.begin(), trial.curves.end(), [&](const Near& curve) { return near(trial, curve); });
  }
  bool operator()(const Final& row) const { return row.set == kTraining || row.set < names; }
};

template <class T>
Pages::Check checkBy(const Bounds& bounds) {
  return [bounds](const void* first, size_t count) {
    const T* rows = static_cast<const T*>(first);
    return std::all_of(rows, rows + count, bounds);
  };
}

}  // namespace

std::vector<uint8_t> writeSidecar(const FileStamp& stamp, const Tables& t, const FileMemo& memo) {
  const FileMemo::Kept kept = memo.keep();
  SidecarWriter out(kMagic, kVersion, stamp);
  out.reserve(t.trials.size() * sizeof(Trial) + t.finals.size() * sizeof(Final) + t.texts.size() +
              t.states.size() * 160 + t.records.size() * 200 + (size_t{1} << 20));
  const auto flag = [](bool is) { return is ? 1u : 0u; };
  const Facts facts{t.pickleEnd,
                    t.total,
                    static_cast<uint32_t>(t.kind),
                    flag(t.instances),
                    flag(t.namedByEpochs),
                    flag(t.repeated),
                    flag(kept.ordered),
                    0};
  out.add(&facts, sizeof facts);
  out.add(t.names());
  out.add(t.architectures);
  out.add(t.evaluated);
  out.add(t.records);
  out.add(t.states);
  addPaged(out, t.trials);
  out.add(t.seeds);
  out.add(t.seedValues);
  addPaged(out, t.finals);
  out.add(t.far);
  out.add(t.texts);
  out.add(kept.regions);
  out.add(kept.betweenAt);
  out.add(kept.betweenTexts);
  out.add(kept.storages);
  out.add(kept.storageKeys);
  return out.finish();
}

bool readSidecar(SourcePtr sidecar, const FileStamp& stamp, uint64_t size, const std::function<const Tables&()>& walk,
                 Tables& t, FileMemo& memo, Checksums checksums) try {
  SidecarReader in(std::move(sidecar), kMagic, kVersion, stamp, checksums);
  Facts facts{};
  in.take(facts);
  t.pickleEnd = facts.pickleEnd;
  t.total = facts.total;
  t.kind = facts.kind == 0 ? FileKind::Benchmark : FileKind::Architecture;
  t.instances = facts.instances != 0;
  t.namedByEpochs = facts.namedByEpochs != 0;
  t.repeated = facts.repeated != 0;
  std::vector<std::string> names;
  in.take(names);
  for (const std::string& name : names) believe(t.name(name) + 1 == t.names().size());
  in.take(t.architectures);
  in.take(t.evaluated);
  in.take(t.records);
  in.take(t.states);
  Pages::Place trials = takePaged<Trial>(in);
  in.take(t.seeds);
  in.take(t.seedValues);
  Pages::Place finals = takePaged<Final>(in);
  in.take(t.far);
  in.take(t.texts);
  FileMemo::Kept kept;
  kept.ordered = facts.ordered != 0;
  in.take(kept.regions);
  in.take(kept.betweenAt);
  in.take(kept.betweenTexts);
  in.take(kept.storages);
  in.take(kept.storageKeys);
  in.finish();
  const Bounds bounds{size, t.names().size(), t.far.size(), finals.rows};
  const auto mend = [walk, trialRows = trials.rows, finalRows = finals.rows](auto table) -> Pages::Mend {
    return [=]() -> const void* {
      const Tables& walked = walk();
      const bool same = walked.trials.size() == trialRows && walked.finals.size() == finalRows;
      return same ? (walked.*table).data() : nullptr;
    };
  };
  t.keptTrials = std::make_unique<Pages>(std::move(trials), checkBy<Trial>(bounds), mend(&Tables::trials));
  t.keptFinals = std::make_unique<Pages>(std::move(finals), checkBy<Final>(bounds), mend(&Tables::finals));
  check(t, size);
  return memo.restore(kept);
} catch (const NotBelieved&) {
  return false;
} catch (const Error&) {  // it cannot be read
  return false;
}

}  // namespace nb201
