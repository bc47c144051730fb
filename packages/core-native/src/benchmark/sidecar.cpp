#include "benchmark/sidecar.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <future>

#include "torchfile/container.h"

namespace nb201 {

namespace {

// To be raised whenever what the walk finds, or how it is laid out, changes.
constexpr uint32_t kVersion = 2;
constexpr char kMagic[8] = {'N', 'B', '2', '0', '1', 'I', 'D', 'X'};
constexpr size_t kSamples = 16, kSampleBytes = 4096;

struct Header {
  char magic[8];
  uint32_t version;
  uint32_t byteOrder;  // as this machine writes 0x01020304
  FileStamp stamp;
  uint64_t sections;        // that follow, each {bytes, checksum} and its bytes, padded to eight
  uint64_t headerChecksum;  // of all before it
};
static_assert(sizeof(Header) == 56);

struct Section {
  uint64_t bytes, checksum;
};

// What is not a table.
struct Facts {
  uint64_t pickleEnd;
  int64_t total;
  uint32_t kind, instances, namedByEpochs, repeated, ordered, unused;
};
static_assert(sizeof(Facts) == 40);

uint64_t rotl(uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }
constexpr uint64_t kP1 = 0x9E3779B185EBCA87, kP2 = 0xC2B2AE3D27D4EB4F, kP3 = 0x165667B19E3779F9,
                   kP4 = 0x85EBCA77C2B2AE63, kP5 = 0x27D4EB2F165667C5;

template <class T>
T load(const uint8_t* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

uint64_t xxRound(uint64_t lane, uint64_t word) { return rotl(lane + word * kP2, 31) * kP1; }

class Out {
 public:
  explicit Out(const FileStamp& stamp) {
    bytes_.resize(sizeof(Header));
    std::memcpy(header_.magic, kMagic, sizeof kMagic);
    header_.version = kVersion;
    header_.byteOrder = 0x01020304;
    header_.stamp = stamp;
    header_.sections = 0;
  }

  void add(const void* from, size_t size) {
    const uint8_t* p = static_cast<const uint8_t*>(from);
    const Section section{size, checksum(p, size)};
    const uint8_t* s = reinterpret_cast<const uint8_t*>(&section);
    bytes_.insert(bytes_.end(), s, s + sizeof section);
    bytes_.insert(bytes_.end(), p, p + size);
    bytes_.resize((bytes_.size() + 7) / 8 * 8);
    ++header_.sections;
  }
  template <class T, class A>
  void add(const std::vector<T, A>& rows) {
    static_assert(std::is_trivially_copyable_v<T>);
    add(rows.data(), rows.size() * sizeof(T));
  }
  void add(const std::vector<std::string>& texts) {
    std::vector<uint32_t> sizes;
    std::string all;
    for (const std::string& text : texts) {
      sizes.push_back(static_cast<uint32_t>(text.size()));
      all += text;
    }
    add(sizes);
    add(all.data(), all.size());
  }

  void reserve(size_t bytes) { bytes_.reserve(bytes); }
  std::vector<uint8_t> finish() {
    header_.headerChecksum =
        checksum(reinterpret_cast<const uint8_t*>(&header_), sizeof header_ - sizeof header_.headerChecksum);
    std::memcpy(bytes_.data(), &header_, sizeof header_);
    return std::move(bytes_);
  }

 private:
  Header header_{};
  std::vector<uint8_t> bytes_;
};

// Whatever is wrong with a side-car makes it one that is not believed: no more is to be said about it.
struct NotBelieved {};

void believe(bool good) {
  if (!good) throw NotBelieved();
}

class In {
 public:
  In(const ByteSource& source, const FileStamp& stamp, Checksums checksums)
      : source_(source), verify_(checksums == Checksums::Verify) {
    Header header;
    believe(source.size() >= sizeof header);
    source.read(0, &header, sizeof header);
    at_ = sizeof header;
    believe(std::memcmp(header.magic, kMagic, sizeof kMagic) == 0 && header.version == kVersion &&
            header.byteOrder == 0x01020304);
    believe(!verify_ || (header.headerChecksum == checksum(reinterpret_cast<const uint8_t*>(&header),
                                                           sizeof header - sizeof header.headerChecksum) &&
                         header.stamp == stamp));
    left_ = header.sections;
  }

  template <class T>
  void take(std::vector<T>& rows) {
    const Section section = next();
    fill(rows, section, at_);
    pass(section);
  }
  // The large ones are read side by side, each on a thread of its own, while others are; until finish().
  template <class T>
  void take(BigTable<T>& rows) {
    const Section section = next();
    later_.push_back(std::async(std::launch::async | std::launch::deferred,
                                [this, &rows, section, at = at_] { fill(rows, section, at); }));
    pass(section);
  }
  template <class T>
  void take(T& one) {
    const Section section = next();
    believe(section.bytes == sizeof one);
    read(section, at_, &one);
    pass(section);
  }
  void take(std::vector<std::string>& texts) {
    std::vector<uint32_t> sizes;
    std::vector<char> all;
    take(sizes);
    take(all);
    size_t at = 0;
    texts.clear();
    for (const uint32_t size : sizes) {
      believe(size <= all.size() - at);
      texts.emplace_back(all.data() + at, size);
      at += size;
    }
    believe(at == all.size());
  }
  void finish() {
    believe(left_ == 0 && at_ == source_.size());
    for (std::future<void>& one : later_) one.get();
  }

 private:
  Section next() {
    Section section;
    believe(left_-- > 0 && source_.size() - at_ >= sizeof section);
    source_.read(at_, &section, sizeof section);
    at_ += sizeof section;
    believe(section.bytes <= source_.size() - at_);
    return section;
  }
  template <class Rows>
  void fill(Rows& rows, const Section& section, uint64_t at) const {
    using T = typename Rows::value_type;
    static_assert(std::is_trivially_copyable_v<T>);
    believe(section.bytes % sizeof(T) == 0);
    rows.resize(static_cast<size_t>(section.bytes) / sizeof(T));
    read(section, at, rows.data());
  }
  void read(const Section& section, uint64_t at, void* to) const {
    if (section.bytes) source_.read(at, to, static_cast<size_t>(section.bytes));
    believe(!verify_ ||
            checksum(static_cast<const uint8_t*>(to), static_cast<size_t>(section.bytes)) == section.checksum);
  }
  // Behind the section and the zeros that fill it up to eight bytes.
  void pass(const Section& section) {
    at_ += section.bytes;
    const size_t padding = static_cast<size_t>((8 - at_ % 8) % 8);
    uint64_t zeros = 0;
    believe(padding <= source_.size() - at_);
    if (padding) source_.read(at_, &zeros, padding);
    believe(zeros == 0);
    at_ += padding;
  }

  const ByteSource& source_;
  bool verify_;
  uint64_t at_ = 0, left_ = 0;
  std::vector<std::future<void>> later_;  // last: their work uses the rest
};

template <class Table>
void within(const Table& rows, uint32_t first, uint32_t count) {
  believe(first <= rows.size() && count <= rows.size() - first);
}

void checkTrials(const Tables& t, uint64_t size, size_t from, size_t to);

// Every row that refers to another one or to the file stays within it.
void check(const Tables& t, uint64_t size) {
  // Half of the trials on another thread: they take longer than all the rest.
  const size_t half = t.trials.size() / 2;
  std::future<void> second =
      std::async(std::launch::async | std::launch::deferred, [&] { checkTrials(t, size, half, t.trials.size()); });
  const auto stretch = [&](uint64_t begin, uint64_t length) { believe(begin <= size && length <= size - begin); };
  const uint32_t names = static_cast<uint32_t>(t.names().size());
  believe(t.pickleEnd <= size && t.kind <= FileKind::Architecture);
  int64_t last = INT64_MIN;
  for (const Record& record : t.records) {
    believe(t.records.size() == 1 || record.index > last);
    last = record.index;
    stretch(record.begin, record.size);
    within(t.states, record.firstState, record.stateCount);
  }
  for (const State& state : t.states) {
    stretch(state.begin, state.size);
    believe(state.hp < names);
    within(t.trials, state.firstTrial, state.trialCount);
    within(t.seeds, state.firstSeeds, state.seedsCount);
    within(t.texts, state.textAt, state.textSize);
  }
  for (const Seeds& seeds : t.seeds) {
    believe(seeds.dataset < names);
    within(t.seedValues, seeds.first, seeds.count);
  }
  for (const Extent& extent : t.far) stretch(extent.begin, extent.size);
  for (const Final& row : t.finals) believe(row.set == kTraining || row.set < names);
  checkTrials(t, size, 0, half);
  second.get();
}

void checkTrials(const Tables& t, uint64_t size, size_t from, size_t to) {
  const auto stretch = [&](uint64_t begin, uint64_t length) { believe(begin <= size && length <= size - begin); };
  const uint32_t names = static_cast<uint32_t>(t.names().size());
  const auto near = [&](const Trial& trial, const Near& n) {
    if (n.isFar) believe(n.from >= 0 && static_cast<size_t>(n.from) < t.far.size());
    else stretch(trial.begin + static_cast<uint64_t>(static_cast<int64_t>(n.from)), n.size);
  };
  const auto name = [&](uint16_t number) { believe(number == Trial::kNoName || number < names); };
  const auto later = [&](const Trial& trial, Trial::Later bit, double row) {
    if (trial.later & bit) believe(row >= 0 && row < static_cast<double>(t.far.size()));
  };
  for (size_t row = from; row < to; ++row) {
    const Trial& trial = t.trials[row];
    stretch(trial.begin, trial.size);
    believe(trial.dataset < names && trial.epochs >= 0 && trial.epochs <= 100000);
    within(t.finals, trial.firstFinal, trial.finalCount);
    name(trial.name);
    name(trial.seedText);
    if (trial.evalSetCount != Trial::kUnknownSets) {
      believe(trial.evalSetCount <= trial.evalSets.size());
      for (uint8_t i = 0; i < trial.evalSetCount; ++i) believe(trial.evalSets[i] < names);
    }
    later(trial, Trial::kLaterFlop, trial.flop);
    later(trial, Trial::kLaterParams, trial.params);
    later(trial, Trial::kLaterLatency, trial.meanLatency);
    near(trial, trial.latency);
    near(trial, trial.config);
    for (const Near& curve : trial.curves) near(trial, curve);
  }
}

}  // namespace

uint64_t checksum(const uint8_t* p, size_t size) {
  const uint8_t* const end = p + size;
  uint64_t hash = kP5;
  if (size >= 32) {
    uint64_t a = kP1 + kP2, b = kP2, c = 0, d = 0 - kP1;
    for (; end - p >= 32; p += 32) {
      a = xxRound(a, load<uint64_t>(p));
      b = xxRound(b, load<uint64_t>(p + 8));
      c = xxRound(c, load<uint64_t>(p + 16));
      d = xxRound(d, load<uint64_t>(p + 24));
    }
    hash = rotl(a, 1) + rotl(b, 7) + rotl(c, 12) + rotl(d, 18);
    for (const uint64_t lane : {a, b, c, d}) hash = (hash ^ xxRound(0, lane)) * kP1 + kP4;
  }
  hash += size;
  for (; end - p >= 8; p += 8) hash = rotl(hash ^ xxRound(0, load<uint64_t>(p)), 27) * kP1 + kP4;
  if (end - p >= 4) {
    hash = rotl(hash ^ load<uint32_t>(p) * kP1, 23) * kP2 + kP3;
    p += 4;
  }
  for (; p < end; ++p) hash = rotl(hash ^ *p * kP5, 11) * kP1;
  hash = (hash ^ hash >> 33) * kP2;
  hash = (hash ^ hash >> 29) * kP3;
  return hash ^ hash >> 32;
}

FileStamp stampOf(const std::string& path, const ByteSource& file) {
  FileStamp stamp;
  stamp.size = file.size();
  std::error_code error;
  const auto changed = std::filesystem::last_write_time(std::filesystem::u8path(path), error);
  if (!error) stamp.changed = static_cast<int64_t>(changed.time_since_epoch().count());
  std::vector<uint8_t> sample;
  const size_t each = static_cast<size_t>(std::min<uint64_t>(kSampleBytes, stamp.size));
  for (size_t i = 0; i < kSamples; ++i) {
    const uint64_t at = (stamp.size - each) / (kSamples - 1) * i;
    sample.resize(sample.size() + each);
    file.read(i + 1 == kSamples ? stamp.size - each : at, sample.data() + sample.size() - each, each);
  }
  stamp.sampled = checksum(sample.data(), sample.size());
  return stamp;
}

std::vector<uint8_t> writeSidecar(const FileStamp& stamp, const Tables& t, const FileMemo& memo) {
  const FileMemo::Kept kept = memo.keep();
  Out out(stamp);
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
  out.add(t.trials);
  out.add(t.seeds);
  out.add(t.seedValues);
  out.add(t.finals);
  out.add(t.far);
  out.add(t.texts);
  out.add(kept.regions);
  out.add(kept.betweenAt);
  out.add(kept.betweenTexts);
  out.add(kept.storages);
  out.add(kept.storageTexts);
  return out.finish();
}

bool readSidecar(const ByteSource& sidecar, const FileStamp& stamp, const ByteSource& pickles, Tables& t,
                 FileMemo& memo, Checksums checksums) try {
  In in(sidecar, stamp, checksums);
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
  in.take(t.trials);
  in.take(t.seeds);
  in.take(t.seedValues);
  in.take(t.finals);
  in.take(t.far);
  in.take(t.texts);
  FileMemo::Kept kept;
  kept.ordered = facts.ordered != 0;
  in.take(kept.regions);
  in.take(kept.betweenAt);
  in.take(kept.betweenTexts);
  in.take(kept.storages);
  in.take(kept.storageTexts);
  in.finish();
  check(t, pickles.size());
  return memo.restore(kept);
} catch (const NotBelieved&) {
  return false;
} catch (const Error&) {  // it cannot be read
  return false;
}

}  // namespace nb201
