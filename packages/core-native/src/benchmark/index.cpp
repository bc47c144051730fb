#include "benchmark/index.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "pickle/known.h"

namespace nb201 {

namespace {

constexpr std::string_view kFieldKeys[kFields] = {"train_acc1es", "train_acc5es", "train_losses", "train_times",
                                                  "eval_acc1es",  "eval_losses",  "eval_times"};

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
  return extent;
}

bool isWhole(double number) { return number == std::floor(number) && std::abs(number) < 0x1p53; }

std::string quoted(std::string_view text) { return "'" + std::string(text.substr(0, 60)) + "'"; }

}  // namespace

const char* fieldKey(Field field) { return kFieldKeys[static_cast<size_t>(field)].data(); }

BenchmarkIndex::BenchmarkIndex(Container container)
    : container_(std::move(container)), memo_(std::make_unique<FileMemo>(container_, container_.pickles())) {}

std::shared_ptr<BenchmarkIndex> BenchmarkIndex::open(SourcePtr file, const ContainerLimits& limits,
                                                     const Progress& progress) {
  std::shared_ptr<BenchmarkIndex> index(new BenchmarkIndex(Container::open(std::move(file), limits)));
  index->scan(progress);
  return index;
}

void BenchmarkIndex::bad(ErrorCode code, uint64_t at, const std::string& detail) const {
  bytes()->fail(code, at, detail);
}

void BenchmarkIndex::scan(const Progress& progress) {
  cursor_ = std::make_unique<Cursor>(*bytes(), container_.pickleAt(), bytes()->size());
  lexer_ = std::make_unique<Lexer>(*cursor_);
  scanRoot(progress);
  pickleEnd_ = cursor_->offset();
  std::stable_sort(records_.begin(), records_.end(),
                   [](const Record& a, const Record& b) { return a.index < b.index; });
  // A key that stands twice means its last value, as in any dict.
  for (size_t i = records_.size(); i > 1; --i) {
    if (records_[i - 1].index == records_[i - 2].index)
      records_.erase(records_.begin() + static_cast<std::ptrdiff_t>(i) - 2);
  }
  report(progress);
  outline_ = Outline();
  lexer_.reset();
  cursor_.reset();
}

void BenchmarkIndex::report(const Progress& progress) {
  if (progress && !progress({cursor_->offset(), bytes()->size(), records_.size()})) {
    bad(ErrorCode::Aborted, cursor_->offset(), "the reading was aborted");
  }
}

// Walks one value that can be read by itself and leaves its outline in outline_.
Region BenchmarkIndex::scanRegion(Around around) {
  outline_.clear();
  outline_.scan(*lexer_, around, memoCount_, container_.limits().decode,
                [this](uint64_t index, uint64_t at) { return memo_->outline(index, at); });
  Region region;
  region.begin = outline_.begin();
  region.end = outline_.end();
  region.memoCount = memoCount_;
  region.memoLeast = outline_.memoLeast();
  region.memoMost = outline_.memoMost();
  memoCount_ += outline_.memoPuts();
  memo_->add(region);
  if (!outline_.persistent().empty()) memo_->addStorages(outline_);
  return region;
}

// Moves behind PROTO, FRAME and memo opcodes between the values of a dict. What they put is a text, a global, or else a
// container that is still open.
void BenchmarkIndex::takePuts(const std::string* text, const std::string* global) {
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
    if (text) memo_->addText(index, *text);
    else if (global) memo_->addGlobal(index, *global);
    else memo_->addOpen(index);
  }
}

// Moves behind what makes an empty dict or OrderedDict. False, and nothing moved, where something else stands there.
bool BenchmarkIndex::openDict() {
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

void BenchmarkIndex::scanRoot(const Progress& progress) {
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
      // One architecture's file: all of it is a record.
      lexer_ = std::make_unique<Lexer>(*cursor_);
      memo_ = std::make_unique<FileMemo>(container_, container_.pickles());
      memoCount_ = 0;
      kind_ = FileKind::Architecture;
      cursor_->seek(root);
      scanRegion(Around::Taker);
      records_.push_back(record(Ref(&outline_, outline_.root())));
      if (!records_[0].states.empty()) records_[0].index = records_[0].states[0].archIndex;
      lexer_->next(token);
      if (token.op != Op::Stop)
        bad(ErrorCode::NotABenchmark, token.at, "expected the end of one architecture's record");
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
      total_ = value.integer();
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

void BenchmarkIndex::scanArchitectures(const Progress& progress) {
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
  walkInParallel(progress);
  walkRecords(UINT64_MAX, progress);
}

// Records up to the first that begins at `stopAt` or later, or to the end of arch2infos.
void BenchmarkIndex::walkRecords(uint64_t stopAt, const Progress& progress) {
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
    records_.push_back(record(Ref(&outline_, outline_.root())));
    Record& made = records_.back();
    made.index = index;
    made.whole.begin = region.begin;
    made.whole.size = static_cast<uint32_t>(region.end - region.begin);
    if (!batch_ && cursor_->available(1) && static_cast<Op>(*cursor_->at()) == Op::SetItem) lexer_->next(token);
    if (cursor_->offset() - reported >= (uint64_t{8} << 20)) {
      reported = cursor_->offset();
      report(progress);
    }
  }
}

uint32_t BenchmarkIndex::name(std::string_view text) {
  for (size_t i = 0; i < names_.size(); ++i) {
    if (names_[i] == text) return static_cast<uint32_t>(i);
  }
  names_.emplace_back(text);
  return static_cast<uint32_t>(names_.size() - 1);
}

std::string BenchmarkIndex::text(const Ref& value, const char* what) {
  if (!value || !value.isText())
    bad(ErrorCode::BadRecord, value ? value.begin() : 0, std::string("expected text as ") + what);
  return std::string(value.text());
}

int64_t BenchmarkIndex::integer(const Ref& value, const char* what) {
  if (value && value.isInt()) return value.integer();
  const uint64_t at = value ? value.begin() : 0;
  if (value && value.kind() != ItemKind::Text && value.kind() != ItemKind::None) {
    Graph graph;
    const std::optional<Number> number = asNumber(memo_->decode(graph, value.begin(), value.begin() + value.size()));
    if (number && isWhole(number->value)) return static_cast<int64_t>(number->value);
  }
  bad(ErrorCode::BadRecord, at, std::string("expected an integer as ") + what);
}

NumberAt BenchmarkIndex::number(const Ref& value, const char* what) {
  NumberAt out;
  if (!value) bad(ErrorCode::BadRecord, 0, std::string("expected a number as ") + what);
  if (value.kind() == ItemKind::Float) out.value = value.number();
  else if (value.kind() == ItemKind::Int) out.value = static_cast<double>(value.integer());
  else if (const std::optional<double> scalar = float64Scalar(value)) out.value = *scalar;
  else out.later = extentOf(value);
  return out;
}

// The mean of a list of floats; what is not just that is read when it is asked for.
NumberAt BenchmarkIndex::meanLatency(const Ref& value) {
  NumberAt out;
  out.value = -1;
  if (!value || value.isNone()) return out;
  out.later = extentOf(value);
  if (!value.is(NodeKind::List) || value.node().count == 0) return out;
  double sum = 0;
  for (const Ref& item : value.children()) {
    if (!item || item.kind() != ItemKind::Float) return out;
    sum += item.number();
  }
  return {sum / value.node().count, {}};
}

void BenchmarkIndex::readEvalSets(const Ref& value, Trial& trial) {
  if (!value || !value.is(NodeKind::List) || value.node().count > trial.evalSets.size()) return;
  uint8_t count = 0;
  for (const Ref& item : value.children()) {
    if (!item || !item.isText()) return;
    const uint32_t id = name(item.text());
    if (id > UINT8_MAX) return;
    trial.evalSets[count++] = static_cast<uint8_t>(id);
  }
  trial.evalSetCount = count;
}

std::vector<int64_t> BenchmarkIndex::integers(const Ref& value, const char* what) {
  std::vector<int64_t> out;
  if (value && (value.is(NodeKind::List) || value.is(NodeKind::Tuple) || value.is(NodeKind::Set))) {
    for (const Ref& item : value.children()) out.push_back(integer(item, what));
    return out;
  }
  const uint64_t at = value ? value.begin() : 0;
  if (value && value.kind() == ItemKind::Node) {  // a set made by a call, a NumPy array
    Graph graph;
    const Value decoded = memo_->decode(graph, value.begin(), value.begin() + value.size());
    if (decoded.kind == Kind::Set || decoded.kind == Kind::FrozenSet || decoded.kind == Kind::List) {
      for (const Value& item : decoded.sequence->items) {
        const std::optional<Number> number = asNumber(item);
        if (!number || !isWhole(number->value))
          bad(ErrorCode::BadRecord, at, std::string("expected integers as ") + what);
        out.push_back(static_cast<int64_t>(number->value));
      }
      return out;
    }
  }
  bad(ErrorCode::BadRecord, at, std::string("expected a list of integers as ") + what);
}

void BenchmarkIndex::readArchitectures(const Ref& value) {
  if (!value || (!value.is(NodeKind::List) && !value.is(NodeKind::Tuple))) {
    bad(ErrorCode::BadRecord, outline_.begin(), "expected meta_archs to be a list of architectures");
  }
  architectures_.clear();
  for (const Ref& item : value.children()) architectures_.push_back(text(item, "an architecture"));
}

void BenchmarkIndex::readEvaluated(const Ref& value) {
  evaluated_ = integers(value, "evaluated_indexes");
  std::sort(evaluated_.begin(), evaluated_.end());
}

Record BenchmarkIndex::record(const Ref& value) {
  const Ref dict = value ? value.asDict() : Ref{};
  if (!dict) bad(ErrorCode::BadRecord, outline_.begin(), "expected an architecture's record to be a dict");
  Record out;
  out.whole = extentOf(dict);
  dict.pairs([&](const Ref& key, const Ref& entry) {
    const std::string_view hp = key && key.isText() ? hpOf(key.text()) : std::string_view{};
    if (hp.empty()) return;
    const uint32_t id = name(hp);
    namedByEpochs_ = namedByEpochs_ || hp == key.text();
    State made = state(entry, id);
    const auto same = std::find_if(out.states.begin(), out.states.end(), [&](const State& s) { return s.hp == id; });
    if (same != out.states.end()) *same = std::move(made);
    else out.states.push_back(std::move(made));
  });
  // NAS-Bench-201's reference puts 'less' first, whatever the file's order; NATS-Bench keeps its own.
  if (out.states.size() == 2 && names_[out.states[0].hp] == "200" && names_[out.states[1].hp] == "12") {
    std::swap(out.states[0], out.states[1]);
  }
  return out;
}

State BenchmarkIndex::state(const Ref& value, uint32_t hp) {
  const Ref dict = value ? value.asDict() : Ref{};
  if (!dict) {
    bad(ErrorCode::BadRecord, value ? value.begin() : outline_.begin(),
        "expected the results of one set of hyper-parameters");
  }
  if (!value.is(NodeKind::Dict)) instances_ = true;
  State out;
  out.hp = hp;
  out.whole = extentOf(dict);
  bool resultsSeen = false, seedsSeen = false;
  dict.pairs([&](const Ref& key, const Ref& entry) {
    if (!key || !key.isText()) return;
    const std::string_view field = key.text();
    if (field == "arch_index") {
      out.archIndex = integer(entry, "arch_index");
    } else if (field == "arch_str") {
      if (entry && entry.isText()) out.archText = std::string(entry.text());
    } else if (field == "clear_net_done") {
      out.cleared = entry && entry.kind() == ItemKind::Bool && entry.integer() != 0;
    } else if (field == "all_results") {
      resultsSeen = true;
      if (!entry || !entry.is(NodeKind::Dict))
        bad(ErrorCode::BadRecord, dict.begin(), "expected all_results to be a dict");
      out.trials.clear();
      entry.pairs(
          [&](const Ref& trialKey, const Ref& trialValue) { out.trials.push_back(trial(trialValue, trialKey)); });
    } else if (field == "dataset_seed") {
      seedsSeen = true;
      if (!entry || !entry.is(NodeKind::Dict))
        bad(ErrorCode::BadRecord, dict.begin(), "expected dataset_seed to be a dict");
      out.datasets.clear();
      entry.pairs([&](const Ref& dataset, const Ref& seeds) {
        out.datasets.push_back({name(text(dataset, "a data set's name")), integers(seeds, "seeds")});
      });
    }
  });
  if (!resultsSeen || !seedsSeen) {
    bad(ErrorCode::BadRecord, dict.begin(),
        std::string("expected the key ") + (resultsSeen ? "dataset_seed" : "all_results") +
            " in an architecture's results");
  }
  return out;
}

Trial BenchmarkIndex::trial(const Ref& value, const Ref& trialKey) {
  const Ref dict = value ? value.asDict() : Ref{};
  if (!dict) bad(ErrorCode::BadRecord, value ? value.begin() : outline_.begin(), "expected a trial to be a dict");
  if (!value.is(NodeKind::Dict)) instances_ = true;
  Trial out;
  if (!trialKey || !trialKey.is(NodeKind::Tuple) || trialKey.node().count != 2) {
    bad(ErrorCode::BadRecord, dict.begin(), "expected a trial's key to be (data set, seed)");
  }
  const std::vector<Ref> parts = trialKey.children();
  out.dataset = name(text(parts[0], "a trial's data set"));
  out.seed = integer(parts[1], "a trial's seed");
  out.whole = extentOf(dict);
  bool epochsSeen = false;
  std::array<Ref, kFields> fields;
  out.meanLatency.value = -1;
  dict.pairs([&](const Ref& key, const Ref& entry) {
    if (!key || !key.isText()) return;
    const std::string_view field = key.text();
    for (size_t f = 0; f < kFields; ++f) {
      if (field != kFieldKeys[f]) continue;
      if (!entry) bad(ErrorCode::BadRecord, dict.begin(), "expected a curve, found a reference to the whole file");
      out.curves[f] = extentOf(entry);
      fields[f] = entry;
      return;
    }
    if (field == "epochs") {
      const int64_t epochs = integer(entry, "epochs");
      if (epochs < 0 || epochs > 100000) bad(ErrorCode::BadRecord, entry.begin(), "expected from 0 to 100,000 epochs");
      out.epochs = static_cast<int32_t>(epochs);
      epochsSeen = true;
    } else if (field == "flop") {
      out.flop = number(entry, "flop");
    } else if (field == "params") {
      out.params = number(entry, "params");
    } else if (field == "latency" && entry) {
      out.latency = extentOf(entry);
      out.meanLatency = meanLatency(entry);
    } else if (field == "eval_names") {
      readEvalSets(entry, out);
    }
  });
  if (!epochsSeen) bad(ErrorCode::BadRecord, dict.begin(), "expected the key epochs in a trial");
  out.firstFinal = static_cast<uint32_t>(finals_.size());
  collectFinals(
      fields, out.epochs, [this](std::string_view set) { return name(set); }, finals_);
  const size_t rows = finals_.size() - out.firstFinal;
  if (rows > UINT8_MAX) finals_.resize(out.firstFinal);
  else out.finalCount = static_cast<uint8_t>(rows);
  return out;
}

const Record* BenchmarkIndex::find(int64_t index) const {
  const auto found =
      std::partition_point(records_.begin(), records_.end(), [&](const Record& r) { return r.index < index; });
  return found != records_.end() && found->index == index ? &*found : nullptr;
}

const StorageTable& BenchmarkIndex::storages() {
  const std::lock_guard<std::mutex> guard(storagesLock_);
  if (!storages_) storages_ = container_.storages(memo_->storageTypes(), pickleEnd_);
  return *storages_;
}

SourcePtr BenchmarkIndex::openStorage(const std::string& key) { return container_.openStorage(storages(), key); }

std::optional<Container::FilePlace> BenchmarkIndex::storageInFile(const std::string& key) {
  return container_.storageInFile(storages(), key);
}

Number BenchmarkIndex::number(const NumberAt& at) {
  if (!at.later) return {at.value, false};
  Graph graph;
  const std::optional<Number> number = asNumber(memo_->decode(graph, at.later.begin, at.later.begin + at.later.size));
  if (!number) bad(ErrorCode::BadRecord, at.later.begin, "expected a number");
  return *number;
}

std::optional<Number> BenchmarkIndex::asNumber(const Value& value) {
  switch (value.kind) {
    case Kind::Bool: return Number{value.boolean ? 1.0 : 0.0, false};
    case Kind::Int: return Number{static_cast<double>(value.integer), false};
    case Kind::Float: return Number{value.number, value.single};
    case Kind::NdArray: {
      Graph graph;
      Value element;
      if (!arrayElement(graph, *value.ndarray, element)) return std::nullopt;
      return asNumber(element);
    }
    case Kind::Tensor: {
      const Tensor& tensor = *value.tensor;
      const uint64_t count =
          std::accumulate(tensor.shape.begin(), tensor.shape.end(), uint64_t{1}, std::multiplies<>());
      if (count != 1) return std::nullopt;
      const SourcePtr storage = openStorage(tensor.storage->key);
      uint8_t raw[16] = {};
      storage->read(tensor.offset * elementSize(tensor.type), raw, elementSize(tensor.type));
      const std::optional<double> number = tensorNumber(tensor.type, raw);
      if (!number) return std::nullopt;
      return Number{*number, tensor.type == TensorType::Float32};
    }
    default: return std::nullopt;
  }
}

}  // namespace nb201
