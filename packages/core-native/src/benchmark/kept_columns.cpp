#include "benchmark/kept_columns.h"

#include <algorithm>
#include <numeric>

#include "torchfile/sidecar_format.h"

namespace nb201 {

namespace {

// To be raised whenever what a column is, or how it is laid out, changes.
constexpr uint32_t kVersion = 1;
constexpr char kMagic[] = "NB201COL";

// Columns of 15,625 architectures take 0.4 MB each.
constexpr size_t kMost = 64;

// A request but for its texts.
struct Row {
  uint32_t what, field;
  int32_t epoch;
  uint32_t cumulative;
};
static_assert(sizeof(Row) == 16);

bool same(const ColumnRequest& a, const ColumnRequest& b) {
  return a.hp == b.hp && a.dataset == b.dataset && a.what == b.what && a.field == b.field && a.set == b.set &&
         a.epoch == b.epoch && a.cumulative == b.cumulative;
}

// Whether it says of each architecture and trial what it has to.
bool sound(const Column& column, size_t architectures) {
  const size_t trials = std::accumulate(column.counts.begin(), column.counts.end(), size_t{0},
                                        [](size_t sum, uint8_t n) { return n == Column::kNoRecord ? sum : sum + n; });
  return column.counts.size() == architectures && column.values.size() == trials && column.presence.size() == trials &&
         std::all_of(column.presence.begin(), column.presence.end(), [](Presence p) { return p <= Presence::Single; });
}

}  // namespace

// A file of columns, each read when it is asked for.
class KeptColumns::Stored {
 public:
  // Throws NotBelieved and Error.
  Stored(const std::string& path, const FileStamp& stamp)
      : in_(openFile(path), kMagic, kVersion, stamp, Checksums::Verify) {
    std::vector<Row> rows;
    std::vector<std::string> texts;
    in_.take(rows);
    in_.take(texts);
    believe(rows.size() <= kMost && texts.size() == rows.size() * 3);
    for (size_t i = 0; i < rows.size(); ++i) {
      const Row& row = rows[i];
      believe(row.what <= static_cast<uint32_t>(ColumnRequest::What::Latency) && row.field < kFields);
      requests_.push_back({texts[3 * i], texts[3 * i + 1], static_cast<ColumnRequest::What>(row.what),
                           static_cast<Field>(row.field), texts[3 * i + 2], row.epoch, row.cumulative != 0});
      places_.push_back({in_.skip(), in_.skip(), in_.skip()});
    }
    in_.finish();
  }

  const std::vector<ColumnRequest>& requests() const { return requests_; }

  // Nothing where it has none, or a damaged one.
  std::optional<Column> read(const ColumnRequest& request, size_t architectures) const try {
    const auto found =
        std::find_if(requests_.begin(), requests_.end(), [&](const ColumnRequest& r) { return same(r, request); });
    if (found == requests_.end()) return std::nullopt;
    const Place& place = places_[static_cast<size_t>(found - requests_.begin())];
    Column column;
    in_.read(place.counts, column.counts);
    in_.read(place.values, column.values);
    in_.read(place.presence, column.presence);
    believe(sound(column, architectures));
    return column;
  } catch (const NotBelieved&) {
    return std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }

 private:
  struct Place {
    SidecarReader::Section counts, values, presence;
  };
  SidecarReader in_;
  std::vector<ColumnRequest> requests_;
  std::vector<Place> places_;
};

KeptColumns::KeptColumns(const FileStamp& stamp, size_t architectures, std::vector<std::string> paths)
    : stamp_(stamp), architectures_(architectures), paths_(std::move(paths)) {}

KeptColumns::~KeptColumns() = default;

// The first file that is to be believed, or null.
std::unique_ptr<KeptColumns::Stored> KeptColumns::stored() const {
  for (const std::string& path : paths_) {
    try {
      return std::make_unique<Stored>(path, stamp_);
    } catch (const NotBelieved&) {
    } catch (const Error&) {  // it cannot be read
    }
  }
  return nullptr;
}

// The entry, moved to the front.
KeptColumns::Entry* KeptColumns::found(const ColumnRequest& request) {
  const auto entry =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return same(e.request, request); });
  if (entry == entries_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, entry);
  return &entries_.front();
}

std::optional<Column> KeptColumns::find(const ColumnRequest& request) {
  const std::lock_guard<std::mutex> guard(lock_);
  if (const Entry* entry = found(request)) return entry->column;
  if (!looked_) stored_ = stored();
  looked_ = true;
  std::optional<Column> column = stored_ ? stored_->read(request, architectures_) : std::nullopt;
  if (column) remember(request, *column);
  return column;
}

void KeptColumns::remember(const ColumnRequest& request, Column column) {
  entries_.push_front({request, std::move(column)});
  if (entries_.size() > kMost) entries_.pop_back();
}

void KeptColumns::add(const ColumnRequest& request, Column column) {
  const std::lock_guard<std::mutex> guard(lock_);
  if (found(request)) return;  // another thread read it, too
  remember(request, std::move(column));
  fresh_ = true;
}

std::vector<uint8_t> KeptColumns::bytes() {
  const std::lock_guard<std::mutex> guard(lock_);
  if (!fresh_) return {};
  fresh_ = false;
  std::list<Entry> all = entries_;
  if (const std::unique_ptr<Stored> there = stored()) {
    for (const ColumnRequest& request : there->requests()) {
      if (all.size() >= kMost) break;
      const bool known = std::any_of(all.begin(), all.end(), [&](const Entry& e) { return same(e.request, request); });
      if (known) continue;
      if (std::optional<Column> column = there->read(request, architectures_)) {
        all.push_back({request, std::move(*column)});
      }
    }
  }
  // Not every system replaces a file that is open. The next question opens the new one.
  stored_ = nullptr;
  looked_ = false;

  std::vector<Row> rows;
  std::vector<std::string> texts;
  for (const Entry& entry : all) {
    const ColumnRequest& r = entry.request;
    rows.push_back({static_cast<uint32_t>(r.what), static_cast<uint32_t>(r.field), r.epoch, r.cumulative ? 1u : 0u});
    texts.insert(texts.end(), {r.hp, r.dataset, r.set});
  }
  SidecarWriter out(kMagic, kVersion, stamp_);
  out.add(rows);
  out.add(texts);
  for (const Entry& entry : all) {
    out.add(entry.column.counts);
    out.add(entry.column.values);
    out.add(entry.column.presence);
  }
  return out.finish();
}

}  // namespace nb201
