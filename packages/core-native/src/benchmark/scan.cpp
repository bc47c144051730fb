#include "benchmark/scan.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_set>

#include "pickle/known.h"

namespace nb201 {

namespace {

constexpr uint64_t kLarge = uint64_t{64} << 20;

// The hyper-parameters by the names that records give them.
std::string_view hpOf(std::string_view key) {
  if (key == "less") return "12";
  if (key == "full") return "200";
  return key == "01" || key == "12" || key == "90" || key == "200" ? key : std::string_view{};
}

Extent extentOf(const Ref& value) {
  Extent extent;
  extent.begin = value.begin();
  extent.size = value.size();
  extent.none = value.isNone();
  extent.dict = value.is(NodeKind::Dict);
  extent.byReference = value.is(NodeKind::Dict) && value.outline().byReference(value.node());
  return extent;
}

bool isWhole(double number) { return number == std::floor(number) && std::abs(number) < 0x1p53; }

// Of one architecture's file most is weights, which nobody walks: a large window would read them.
size_t windowFor(uint64_t size) { return size < kLarge ? size_t{1} << 20 : Cursor::kDefaultChunk; }

std::string quoted(std::string_view text) { return "'" + std::string(text.substr(0, 60)) + "'"; }

}  // namespace

Scan::Scan(const Container& container, FileMemo& memo, Tables& tables)
    : Scan(container, memo, tables, {container.pickleAt(), 0}) {}

Scan::Scan(const Container& container, FileMemo& memo, Tables& tables, Start start)
    : container_(container),
      memo_(memo),
      tables_(tables),
      cursor_(std::make_unique<Cursor>(*bytes(), start.at, bytes()->size(), windowFor(bytes()->size()))),
      lexer_(std::make_unique<Lexer>(*cursor_)),
      memoCount_(start.memoCount) {}

void Scan::bad(ErrorCode code, uint64_t at, const std::string& detail) const { bytes()->fail(code, at, detail); }

void Scan::run(const Progress& progress) {
  scanRoot(progress);
  tables_.pickleEnd = cursor_->offset();
  std::vector<Record>& records = tables_.records;
  std::stable_sort(records.begin(), records.end(), [](const Record& a, const Record& b) { return a.index < b.index; });
  // A key that stands twice means its last value, as in any dict.
  const auto last = std::unique(records.rbegin(), records.rend(),
                                [](const Record& a, const Record& b) { return a.index == b.index; });
  records.erase(records.begin(), last.base());
  report(progress);
}

void Scan::report(const Progress& progress) {
  if (progress && !progress({cursor_->offset(), bytes()->size(), tables_.records.size()})) {
    bad(ErrorCode::Aborted, cursor_->offset(), "the reading was aborted");
  }
}

// Walks one value that can be read by itself and leaves its outline in outline_.
Region Scan::scanRegion(Around around) {
  outline_.clear();
  outline_.scan(*lexer_, around, memoCount_, container_.limits().decode,
                [this](uint64_t index, uint64_t at) { return memo_.outline(index, at); });
  Region region;
  region.begin = outline_.begin();
  region.end = outline_.end();
  region.memoCount = memoCount_;
  region.memoLeast = outline_.memoLeast();
  region.memoMost = outline_.memoMost();
  memoCount_ += outline_.memoPuts();
  memo_.add(region);
  if (!outline_.persistent().empty()) memo_.addStorages(outline_);
  return region;
}

// Moves behind PROTO, FRAME and memo opcodes between the values of a dict. What they put is a text, a global, or else a
// container that is still open.
void Scan::takePuts(const std::string* text, const std::string* global) {
  for (Token token; cursor_->available(1);) {
    switch (static_cast<Op>(*cursor_->at())) {
      case Op::Proto:
      case Op::Frame:
      case Op::Put:
      case Op::BinPut:
      case Op::LongBinPut:
      case Op::Memoize: break;
      default: return;
    }
    lexer_->next(token);
    if (token.op == Op::Proto || token.op == Op::Frame) continue;
    const uint64_t index = token.op == Op::Memoize ? memoCount_ : static_cast<uint64_t>(token.integer);
    ++memoCount_;
    if (text) memo_.addText(index, *text);
    else if (global) memo_.addGlobal(index, *global);
    else memo_.addOpen(index);
  }
}

// Moves behind what makes an empty dict or OrderedDict. False, and nothing moved, where something else stands there.
bool Scan::openDict() {
  const uint64_t at = cursor_->offset();
  cursor_->keepFrom(at);
  Token token;
  lexer_->next(token);
  bool dict = token.op == Op::EmptyDict;
  if (token.op == Op::Mark) {  // protocol 0 writes MARK DICT
    lexer_->next(token);
    dict = token.op == Op::Dict;
  } else if (!dict) {
    std::string global;
    const auto textOf = [&] { return std::string(reinterpret_cast<const char*>(token.bytes), token.size); };
    if (token.op == Op::Global) {
      global = textOf();
    } else if (token.carries == Carries::Text) {
      global = textOf();
      takePuts(&global, nullptr);
      lexer_->next(token);
      if (token.carries == Carries::Text) {
        const std::string name = textOf();
        takePuts(&name, nullptr);
        global += "\n" + name;
        lexer_->next(token);
        if (token.op != Op::StackGlobal) global.clear();
      }
    }
    if (global == "collections\nOrderedDict") {
      takePuts(nullptr, &global);
      lexer_->next(token);
      if (token.op == Op::Mark) lexer_->next(token);  // protocol 0's empty tuple: MARK TUPLE
      if (token.op == Op::EmptyTuple || token.op == Op::Tuple) {
        lexer_->next(token);
        dict = token.op == Op::Reduce;
      }
    }
  }
  if (dict) takePuts(nullptr, nullptr);
  else cursor_->seek(at);
  return dict;
}

void Scan::scanRoot(const Progress& progress) {
  takePuts(nullptr, nullptr);
  const uint64_t root = cursor_->offset();
  if (!openDict())
    bad(ErrorCode::NotABenchmark, root, "expected a dict with the benchmark's keys, found another value");
  bool metaSeen = false, recordsSeen = false, batch = false;
  Token token;
  for (;;) {
    takePuts(nullptr, nullptr);
    if (!cursor_->available(1)) bad(ErrorCode::Truncated, cursor_->offset(), "expected the end of the pickle");
    const Op op = static_cast<Op>(*cursor_->at());
    if (op == Op::Stop) {
      lexer_->next(token);
      break;
    }
    if (op == Op::Mark || op == Op::SetItems || op == Op::SetItem) {
      // In a batch no pair is set by itself: this one was of the dict before it, whose keys are no integers then.
      if (op == Op::SetItem && batch) {
        bad(ErrorCode::NotABenchmark, cursor_->offset(),
            "expected the architectures' indices as the keys of arch2infos");
      }
      batch = op == Op::Mark;
      lexer_->next(token);
      continue;
    }
    scanRegion(Around::TextKeys);
    const Ref keyRef(&outline_, outline_.root());
    if (!keyRef || !keyRef.isText())
      bad(ErrorCode::NotABenchmark, outline_.begin(), "expected a key of the benchmark's dict");
    const std::string key(keyRef.text());
    if (!hpOf(key).empty() && !metaSeen && !recordsSeen) {
      scanOneArchitecture(root);
      return;
    }
    if (key == "arch2infos") {
      recordsSeen = true;
      scanArchitectures(progress);
      continue;
    }
    scanRegion(batch ? Around::TextKeys : Around::Taker);
    const Ref value(&outline_, outline_.root());
    if (key == "meta_archs") {
      metaSeen = true;
      readArchitectures(value);
    } else if (key == "total_archs" && value && value.isInt()) {
      tables_.total = value.integer();
    } else if (key == "evaluated_indexes") {
      readEvaluated(value);
    } else if (!metaSeen && !recordsSeen && key != "basestr") {
      bad(ErrorCode::NotABenchmark, root,
          "expected the keys meta_archs, arch2infos and evaluated_indexes, found a dict that starts with " +
              quoted(key));
    }
  }
  if (!metaSeen || !recordsSeen) {
    bad(ErrorCode::NotABenchmark, root,
        std::string("expected the key ") + (metaSeen ? "arch2infos" : "meta_archs") + " in the benchmark's dict");
  }
}

// One architecture's file: all of it is a record. Walked anew, as one value.
void Scan::scanOneArchitecture(uint64_t root) {
  lexer_ = std::make_unique<Lexer>(*cursor_);
  memo_.forget();
  memoCount_ = 0;
  tables_.kind = FileKind::Architecture;
  cursor_->seek(root);
  scanRegion(Around::Taker);
  Record made = record(Ref(&outline_, outline_.root()));
  if (made.stateCount) made.index = tables_.statesOf(made)[0].archIndex;
  tables_.records.push_back(made);
  Token token;
  lexer_->next(token);
  if (token.op != Op::Stop) bad(ErrorCode::NotABenchmark, token.at, "expected the end of one architecture's record");
}

void Scan::scanArchitectures(const Progress& progress) {
  takePuts(nullptr, nullptr);
  if (!openDict()) {
    // NATS-Bench's meta file has None here: its records are files of their own.
    scanRegion(Around::TextKeys);
    if (Ref(&outline_, outline_.root()).isNone()) return;
    bad(ErrorCode::NotABenchmark, outline_.begin(), "expected arch2infos to be a dict of records");
  }
  batch_ = false;
  // The first record by itself: the names that all others refer to stand there.
  walkRecords(cursor_->offset() + 2, progress);  // behind the MARK of its batch
  expectRows(tables_, bytes()->size() - cursor_->offset());
  walkInParallel(progress);
  walkRecords(UINT64_MAX, progress);
}

// Makes room for the rows of `bytes` more of the file, judged by what was found so far: tables that grow by copying
// would need twice the memory for a while.
void Scan::expectRows(const Tables& first, uint64_t bytes) {
  if (first.records.empty()) return;
  const double records = static_cast<double>(bytes) / std::max<uint32_t>(first.records[0].size, 1) * 1.02 + 1;
  const auto more = [&](auto& rows, const auto& of) {
    const double each = static_cast<double>(of.size()) / static_cast<double>(first.records.size());
    const double most = static_cast<double>(bytes) / 8 / sizeof(of[0]);  // of a first record that is like no other
    rows.reserve(rows.size() + static_cast<size_t>(std::min(records * each, most)));
  };
  more(tables_.records, first.records);
  more(tables_.states, first.states);
  more(tables_.trials, first.trials);
  more(tables_.seeds, first.seeds);
  more(tables_.seedValues, first.seedValues);
  more(tables_.finals, first.finals);
  more(tables_.texts, first.texts);
}

// Records up to the first that begins at `stopAt` or later, or to the end of arch2infos.
void Scan::walkRecords(uint64_t stopAt, const Progress& progress) {
  Token token;
  uint64_t reported = cursor_->offset();
  for (;;) {
    takePuts(nullptr, nullptr);
    if (!cursor_->available(1)) bad(ErrorCode::Truncated, cursor_->offset(), "expected more records");
    const Op op = static_cast<Op>(*cursor_->at());
    if (op == Op::Mark || (op == Op::SetItems && batch_)) {
      batch_ = op == Op::Mark;
      lexer_->next(token);
      continue;
    }
    const bool key = op == Op::BinInt || op == Op::BinInt1 || op == Op::BinInt2 || op == Op::Int || op == Op::Long ||
                     op == Op::Long1;
    if (!key) {
      if (batch_)
        bad(ErrorCode::BadRecord, cursor_->offset(), "expected an architecture's index as the key of its record");
      return;  // the next key of the whole file's dict, or its end
    }
    if (cursor_->offset() >= stopAt) return;
    lexer_->next(token);
    const int64_t index = token.integer;
    if (token.carries != Carries::Int || index < 0)
      bad(ErrorCode::BadRecord, token.at, "expected an index of 0 or more");
    const Region region = scanRegion(batch_ ? Around::IntKeys : Around::Taker);
    Record made = record(Ref(&outline_, outline_.root()));
    made.index = index;
    made.begin = region.begin;
    made.size = static_cast<uint32_t>(region.end - region.begin);
    tables_.records.push_back(made);
    if (!batch_ && cursor_->available(1) && static_cast<Op>(*cursor_->at()) == Op::SetItem) lexer_->next(token);
    if (cursor_->offset() - reported >= (uint64_t{8} << 20)) {
      reported = cursor_->offset();
      report(progress);
    }
  }
}

std::string Scan::text(const Ref& value, const char* what) {
  if (!value || !value.isText())
    bad(ErrorCode::BadRecord, value ? value.begin() : 0, std::string("expected text as ") + what);
  return std::string(value.text());
}

int64_t Scan::integer(const Ref& value, const char* what) {
  if (value && value.isInt()) return value.integer();
  const uint64_t at = value ? value.begin() : 0;
  if (value && value.kind() != ItemKind::Text && value.kind() != ItemKind::None) {
    Graph graph;
    const std::optional<Number> number = numberOf(memo_.decode(graph, value.begin(), value.begin() + value.size()));
    if (number && isWhole(number->value)) return static_cast<int64_t>(number->value);
  }
  bad(ErrorCode::BadRecord, at, std::string("expected an integer as ") + what);
}

// A number that is left for later: the row of its extent.
double Scan::later(const Ref& value, Trial& trial, Trial::Later bit) {
  trial.later = static_cast<uint8_t>(trial.later | bit);
  tables_.far.push_back(extentOf(value));
  return static_cast<double>(tables_.far.size() - 1);
}

double Scan::number(const Ref& value, const char* what, Trial& trial, Trial::Later bit) {
  if (!value) bad(ErrorCode::BadRecord, 0, std::string("expected a number as ") + what);
  trial.later = static_cast<uint8_t>(trial.later & ~bit);
  if (value.kind() == ItemKind::Float) return value.number();
  if (value.kind() == ItemKind::Int) return static_cast<double>(value.integer());
  if (const std::optional<double> scalar = float64Scalar(value)) return *scalar;
  return later(value, trial, bit);
}

// The mean of a list of floats; what is not just that is read when it is asked for.
void Scan::meanLatency(const Ref& value, Trial& trial) {
  trial.later = static_cast<uint8_t>(trial.later & ~Trial::kLaterLatency);
  trial.meanLatency = -1;
  if (value.isNone()) return;
  double sum = 0;
  bool plain = value.is(NodeKind::List) && value.node().count > 0;
  if (plain) {
    for (const Ref& item : value.children()) {
      plain = plain && item && item.kind() == ItemKind::Float;
      if (plain) sum += item.number();
    }
  }
  trial.meanLatency = plain ? sum / value.node().count : later(value, trial, Trial::kLaterLatency);
}

// The number of a text; kNoName where it is none.
uint16_t Scan::shortName(const Ref& value) {
  if (!value || !value.isText()) return Trial::kNoName;
  const uint32_t number = tables_.name(value.text());
  return number < Trial::kNoName ? static_cast<uint16_t>(number) : Trial::kNoName;
}

void Scan::readEvalSets(const Ref& value, Trial& trial) {
  if (!value || !value.is(NodeKind::List) || value.node().count > trial.evalSets.size()) return;
  uint8_t count = 0;
  for (const Ref& item : value.children()) {
    if (!item || !item.isText()) return;
    const uint32_t id = tables_.name(item.text());
    if (id > UINT8_MAX) return;
    trial.evalSets[count++] = static_cast<uint8_t>(id);
  }
  trial.evalSetCount = count;
}

std::vector<int64_t> Scan::integers(const Ref& value, const char* what) {
  std::vector<int64_t> out;
  if (value && (value.is(NodeKind::List) || value.is(NodeKind::Tuple) || value.is(NodeKind::Set))) {
    for (const Ref& item : value.children()) out.push_back(integer(item, what));
    return out;
  }
  const uint64_t at = value ? value.begin() : 0;
  if (value && value.kind() == ItemKind::Node) {  // a set made by a call, a NumPy array
    Graph graph;
    const Value decoded = memo_.decode(graph, value.begin(), value.begin() + value.size());
    if (decoded.kind == Kind::Set || decoded.kind == Kind::FrozenSet || decoded.kind == Kind::List) {
      for (const Value& item : decoded.sequence->items) {
        const std::optional<Number> number = numberOf(item);
        if (!number || !isWhole(number->value))
          bad(ErrorCode::BadRecord, at, std::string("expected integers as ") + what);
        out.push_back(static_cast<int64_t>(number->value));
      }
      return out;
    }
  }
  bad(ErrorCode::BadRecord, at, std::string("expected a list of integers as ") + what);
}

void Scan::readArchitectures(const Ref& value) {
  if (!value || (!value.is(NodeKind::List) && !value.is(NodeKind::Tuple))) {
    bad(ErrorCode::BadRecord, outline_.begin(), "expected meta_archs to be a list of architectures");
  }
  tables_.architectures.clear();
  std::unordered_set<std::string_view> seen;
  for (const Ref& item : value.children()) {
    tables_.architectures.push_back(text(item, "an architecture"));
    tables_.repeated = !seen.insert(item.text()).second || tables_.repeated;
  }
}

void Scan::readEvaluated(const Ref& value) {
  tables_.evaluated = integers(value, "evaluated_indexes");
  std::sort(tables_.evaluated.begin(), tables_.evaluated.end());
}

Record Scan::record(const Ref& value) {
  const Ref dict = value ? value.asDict() : Ref{};
  if (!dict) bad(ErrorCode::BadRecord, outline_.begin(), "expected an architecture's record to be a dict");
  std::vector<State> states;
  dict.pairs([&](const Ref& key, const Ref& entry) {
    const std::string_view hp = key && key.isText() ? hpOf(key.text()) : std::string_view{};
    if (hp.empty()) return;
    const uint32_t id = tables_.name(hp);
    tables_.namedByEpochs = tables_.namedByEpochs || hp == key.text();
    const State made = state(entry, id);
    const auto same = std::find_if(states.begin(), states.end(), [&](const State& s) { return s.hp == id; });
    if (same != states.end()) *same = made;
    else states.push_back(made);
  });
  // NAS-Bench-201's reference puts 'less' first, whatever the file's order; NATS-Bench keeps its own.
  if (states.size() == 2 && tables_.names()[states[0].hp] == "200" && tables_.names()[states[1].hp] == "12") {
    std::swap(states[0], states[1]);
  }
  Record out;
  out.begin = dict.begin();
  out.size = dict.size();
  out.firstState = static_cast<uint32_t>(tables_.states.size());
  out.stateCount = static_cast<uint32_t>(states.size());
  tables_.states.insert(tables_.states.end(), states.begin(), states.end());
  return out;
}

void Scan::readSeeds(const Ref& value) {
  value.pairs([&](const Ref& dataset, const Ref& seeds) {
    const std::vector<int64_t> values = integers(seeds, "seeds");
    tables_.seeds.push_back({tables_.name(text(dataset, "a data set's name")),
                             static_cast<uint32_t>(tables_.seedValues.size()), static_cast<uint32_t>(values.size())});
    tables_.seedValues.insert(tables_.seedValues.end(), values.begin(), values.end());
  });
}

State Scan::state(const Ref& value, uint32_t hp) {
  const Ref dict = value ? value.asDict() : Ref{};
  if (!dict) {
    bad(ErrorCode::BadRecord, value ? value.begin() : outline_.begin(),
        "expected the results of one set of hyper-parameters");
  }
  if (!value.is(NodeKind::Dict)) tables_.instances = true;
  State out;
  out.hp = hp;
  out.begin = dict.begin();
  out.size = dict.size();
  bool resultsSeen = false, seedsSeen = false;
  dict.pairs([&](const Ref& key, const Ref& entry) {
    if (!key || !key.isText()) return;
    const std::string_view field = key.text();
    if (field == "arch_index") {
      out.archIndex = integer(entry, "arch_index");
    } else if (field == "arch_str") {
      if (entry && entry.isText()) keepText(entry.text(), out);
    } else if (field == "clear_net_done") {
      out.cleared = entry && entry.kind() == ItemKind::Bool && entry.integer() != 0 ? 1 : 0;
    } else if (field == "all_results") {
      resultsSeen = true;
      if (!entry || !entry.is(NodeKind::Dict))
        bad(ErrorCode::BadRecord, dict.begin(), "expected all_results to be a dict");
      out.firstTrial = static_cast<uint32_t>(tables_.trials.size());
      entry.pairs([&](const Ref& trialKey, const Ref& trialValue) { trial(trialValue, trialKey); });
      out.trialCount = static_cast<uint32_t>(tables_.trials.size()) - out.firstTrial;
    } else if (field == "dataset_seed") {
      seedsSeen = true;
      if (!entry || !entry.is(NodeKind::Dict))
        bad(ErrorCode::BadRecord, dict.begin(), "expected dataset_seed to be a dict");
      out.firstSeeds = static_cast<uint32_t>(tables_.seeds.size());
      readSeeds(entry);
      out.seedsCount = static_cast<uint32_t>(tables_.seeds.size()) - out.firstSeeds;
    }
  });
  if (!resultsSeen || !seedsSeen) {
    bad(ErrorCode::BadRecord, dict.begin(),
        std::string("expected the key ") + (resultsSeen ? "dataset_seed" : "all_results") +
            " in an architecture's results");
  }
  return out;
}

// States of one architecture have the same text one after another.
void Scan::keepText(std::string_view text, State& state) {
  const size_t end = tables_.texts.size();
  state.textSize = static_cast<uint32_t>(text.size());
  if (end >= text.size() &&
      std::equal(text.begin(), text.end(), tables_.texts.end() - static_cast<std::ptrdiff_t>(text.size()))) {
    state.textAt = static_cast<uint32_t>(end - text.size());
    return;
  }
  state.textAt = static_cast<uint32_t>(end);
  tables_.texts.insert(tables_.texts.end(), text.begin(), text.end());
}

void Scan::trial(const Ref& value, const Ref& trialKey) {
  const Ref dict = value ? value.asDict() : Ref{};
  if (!dict) bad(ErrorCode::BadRecord, value ? value.begin() : outline_.begin(), "expected a trial to be a dict");
  if (!value.is(NodeKind::Dict)) tables_.instances = true;
  Trial out;
  if (!trialKey || !trialKey.is(NodeKind::Tuple) || trialKey.node().count != 2) {
    bad(ErrorCode::BadRecord, dict.begin(), "expected a trial's key to be (data set, seed)");
  }
  const std::vector<Ref> parts = trialKey.children();
  out.dataset = tables_.name(text(parts[0], "a trial's data set"));
  out.seed = integer(parts[1], "a trial's seed");
  out.begin = dict.begin();
  out.size = dict.size();
  bool epochsSeen = false;
  std::array<Ref, kFields> fields;
  dict.pairs([&](const Ref& key, const Ref& entry) {
    if (!key || !key.isText()) return;
    const std::string_view field = key.text();
    for (size_t f = 0; f < kFields; ++f) {
      if (field != fieldKey(static_cast<Field>(f))) continue;
      if (!entry) bad(ErrorCode::BadRecord, dict.begin(), "expected a curve, found a reference to the whole file");
      out.curves[f] = tables_.near(out, extentOf(entry));
      fields[f] = entry;
      return;
    }
    if (field == "epochs") {
      const int64_t epochs = integer(entry, "epochs");
      if (epochs < 0 || epochs > 100000) bad(ErrorCode::BadRecord, entry.begin(), "expected from 0 to 100,000 epochs");
      out.epochs = static_cast<int32_t>(epochs);
      epochsSeen = true;
    } else if (field == "flop") {
      out.flop = number(entry, "flop", out, Trial::kLaterFlop);
    } else if (field == "params") {
      out.params = number(entry, "params", out, Trial::kLaterParams);
    } else if (field == "latency" && entry) {
      out.latency = tables_.near(out, extentOf(entry));
      meanLatency(entry, out);
    } else if (field == "arch_config" && entry) {
      out.config = tables_.near(out, extentOf(entry));
    } else if (field == "name") {
      out.name = shortName(entry);
    } else if (field == "seed") {
      out.seedText = shortName(entry);
    } else if (field == "eval_names") {
      readEvalSets(entry, out);
    }
  });
  if (!epochsSeen) bad(ErrorCode::BadRecord, dict.begin(), "expected the key epochs in a trial");
  out.firstFinal = static_cast<uint32_t>(tables_.finals.size());
  collectFinals(
      fields, out.epochs, [this](std::string_view set) { return tables_.name(set); }, tables_.finals);
  const size_t rows = tables_.finals.size() - out.firstFinal;
  if (rows > UINT8_MAX) tables_.finals.resize(out.firstFinal);
  else out.finalCount = static_cast<uint8_t>(rows);
  tables_.trials.push_back(out);
}

}  // namespace nb201
