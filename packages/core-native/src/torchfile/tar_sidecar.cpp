#include "torchfile/tar_sidecar.h"

#include "torchfile/sidecar_format.h"

namespace nb201 {

namespace {

// To be raised whenever what the walk finds, or how it is laid out, changes.
constexpr uint32_t kVersion = 1;
constexpr char kMagic[] = "NB201TAR";

struct Row {
  uint64_t offset, size, sparse;
};
static_assert(sizeof(Row) == 24);

}  // namespace

std::vector<uint8_t> writeTarSidecar(const FileStamp& stamp, const std::vector<TarMember>& members) {
  std::vector<Row> rows;
  std::vector<std::string> names;
  for (const TarMember& member : members) {
    rows.push_back({member.offset, member.size, member.sparse ? 1u : 0u});
    names.push_back(member.name);
  }
  SidecarWriter out(kMagic, kVersion, stamp);
  out.add(rows);
  out.add(names);
  return out.finish();
}

std::optional<std::vector<TarMember>> readTarSidecar(SourcePtr sidecar, const FileStamp& stamp, uint64_t size,
                                                     Checksums checksums) try {
  SidecarReader in(std::move(sidecar), kMagic, kVersion, stamp, checksums);
  std::vector<Row> rows;
  std::vector<std::string> names;
  in.take(rows);
  in.take(names);
  in.finish();
  believe(!rows.empty() && rows.size() == names.size());
  std::vector<TarMember> members;
  for (size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    believe(row.size <= size && row.offset <= size - row.size);
    members.push_back({std::move(names[i]), row.offset, row.size, row.sparse != 0});
  }
  return members;
} catch (const NotBelieved&) {
  return std::nullopt;
} catch (const Error&) {  // it cannot be read
  return std::nullopt;
}

}  // namespace nb201
