#include "torchfile/container.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "pickle/known.h"
#include "torchfile/compression.h"

namespace nb201 {

namespace {

// 0x1950a86a20f9469cfc6c: torch's magic number, as the long that a pickle holds.
constexpr char kMagic[] = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
constexpr char kMagicDigits[] = "119547037146038801333356";
constexpr int64_t kLegacyProtocol = 1001;

struct Signature {
  std::string_view bytes;
  ErrorCode code;
  const char* what;
};

const Signature kOthers[] = {
    {"PK\x03\x04", ErrorCode::UnsupportedContainer, "a zip file inside a bzip2 file; unpack it first"},
    {"PK\x05\x06", ErrorCode::NotRecognized, "an empty zip archive"},
    {"PK\x07\x08", ErrorCode::UnsupportedContainer, "a zip archive of several volumes"},
    {"BZh", ErrorCode::UnsupportedContainer, "a file packed by bzip2 twice; unpack it first"},
    {"PYTORCH1", ErrorCode::UnsupportedContainer, "a preview version of torch's zip container"},
    {"\x1f\x8b", ErrorCode::UnsupportedContainer, "a gzip file; unpack it first"},
    {"7z\xbc\xaf\x27\x1c", ErrorCode::UnsupportedContainer, "a 7z archive; unpack it first"},
    {std::string_view("\xfd"
                      "7zXZ\0",
                      6),
     ErrorCode::UnsupportedContainer, "an xz file; unpack it first"},
    {"\x28\xb5\x2f\xfd", ErrorCode::UnsupportedContainer, "a zstd file; unpack it first"},
    {"Rar!", ErrorCode::UnsupportedContainer, "a RAR archive; unpack it first"},
    {"\x89PNG", ErrorCode::NotRecognized, "a PNG picture"},
    {"\xff\xd8\xff", ErrorCode::NotRecognized, "a JPEG picture"},
    {"%PDF", ErrorCode::NotRecognized, "a PDF document"},
    {"\x89HDF", ErrorCode::NotRecognized, "an HDF5 file"},
    {"\x93NUMPY", ErrorCode::NotRecognized, "a NumPy .npy array"},
    {"version https://git-lfs", ErrorCode::NotRecognized, "a Git LFS pointer: the file itself was not downloaded"},
};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

bool pushesSomething(uint8_t code) {
  return code && std::string_view("(]})NIJKLMFGSTUVXBCc\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x95\x96P")
                         .find(static_cast<char>(code)) != std::string_view::npos;
}

// What is wrong with a file whose first bytes are no pickle, zip or bzip2.
void refuseOthers(const ByteSource& file, std::string_view head) {
  if (head.empty()) file.fail(ErrorCode::Truncated, 0, "expected a torch file or a pickle, found an empty file");
  for (const Signature& other : kOthers) {
    if (head.substr(0, other.bytes.size()) == other.bytes) {
      file.fail(other.code, 0, std::string("expected a torch file or a pickle, found ") + other.what);
    }
  }
  size_t text = 0;
  while (text < head.size() && (head[text] == ' ' || head[text] == '\n' || head[text] == '\r' || head[text] == '\t'))
    ++text;
  const std::string start = lower(head.substr(text, 64));
  if (start.rfind("<!doctype", 0) == 0 || start.rfind("<html", 0) == 0 || start.rfind("<?xml", 0) == 0) {
    file.fail(ErrorCode::NotRecognized, 0,
              "expected a torch file or a pickle, found a web page: the download was answered with an error or a form");
  }
  if (head.size() >= 262 && head.substr(257, 5) == "ustar") {
    const std::string_view member = head.substr(0, head.find('\0'));
    const bool torch = member.find("sys_info") != std::string_view::npos || member.find("pickle") == 0 ||
                       member.find("storages") != std::string_view::npos ||
                       member.find("tensors") != std::string_view::npos;
    file.fail(ErrorCode::UnsupportedContainer, 0,
              torch ? "expected a legacy or zip torch file, found torch's tar container of before version 0.2"
                    : "expected a torch file or a pickle, found a tar archive");
  }
}

// torch counts its zip container up where readers have to know.
void checkVersion(const ByteSource& file, const ZipEntry& entry, std::string_view text) {
  constexpr int kLatest = 10;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  int version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error == std::errc::invalid_argument || end != text.data() + text.size()) {
    file.fail(ErrorCode::BadContainer, entry.headerAt, "expected torch's version as a number");
  }
  if (error != std::errc{} || version < 1 || version > kLatest) {
    file.fail(ErrorCode::UnsupportedContainer, entry.headerAt,
              "expected version 1 to 10 of torch's zip container, found " + std::string(text));
  }
}

bool startsWithMagic(std::string_view head) {
  if (head.size() > 2 && static_cast<uint8_t>(head[0]) == 0x80) head.remove_prefix(2);
  if (head.size() > 9 && static_cast<uint8_t>(head[0]) == 0x95) head.remove_prefix(9);
  if (head.size() >= 12 && static_cast<uint8_t>(head[0]) == 0x8a && head[1] == 10) return head.substr(2, 10) == kMagic;
  return head.size() > 24 && head[0] == 'L' && head.substr(1, 24) == kMagicDigits;
}

// One small pickle of a legacy file's head or tail.
Value smallPickle(Graph& graph, const SourcePtr& source, uint64_t begin, uint64_t& end, const ContainerLimits& limits) {
  Cursor cursor(*source, begin, source->size(), size_t{1} << 16);
  Lexer lexer(cursor, Lexer::Of::Whole, limits.pickle);
  Token token;
  do {
    lexer.next(token);
    if (cursor.offset() - begin > limits.pickle) source->fail(ErrorCode::Limit, begin, "expected a shorter pickle");
  } while (token.op != Op::Stop);
  end = cursor.offset();
  const SourcePtr bytes = stretchOf(source, begin, end);
  graph.hold(bytes);
  Decoder decoder(graph, *bytes, limits.decode);
  return decoder.pickle(begin);
}

const Value* lookUp(const Value& dict, std::string_view key) {
  const Value* found = nullptr;
  for (size_t i = 0; i + 1 < dict.sequence->items.size(); i += 2) {
    const Value& k = dict.sequence->items[i];
    if (k.isText() && k.str() == key) found = &dict.sequence->items[i + 1];
  }
  return found;
}

}  // namespace

const char* containerName(ContainerKind kind) {
  switch (kind) {
    case ContainerKind::Legacy: return "torch-legacy";
    case ContainerKind::Zip: return "torch-zip";
    case ContainerKind::Pickle: return "pickle";
  }
  return "?";
}

Container Container::open(SourcePtr file, const ContainerLimits& limits) {
  Container container;
  container.file_ = container.pickles_ = file;
  container.limits_ = limits;
  std::string head(static_cast<size_t>(std::min<uint64_t>(file->size(), 512)), '\0');
  file->read(0, head.data(), head.size());
  if (head.compare(0, 4, "PK\x03\x04", 4) == 0) {
    container.openZip();
    return container;
  }
  if (head.compare(0, 3, "BZh") == 0) {
    container.bzip2_ = true;
    container.file_ = container.pickles_ = fromMemory(file->name(), bunzip2(*file, limits.decompressed));
    file = container.file_;
    head.assign(static_cast<size_t>(std::min<uint64_t>(file->size(), 512)), '\0');
    file->read(0, head.data(), head.size());
  }
  if (startsWithMagic(head)) {
    container.openLegacy();
    return container;
  }
  refuseOthers(*file, head);
  const uint8_t first = static_cast<uint8_t>(head[0]);
  if (first != 0x80 && !pushesSomething(first)) {
    file->fail(ErrorCode::NotRecognized, 0,
               "expected a torch file (legacy or zip), a pickle or a .pbz2; found none of these");
  }
  return container;
}

void Container::openLegacy() {
  kind_ = ContainerKind::Legacy;
  Graph graph;
  uint64_t at = 0;
  const Value magic = smallPickle(graph, file_, 0, at, limits_);
  // The first bytes say it, but what follows them may have said something else since.
  if (magic.kind != Kind::BigInt || magic.str().substr(0, 10) != kMagic ||
      magic.str().find_first_not_of('\0', 10) != std::string_view::npos) {
    file_->fail(ErrorCode::BadContainer, 0, "expected torch's magic number alone in the first pickle");
  }
  const uint64_t protocolAt = at;
  const Value protocol = smallPickle(graph, file_, at, at, limits_);
  if (protocol.kind != Kind::Int || protocol.integer != kLegacyProtocol) {
    file_->fail(ErrorCode::BadContainer, protocolAt, "expected torch's protocol version 1001");
  }
  const uint64_t systemAt = at;
  const Value system = smallPickle(graph, file_, at, at, limits_);
  if (system.kind != Kind::Dict)
    file_->fail(ErrorCode::BadContainer, systemAt, "expected torch's system information as a dict");
  const Value* little = lookUp(system, "little_endian");
  if (little && (little->kind != Kind::Bool || !little->boolean)) {
    file_->fail(ErrorCode::UnsupportedContainer, systemAt, "expected a file from a little-endian machine");
  }
  pickleAt_ = at;
}

void Container::openZip() {
  kind_ = ContainerKind::Zip;
  entries_ = readZipDirectory(*file_);
  const ZipEntry* pickle = nullptr;
  for (const ZipEntry& entry : entries_) {
    const size_t cut = entry.name.find('/');
    if (cut == std::string::npos || entry.name.compare(cut + 1, std::string::npos, "data.pkl") != 0) continue;
    if (pickle)
      file_->fail(ErrorCode::BadContainer, entry.headerAt, "expected one data.pkl in the zip file, found two");
    pickle = &entry;
    top_ = entry.name.substr(0, cut + 1);
  }
  if (!pickle) {
    file_->fail(ErrorCode::NotRecognized, 0, "expected a torch file, found a zip archive without a <folder>/data.pkl");
  }
  for (const ZipEntry& entry : entries_) {
    const bool order = entry.name == top_ + "byteorder", version = entry.name == top_ + "version";
    if (!order && !version) continue;
    if (entry.size > 16)
      file_->fail(ErrorCode::BadContainer, entry.headerAt, "expected a byte order or version of a few letters");
    const SourcePtr bytes = openEntry(entry);
    std::string text(static_cast<size_t>(bytes->size()), '\0');
    bytes->read(0, text.data(), text.size());
    if (order && text.rfind("little", 0) != 0) {
      file_->fail(ErrorCode::UnsupportedContainer, entry.headerAt, "expected a file from a little-endian machine");
    }
    if (version) checkVersion(*file_, entry, text);
  }
  pickles_ = openEntry(*pickle);
  if (pickle->method == 0) {  // at its place in the file, so that errors name the file's bytes
    pickles_ = headOf(file_, pickle->dataAt + pickle->size);
    pickleAt_ = pickle->dataAt;
  }
}

Value Container::persistentLoad(Graph& graph, StorageTypes& types, const Value& id, uint64_t at) const {
  const auto bad = [&](const std::string& detail) { pickles_->fail(ErrorCode::BadTensor, at, detail); };
  if (id.kind != Kind::Tuple || id.sequence->items.empty() || !id.sequence->items[0].isText()) {
    bad("expected a persistent id ('storage', type, key, location, count)");
  }
  const std::vector<Value>& parts = id.sequence->items;
  if (parts[0].str() == "module") {
    pickles_->fail(ErrorCode::FullModel, at,
                   "expected tensors and plain values, found a whole torch module, which needs its program to be read");
  }
  if (parts[0].str() != "storage" || parts.size() < 5 || parts.size() > 6) {
    bad("expected a persistent id ('storage', type, key, location, count)");
  }
  Storage* storage = graph.storage();
  if (parts[1].kind != Kind::Global || !torchStorageType(*parts[1].global, storage->type)) {
    bad("expected a torch storage type" + (parts[1].kind == Kind::Global ? ", found " + parts[1].global->full() : ""));
  }
  if (!parts[2].isText() || !parts[3].isText()) bad("expected a storage's key and location as text");
  if (parts[4].kind != Kind::Int) bad("expected a storage's number of elements");
  noteStorage(types, parts[2].str(), parts[3].str(), storage->type, parts[4].integer, at);
  storage->key = std::string(parts[2].str());
  storage->location = std::string(parts[3].str());
  storage->count = storage->stored = static_cast<uint64_t>(parts[4].integer);
  if (parts.size() == 6 && parts[5].kind != Kind::None) {
    if (parts[5].kind != Kind::Tuple || parts[5].sequence->items.size() != 3 ||
        parts[5].sequence->items[1].kind != Kind::Int || parts[5].sequence->items[2].kind != Kind::Int) {
      bad("expected a view of a storage as (key, offset, size)");
    }
    const int64_t offset = parts[5].sequence->items[1].integer, size = parts[5].sequence->items[2].integer;
    if (offset < 0 || size < 0 || offset > parts[4].integer || size > parts[4].integer - offset) {
      bad("expected a view inside its storage");
    }
    storage->viewOffset = static_cast<uint64_t>(offset);
    storage->count = static_cast<uint64_t>(size);
  }
  Value value;
  value.kind = Kind::Storage;
  value.storage = storage;
  return value;
}

void Container::noteStorage(StorageTypes& types, std::string_view key, std::string_view location, TensorType type,
                            int64_t count, uint64_t at) const {
  const auto bad = [&](const std::string& detail) { pickles_->fail(ErrorCode::BadTensor, at, detail); };
  for (const std::string_view text : {key, location}) {
    if (!isUtf8(reinterpret_cast<const uint8_t*>(text.data()), text.size())) {
      bad("expected a storage's key and location as text");
    }
  }
  if (count < 0 || count > int64_t{1} << 48) bad("expected a storage's number of elements");
  if (location == "meta") {
    pickles_->fail(ErrorCode::UnsupportedTensor, at, "expected a tensor with data, found one on the device meta");
  }
  const StoredAs stored{type, static_cast<uint64_t>(count)};
  const auto [known, added] = types.try_emplace(std::string(key), stored);
  if (!added && (known->second.type != stored.type || known->second.count != stored.count)) {
    bad("expected one type and size for the storage " + known->first + ", found two");
  }
}

Container::Loaded Container::load(Graph& graph, uint64_t begin) const {
  Loaded loaded;
  Cursor cursor(*pickles_, begin, pickles_->size());
  Lexer lexer(cursor, Lexer::Of::Whole, limits_.pickle);
  Token token;
  do {
    lexer.next(token);
    if (cursor.offset() - begin > limits_.pickle) {
      pickles_->fail(ErrorCode::Limit, begin,
                     "expected a pickle of at most " + std::to_string(limits_.pickle) + " bytes to decode as a whole");
    }
  } while (token.op != Op::Stop);
  loaded.end = cursor.offset();
  const SourcePtr bytes = stretchOf(pickles_, begin, loaded.end);
  graph.hold(bytes);
  Decoder decoder(graph, *bytes, limits_.decode);
  if (kind_ != ContainerKind::Pickle) {
    decoder.onPersistentId([&](const Value& id, uint64_t at) { return persistentLoad(graph, loaded.types, id, at); });
  }
  loaded.value = decoder.pickle(begin);
  return loaded;
}

StorageTable Container::storages(const StorageTypes& types, uint64_t pickleEnd) const {
  StorageTable table;
  table.reserve(types.size());
  if (kind_ == ContainerKind::Zip) {
    for (size_t i = 0; i < entries_.size(); ++i) {
      const ZipEntry& entry = entries_[i];
      if (entry.name.compare(0, top_.size() + 5, top_ + "data/") != 0) continue;
      const std::string key = entry.name.substr(top_.size() + 5);
      const auto type = types.find(key);
      if (type == types.end()) continue;
      const uint64_t wanted = type->second.count * elementSize(type->second.type);
      if (entry.size != wanted) {
        file_->fail(ErrorCode::BadTensor, entry.headerAt,
                    "expected " + std::to_string(wanted) + " bytes for the storage " + key + ", found " +
                        std::to_string(entry.size));
      }
      table.add(key, {i, entry.size, true});
    }
  }
  if (kind_ == ContainerKind::Legacy) {
    Graph graph;
    uint64_t at = pickleEnd;
    const Value keys = smallPickle(graph, file_, pickleEnd, at, limits_);
    if (keys.kind != Kind::List) file_->fail(ErrorCode::BadContainer, pickleEnd, "expected the list of storage keys");
    // Most are small: one read brings the lengths of many.
    Cursor cursor(*file_, at, file_->size(), size_t{1} << 16);
    for (const Value& key : keys.sequence->items) {
      if (!key.isText()) file_->fail(ErrorCode::BadContainer, pickleEnd, "expected storage keys as text");
      const std::string name(key.str());
      const auto type = types.find(name);
      if (type == types.end()) {
        file_->fail(ErrorCode::BadContainer, pickleEnd,
                    "expected a storage that a tensor names, found the key " + name);
      }
      cursor.seek(at);
      int64_t count;
      std::memcpy(&count, cursor.need(sizeof count), sizeof count);
      if (count < 0 || static_cast<uint64_t>(count) != type->second.count) {
        file_->fail(ErrorCode::BadTensor, at,
                    "expected " + std::to_string(type->second.count) + " elements in the storage " + name + ", found " +
                        std::to_string(count));
      }
      const uint64_t size = type->second.count * elementSize(type->second.type);
      if (size > file_->size() - at - 8) {
        file_->fail(ErrorCode::Truncated, at + 8,
                    "expected " + std::to_string(size) + " bytes of the storage " + name + ", found " +
                        std::to_string(file_->size() - at - 8));
      }
      if (!table.add(name, {at + 8, size, false})) {
        file_->fail(ErrorCode::BadContainer, pickleEnd, "expected each storage key once, found " + name + " twice");
      }
      at += 8 + size;
    }
  }
  if (table.size() == types.size()) return table;
  for (const auto& [key, type] : types) {
    if (!table.find(key))
      pickles_->fail(ErrorCode::BadTensor, pickleEnd, "expected the storage " + key + " in the file");
  }
  return table;
}

SourcePtr Container::openEntry(const ZipEntry& entry) const {
  if (entry.method != 0 && entry.size > limits_.decompressed) {
    file_->fail(ErrorCode::Limit, entry.headerAt,
                "expected at most " + std::to_string(limits_.decompressed) + " bytes after decompression");
  }
  return openZipEntry(file_, entry);
}

SourcePtr Container::openStorage(const StorageTable& table, const std::string& key) const {
  const StorageTable::Place* place = table.find(key);
  if (!place) file_->fail(ErrorCode::BadTensor, 0, "expected the storage " + key + " in the file");
  if (place->entry) return openEntry(entries_[static_cast<size_t>(place->offset)]);
  return sliceOf(file_, file_->name(), place->offset, place->size);
}

std::optional<Container::FilePlace> Container::storageInFile(const StorageTable& table, const std::string& key) const {
  const StorageTable::Place* place = table.find(key);
  if (!place || !file_->isFile()) return std::nullopt;
  if (!place->entry) return FilePlace{place->offset, place->size};
  const ZipEntry& entry = entries_[static_cast<size_t>(place->offset)];
  // What has a checksum is read through this, so that it is checked.
  if (entry.method != 0 || entry.crc != 0) return std::nullopt;
  return FilePlace{entry.dataAt, entry.size};
}

}  // namespace nb201
