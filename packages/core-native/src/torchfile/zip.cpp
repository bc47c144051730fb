#include "torchfile/zip.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "torchfile/compression.h"

namespace nb201 {

namespace {

constexpr uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50;
constexpr uint32_t kEnd64 = 0x06064b50, kLocator64 = 0x07064b50;

// Flags of what cannot be read here: encrypted, patched, strongly encrypted.
constexpr uint16_t kUnreadable = 0x1 | 0x20 | 0x40;

template <class T>
T get(const uint8_t* p) {
  T value;
  std::memcpy(&value, p, sizeof value);  // zip and every target are little-endian
  return value;
}

struct Directory {
  uint64_t entries, size, at;
};

Directory findDirectory(const ByteSource& file) {
  if (file.size() < 22)
    file.fail(ErrorCode::Truncated, file.size(), "expected a zip directory, found the end of the file");
  // The end record is 22 bytes and a comment of up to 65535.
  const size_t span = static_cast<size_t>(std::min<uint64_t>(file.size(), 22 + 65535));
  std::vector<uint8_t> tail(span);
  const uint64_t base = file.size() - span;
  file.read(base, tail.data(), span);
  size_t at = span - 22;
  while (get<uint32_t>(&tail[at]) != kEnd || at + 22 + get<uint16_t>(&tail[at + 20]) != span) {
    if (at-- == 0) {
      file.fail(ErrorCode::Truncated, file.size(),
                "expected a zip directory at the end of the file; it may be cut short");
    }
  }
  const uint8_t* end = &tail[at];
  Directory directory{get<uint16_t>(end + 10), get<uint32_t>(end + 12), get<uint32_t>(end + 16)};
  const bool needs64 = directory.entries == 0xFFFF || directory.size == 0xFFFFFFFF || directory.at == 0xFFFFFFFF;
  const uint64_t endAt = base + at;
  if (needs64 && endAt >= 20) {
    uint8_t locator[20], record[56];
    file.read(endAt - 20, locator, sizeof locator);
    if (get<uint32_t>(locator) == kLocator64) {
      const uint64_t recordAt = get<uint64_t>(locator + 8);
      if (endAt < 76 || recordAt > endAt - 76) {
        file.fail(ErrorCode::BadContainer, endAt - 20, "expected a zip64 directory record before its locator");
      }
      file.read(recordAt, record, sizeof record);
      if (get<uint32_t>(record) != kEnd64) {
        file.fail(ErrorCode::BadContainer, recordAt, "expected a zip64 directory record");
      }
      directory = {get<uint64_t>(record + 32), get<uint64_t>(record + 40), get<uint64_t>(record + 48)};
    }
  }
  if (directory.at > endAt || directory.size > endAt - directory.at || directory.entries > directory.size / 46) {
    file.fail(ErrorCode::BadContainer, endAt, "expected a zip directory inside the file");
  }
  return directory;
}

void zip64Sizes(const ByteSource& file, uint64_t at, const uint8_t* extra, size_t size, ZipEntry& entry) {
  while (size >= 4) {
    const uint16_t id = get<uint16_t>(extra), length = get<uint16_t>(extra + 2);
    if (length > size - 4) file.fail(ErrorCode::BadContainer, at, "expected a zip extra field inside its entry");
    if (id == 1) {
      const uint8_t* p = extra + 4;
      size_t left = length;
      for (uint64_t* field : {&entry.size, &entry.compressed, &entry.headerAt}) {
        if (*field != 0xFFFFFFFF) continue;
        if (left < 8) file.fail(ErrorCode::BadContainer, at, "expected zip64 sizes");
        *field = get<uint64_t>(p);
        p += 8;
        left -= 8;
      }
      return;
    }
    extra += 4 + length;
    size -= 4u + length;
  }
}

// The local header must tell the same story as the directory: where they differ, two readers see two files.
void checkLocalHeader(const ByteSource& file, ZipEntry& entry) {
  uint8_t header[30];
  file.read(entry.headerAt, header, sizeof header);
  if (get<uint32_t>(header) != kLocal) {
    file.fail(ErrorCode::BadContainer, entry.headerAt, "expected the local header of a zip entry");
  }
  const uint16_t nameSize = get<uint16_t>(header + 26), extraSize = get<uint16_t>(header + 28);
  std::string name(nameSize, '\0');
  file.read(entry.headerAt + 30, name.data(), nameSize);
  if (name != entry.name || get<uint16_t>(header + 8) != entry.method) {
    file.fail(ErrorCode::BadContainer, entry.headerAt, "expected the same name in the zip directory and at the entry");
  }
  const uint16_t flags = get<uint16_t>(header + 6);
  if (flags & kUnreadable) {
    file.fail(ErrorCode::UnsupportedContainer, entry.headerAt,
              "expected a plain zip entry, found an encrypted or patched one");
  }
  entry.dataAt = entry.headerAt + 30 + nameSize + extraSize;
  if (entry.dataAt > file.size() || entry.compressed > file.size() - entry.dataAt) {
    file.fail(ErrorCode::BadLength, entry.headerAt, "expected a zip entry inside the file");
  }
  // Zero where a descriptor behind the data has the size, all ones where a zip64 field has it.
  const uint32_t compressed = get<uint32_t>(header + 18);
  if (compressed != 0 && compressed != 0xFFFFFFFF && compressed != entry.compressed) {
    file.fail(ErrorCode::BadContainer, entry.headerAt, "expected the same size in the zip directory and at the entry");
  }
}

}  // namespace

std::vector<ZipEntry> readZipDirectory(const ByteSource& file) {
  const Directory directory = findDirectory(file);
  std::vector<uint8_t> bytes(static_cast<size_t>(directory.size));
  file.read(directory.at, bytes.data(), bytes.size());
  std::vector<ZipEntry> entries;
  entries.reserve(static_cast<size_t>(directory.entries));
  std::unordered_set<std::string> names;
  size_t at = 0;
  for (uint64_t i = 0; i < directory.entries; ++i) {
    const uint64_t where = directory.at + at;
    if (bytes.size() - at < 46 || get<uint32_t>(&bytes[at]) != kCentral) {
      file.fail(ErrorCode::BadContainer, where, "expected a zip directory entry");
    }
    const uint8_t* p = &bytes[at];
    const uint16_t flags = get<uint16_t>(p + 8);
    const size_t nameSize = get<uint16_t>(p + 28), extraSize = get<uint16_t>(p + 30),
                 commentSize = get<uint16_t>(p + 32);
    if (bytes.size() - at - 46 < nameSize + extraSize + commentSize) {
      file.fail(ErrorCode::BadContainer, where, "expected a zip entry's name inside the directory");
    }
    ZipEntry entry;
    entry.method = get<uint16_t>(p + 10);
    entry.crc = get<uint32_t>(p + 16);
    entry.compressed = get<uint32_t>(p + 20);
    entry.size = get<uint32_t>(p + 24);
    entry.headerAt = get<uint32_t>(p + 42);
    entry.name.assign(reinterpret_cast<const char*>(p + 46), nameSize);
    zip64Sizes(file, where, p + 46 + nameSize, extraSize, entry);
    if (flags & kUnreadable) {
      file.fail(ErrorCode::UnsupportedContainer, where,
                "expected a plain zip entry, found an encrypted or patched one");
    }
    if (entry.method != 0 && entry.method != 8) {
      file.fail(ErrorCode::UnsupportedContainer, where,
                "expected a stored or deflated zip entry, found method " + std::to_string(entry.method));
    }
    if (entry.method == 0 && entry.size != entry.compressed) {
      file.fail(ErrorCode::BadLength, where, "expected equal sizes of a stored zip entry");
    }
    if (!names.insert(entry.name).second) {
      file.fail(ErrorCode::BadContainer, where,
                "expected each name once in the zip directory, found " + entry.name.substr(0, 80) + " twice");
    }
    if (entry.headerAt > directory.at)
      file.fail(ErrorCode::BadLength, where, "expected a zip entry before the directory");
    checkLocalHeader(file, entry);
    entries.push_back(std::move(entry));
    at += 46 + nameSize + extraSize + commentSize;
  }
  std::vector<const ZipEntry*> order;
  order.reserve(entries.size());
  for (const ZipEntry& entry : entries) order.push_back(&entry);
  std::sort(order.begin(), order.end(), [](auto* a, auto* b) { return a->headerAt < b->headerAt; });
  for (size_t i = 0; i < order.size(); ++i) {
    const uint64_t end = i + 1 < order.size() ? order[i + 1]->headerAt : directory.at;
    if (order[i]->dataAt + order[i]->compressed > end) {
      file.fail(ErrorCode::BadContainer, end, "expected zip entries that do not overlap each other or the directory");
    }
  }
  return entries;
}

SourcePtr openZipEntry(const SourcePtr& file, const ZipEntry& entry) {
  const std::string name = file->name();
  SourcePtr bytes = entry.method == 0 ? sliceOf(file, name, entry.dataAt, entry.size)
                                      : fromMemory(name, inflateRaw(*file, entry.dataAt, entry.compressed, entry.size));
  if (entry.crc != 0 && crc32Of(*bytes) != entry.crc) {
    file->fail(ErrorCode::BadChecksum, entry.dataAt,
               "expected the checksum that the zip directory gives for " + entry.name);
  }
  return bytes;
}

}  // namespace nb201
