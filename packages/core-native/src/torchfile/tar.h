// A tar archive that stays as it is: where its members lie, and each as a file of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pickle/source.h"
#include "torchfile/stamp.h"

namespace nb201 {

struct TarMember {
  std::string name;
  uint64_t offset = 0;  // of its data, in the archive
  uint64_t size = 0;
  bool sparse = false;  // its zeros are left out: it cannot be read where it lies
};

// Called now and then with the bytes behind, the bytes in all and the members found; the walk ends with ABORTED once it
// returns false.
using TarProgress = std::function<bool(uint64_t bytes, uint64_t total, size_t members)>;

// The regular files of an archive in its order, from their headers alone: one small read a member. ustar, GNU's and
// PAX's long names and sizes. Throws where a header is damaged or the archive ends before it says so.
std::vector<TarMember> readTarDirectory(const ByteSource& archive, const TarProgress& progress = nullptr);

class TarArchive {
 public:
  // Walks it, unless one of the side-cars, the best place first, still tells what a walk would find. None named: none
  // is read, and none to be kept.
  static std::shared_ptr<const TarArchive> open(const std::string& name, const std::vector<std::string>& paths,
                                                const TarProgress& progress, const std::vector<std::string>& sidecars);
  explicit TarArchive(SourcePtr bytes, const TarProgress& progress = nullptr)
      : TarArchive(bytes, readTarDirectory(*bytes, progress)) {}

  const SourcePtr& bytes() const { return bytes_; }
  const std::vector<TarMember>& members() const { return members_; }
  // A member as a file: its errors name the archive and the member, its offsets begin with the member.
  SourcePtr open(size_t member) const;

  // The side-car that the members were read from; empty where the archive was walked.
  const std::string& openedWith() const { return openedWith_; }
  // The bytes of a side-car to keep; empty where there is none to be kept, or the archive is no longer what was walked.
  std::vector<uint8_t> sidecar() const;

 private:
  TarArchive(SourcePtr bytes, std::vector<TarMember> members)
      : bytes_(std::move(bytes)), members_(std::move(members)) {}

  SourcePtr bytes_;
  std::vector<TarMember> members_;
  std::vector<std::string> paths_;  // of the pieces; empty where nothing is to be kept
  FileStamp stamp_;
  std::string openedWith_;
};

}  // namespace nb201
