// Tells what kind of file this is, and finds the pickle and the storages in it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "pickle/decoder.h"
#include "pickle/source.h"
#include "torchfile/zip.h"

namespace nb201 {

enum class ContainerKind { Legacy, Zip, Pickle };
const char* containerName(ContainerKind kind);

struct ContainerLimits {
  uint64_t decompressed = uint64_t{4} << 30;  // bytes that a bzip2 file or a zip entry may unpack to
  uint64_t pickle = uint64_t{1} << 30;        // bytes of a pickle that may be decoded as a whole
  DecodeLimits decode;
  unsigned threads = 0;                          // that walk a large file; 0: one a core, at most eight
  uint64_t bytesPerThread = uint64_t{64} << 20;  // fewer are not worth a thread
};

// The stored bytes behind tensors: where each key's lie.
class StorageTable {
 public:
  struct Place {
    uint64_t offset = 0, size = 0;  // in bytes
    bool entry = false;             // `offset` is then an index into the zip directory
  };
  // False where there is one of this key.
  bool add(const std::string& key, Place place) { return places_.try_emplace(key, place).second; }
  void reserve(size_t count) { places_.reserve(count); }
  size_t size() const { return places_.size(); }
  const Place* find(const std::string& key) const {
    const auto found = places_.find(key);
    return found == places_.end() ? nullptr : &found->second;
  }

 private:
  std::unordered_map<std::string, Place> places_;
};

class Container {
 public:
  // Looks at the first bytes. Throws where this is no file that can be read here, and says what it is.
  static Container open(SourcePtr file, const ContainerLimits& limits);

  ContainerKind kind() const { return kind_; }
  bool bzip2() const { return bzip2_; }
  // Where the object's pickle lies. Its end is known once something has walked it.
  const SourcePtr& pickles() const { return pickles_; }
  uint64_t pickleAt() const { return pickleAt_; }
  const SourcePtr& file() const { return file_; }
  const ContainerLimits& limits() const { return limits_; }

  // The types of all storages by key, as the pickle tells them: a legacy file's tail cannot be read without.
  struct StoredAs {
    TensorType type;
    uint64_t count;  // elements
  };
  using StorageTypes = std::unordered_map<std::string, StoredAs>;
  // Finds each storage's bytes; `pickleEnd` is the offset behind the object's pickle.
  StorageTable storages(const StorageTypes& types, uint64_t pickleEnd) const;
  SourcePtr openStorage(const StorageTable& table, const std::string& key) const;
  // Where a storage's bytes lie in the file as they are; nothing where they are compressed, have a checksum, or the
  // file is in memory.
  struct FilePlace {
    uint64_t offset, size;
  };
  std::optional<FilePlace> storageInFile(const StorageTable& table, const std::string& key) const;

  // The object as plain values, with the storages it names. Several pickles may follow one another in a bare file:
  // `next` starts as pickleAt() and is left behind the one that was read.
  struct Loaded {
    Value value;
    StorageTypes types;
    uint64_t end = 0;
  };
  Loaded load(Graph& graph, uint64_t begin) const;

  // Makes the storage that a persistent id names and remembers its type.
  Value persistentLoad(Graph& graph, StorageTypes& types, const Value& id, uint64_t at) const;
  // The second half of that: what the id at `at` says, once it is known to be one.
  void noteStorage(StorageTypes& types, std::string_view key, std::string_view location, TensorType type, int64_t count,
                   uint64_t at) const;

 private:
  void openLegacy();
  void openZip();
  SourcePtr openEntry(const ZipEntry& entry) const;

  SourcePtr file_, pickles_;
  ContainerKind kind_ = ContainerKind::Pickle;
  bool bzip2_ = false;
  uint64_t pickleAt_ = 0;
  ContainerLimits limits_;
  std::vector<ZipEntry> entries_;
  std::string top_;  // a zip's one folder, with its slash
};

}  // namespace nb201
