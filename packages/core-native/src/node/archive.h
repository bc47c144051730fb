#pragma once

#include <memory>
#include <string>

#include "node/napi.h"
#include "torchfile/tar.h"

namespace nb201::node {

class Addon;

// A tar archive that is open: its directory, and nothing of its members.
class Archive : public Napi::ObjectWrap<Archive> {
 public:
  static void define(Napi::Env env, Addon& addon, Napi::Object exports);
  explicit Archive(const Napi::CallbackInfo& info);
  static Napi::Object wrap(Napi::Env env, std::shared_ptr<const TarArchive> archive);

  const std::shared_ptr<const TarArchive>& archive() const { return archive_; }

 private:
  static Napi::Value open(const Napi::CallbackInfo& info);
  Napi::Value directory(const Napi::CallbackInfo& info);
  Napi::Value size(const Napi::CallbackInfo& info);
  Napi::Value openedWith(const Napi::CallbackInfo& info);
  Napi::Value sideCar(const Napi::CallbackInfo& info);
  Napi::Value dispose(const Napi::CallbackInfo& info);

  std::shared_ptr<const TarArchive> archive_;
};

// What JavaScript names a file by: a path, or { archive, member: number } for one that lies in an archive.
struct FileRequest {
  std::string path;
  std::shared_ptr<const TarArchive> archive;
  size_t member = 0;

  static FileRequest from(const Napi::Value& value);
  SourcePtr open() const { return archive ? archive->open(member) : openFile(path); }
};

}  // namespace nb201::node
