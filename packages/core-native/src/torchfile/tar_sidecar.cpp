#include "torchfile/tar_sidecar.h"

#include <cstring>

#include "torchfile/checksum.h"

namespace nb201 {

namespace {

// To be raised whenever what the walk finds, or how it is laid out, changes.
constexpr uint32_t kVersion = 1;
constexpr char kMagic[8] = {'N', 'B', '2', '0', '1', 'T', 'A', 'R'};

struct Header {
  char magic[8];
  uint32_t version;
  uint32_t byteOrder;  // as this machine writes 0x01020304
  FileStamp stamp;
  uint64_t members;       // a row each, the names behind them
  uint64_t bodyChecksum;  // of rows and names
};
static_assert(sizeof(Header) == 56);

struct Row {
  uint64_t offset, size;
  uint32_t nameBytes, sparse;
};
static_assert(sizeof(Row) == 24);

Header headerFor(const FileStamp& stamp, uint64_t members) {
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.version = kVersion;
  header.byteOrder = 0x01020304;
  header.stamp = stamp;
  header.members = members;
  return header;
}

}  // namespace

std::vector<uint8_t> writeTarSidecar(const FileStamp& stamp, const std::vector<TarMember>& members) {
  std::vector<Row> rows;
  std::string names;
  for (const TarMember& member : members) {
    rows.push_back({member.offset, member.size, static_cast<uint32_t>(member.name.size()), member.sparse ? 1u : 0u});
    names += member.name;
  }
  Header header = headerFor(stamp, members.size());
  std::vector<uint8_t> out(sizeof header + rows.size() * sizeof(Row) + names.size());
  uint8_t* const body = out.data() + sizeof header;
  std::memcpy(body, rows.data(), rows.size() * sizeof(Row));
  std::memcpy(body + rows.size() * sizeof(Row), names.data(), names.size());
  header.bodyChecksum = checksum(body, out.size() - sizeof header);
  std::memcpy(out.data(), &header, sizeof header);
  return out;
}

std::optional<std::vector<TarMember>> readTarSidecar(const ByteSource& sidecar, const FileStamp& stamp,
                                                     Checksums checksums) {
  Header header;
  if (sidecar.size() < sizeof header) return std::nullopt;
  sidecar.read(0, &header, sizeof header);
  Header expected = headerFor(stamp, header.members);
  expected.bodyChecksum = header.bodyChecksum;
  if (std::memcmp(&header, &expected, sizeof header) != 0) return std::nullopt;
  const uint64_t bytes = sidecar.size() - sizeof header;
  if (header.members == 0 || header.members > bytes / sizeof(Row)) return std::nullopt;
  std::vector<uint8_t> body(static_cast<size_t>(bytes));
  sidecar.read(sizeof header, body.data(), body.size());
  if (checksums == Checksums::Verify && checksum(body.data(), body.size()) != header.bodyChecksum) return std::nullopt;

  std::vector<TarMember> members(static_cast<size_t>(header.members));
  size_t nameAt = members.size() * sizeof(Row);
  for (size_t i = 0; i < members.size(); ++i) {
    Row row;
    std::memcpy(&row, body.data() + i * sizeof row, sizeof row);
    if (row.size > stamp.size || row.offset > stamp.size - row.size || row.nameBytes > body.size() - nameAt) {
      return std::nullopt;
    }
    members[i].name.assign(reinterpret_cast<const char*>(body.data()) + nameAt, row.nameBytes);
    members[i].offset = row.offset;
    members[i].size = row.size;
    members[i].sparse = row.sparse != 0;
    nameAt += row.nameBytes;
  }
  if (nameAt != body.size()) return std::nullopt;
  return members;
}

}  // namespace nb201
