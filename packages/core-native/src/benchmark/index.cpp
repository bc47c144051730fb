#include "benchmark/index.h"

#include <filesystem>
#include <numeric>

#include "benchmark/kept_columns.h"
#include "benchmark/scan.h"
#include "pickle/known.h"

namespace nb201 {

BenchmarkIndex::BenchmarkIndex(Container container)
    : container_(std::move(container)), memo_(container_, container_.pickles()) {}

BenchmarkIndex::~BenchmarkIndex() = default;

std::shared_ptr<BenchmarkIndex> BenchmarkIndex::open(const SourcePtr& file, const ContainerLimits& limits,
                                                     const Progress& progress,
                                                     const std::vector<std::string>& sidecars) {
  std::shared_ptr<BenchmarkIndex> index(new BenchmarkIndex(Container::open(file, limits)));
  // Of a bzip2 file most of the time goes into unpacking it, which a side-car would not save.
  index->keepable_ = !sidecars.empty() && !index->container_.bzip2();
  if (index->keepable_) {
    index->stamp_ = stampOf(file->name(), *file);
    for (const std::string& path : sidecars) {
      try {
        if (!index->restore(openFile(path), Checksums::Verify)) continue;
      } catch (const Error&) {
        continue;  // one that cannot be read is as good as none
      }
      index->openedWith_ = path;
      index->keepable_ = false;
      return index;
    }
  }
  Scan(index->container_, index->memo_, index->tables_).run(progress);
  return index;
}

std::shared_ptr<BenchmarkIndex> BenchmarkIndex::restore(SourcePtr file, const ContainerLimits& limits,
                                                        const FileStamp& stamp, SourcePtr sidecar,
                                                        Checksums checksums) {
  std::shared_ptr<BenchmarkIndex> index(new BenchmarkIndex(Container::open(std::move(file), limits)));
  index->stamp_ = stamp;
  return index->restore(std::move(sidecar), checksums) ? index : nullptr;
}

bool BenchmarkIndex::restore(SourcePtr sidecar, Checksums checksums) {
  const auto walk = [this]() -> const Tables& { return walkAgain(); };
  if (readSidecar(std::move(sidecar), *stamp_, bytes()->size(), walk, tables_, memo_, checksums)) return true;
  tables_ = Tables();
  memo_.forget();
  return false;
}

const Tables& BenchmarkIndex::walkAgain() {
  const std::lock_guard<std::mutex> guard(walkLock_);
  if (!walked_) {
    auto walked = std::make_unique<Tables>();
    FileMemo memo(container_, bytes());
    Scan(container_, memo, *walked).run(nullptr);
    walked_ = std::move(walked);
    // The next one to open the file writes a sound one. Where it cannot be removed, it will be found out again.
    std::error_code ignored;
    if (!openedWith_.empty()) std::filesystem::remove(std::filesystem::u8path(openedWith_), ignored);
  }
  return *walked_;
}

bool BenchmarkIndex::unchanged() const {
  const std::string& path = container_.file()->name();
  return stampOf(path, *openFile(path)) == *stamp_;
}

std::vector<uint8_t> BenchmarkIndex::sidecar() const {
  return keepable_ && unchanged() ? writeSidecar(*stamp_, tables_, memo_) : std::vector<uint8_t>();
}

void BenchmarkIndex::keepColumns(std::vector<std::string> paths) {
  if (stamp_) columns_ = std::make_unique<KeptColumns>(*stamp_, tables_.architectures.size(), std::move(paths));
}

std::vector<uint8_t> BenchmarkIndex::keptColumns() const {
  return columns_ && unchanged() ? columns_->bytes() : std::vector<uint8_t>();
}

const StorageTable& BenchmarkIndex::storages() {
  const std::lock_guard<std::mutex> guard(storagesLock_);
  if (!storages_) storages_ = container_.storages(memo_.storageTypes(), tables_.pickleEnd);
  return *storages_;
}

SourcePtr BenchmarkIndex::openStorage(const std::string& key) { return container_.openStorage(storages(), key); }

std::optional<Container::FilePlace> BenchmarkIndex::storageInFile(const std::string& key) {
  return container_.storageInFile(storages(), key);
}

Number BenchmarkIndex::number(double value, bool later) {
  if (!later) return {value, false};
  const Extent& at = tables_.far[static_cast<size_t>(value)];
  Graph graph;
  const std::optional<Number> number = asNumber(memo_.decode(graph, at.begin, at.begin + at.size));
  if (!number) bytes()->fail(ErrorCode::BadRecord, at.begin, "expected a number");
  return *number;
}

std::optional<Number> BenchmarkIndex::asNumber(const Value& value) {
  if (value.kind != Kind::Tensor) return numberOf(value);
  const Tensor& tensor = *value.tensor;
  const uint64_t count = std::accumulate(tensor.shape.begin(), tensor.shape.end(), uint64_t{1}, std::multiplies<>());
  if (count != 1) return std::nullopt;
  const SourcePtr storage = openStorage(tensor.storage->key);
  uint8_t raw[16] = {};
  storage->read(tensor.offset * elementSize(tensor.type), raw, elementSize(tensor.type));
  const std::optional<double> number = tensorNumber(tensor.type, raw);
  if (!number) return std::nullopt;
  return Number{*number, tensor.type == TensorType::Float32};
}

}  // namespace nb201
