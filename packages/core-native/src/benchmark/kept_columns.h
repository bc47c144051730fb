// Columns that were asked for, kept in a file beside the side-car: reading one anew means some ten thousand places of a
// large file. Believed on the same terms as a side-car; of what is damaged the original is read again.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "benchmark/column.h"
#include "torchfile/stamp.h"

namespace nb201 {

// Safe from several threads at once.
class KeptColumns {
 public:
  // Of the file with this stamp. `paths`: where the columns may be, the best place first.
  KeptColumns(const FileStamp& stamp, size_t architectures, std::vector<std::string> paths);
  ~KeptColumns();

  std::optional<Column> find(const ColumnRequest& request);
  void add(const ColumnRequest& request, Column column);
  // A file of them, those of others that were written meanwhile included; the least recent make room. Empty where
  // nothing was added since.
  std::vector<uint8_t> bytes();

 private:
  struct Entry {
    ColumnRequest request;
    Column column;
  };
  class Stored;

  Entry* found(const ColumnRequest& request);
  void remember(const ColumnRequest& request, Column column);
  std::unique_ptr<Stored> stored() const;

  FileStamp stamp_;
  size_t architectures_;
  std::vector<std::string> paths_;
  std::mutex lock_;
  bool looked_ = false, fresh_ = false;
  std::unique_ptr<Stored> stored_;  // of which none was taken yet
  std::list<Entry> entries_;        // the most recent first
};

}  // namespace nb201
