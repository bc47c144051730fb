#include "node/archive.h"

#include "node/addon.h"
#include "node/promise_worker.h"
#include "node/values.h"

namespace nb201::node {

namespace {

class OpenWorker final : public PromiseWorker {
 public:
  OpenWorker(Napi::Env env, std::string name, std::vector<std::string> paths, Aborted aborted)
      : PromiseWorker(env), name_(std::move(name)), paths_(std::move(paths)), aborted_(std::move(aborted)) {}

 protected:
  void execute() override {
    std::vector<SourcePtr> parts;
    for (const std::string& path : paths_) parts.push_back(openFile(path));
    const SourcePtr bytes = parts.size() == 1 ? parts.front() : joinOf(name_, std::move(parts));
    archive_ = std::make_shared<TarArchive>(bytes, [this](uint64_t, uint64_t, size_t) { return !*aborted_; });
  }
  Napi::Value result(Napi::Env env) override { return Archive::wrap(env, std::move(archive_)); }

 private:
  std::string name_;
  std::vector<std::string> paths_;
  Aborted aborted_;
  std::shared_ptr<const TarArchive> archive_;
};

}  // namespace

void Archive::define(Napi::Env env, Addon& addon, Napi::Object exports) {
  const Napi::Function constructor =
      DefineClass(env, "Archive",
                  {StaticMethod("open", &Archive::open), InstanceMethod("directory", &Archive::directory),
                   InstanceMethod("size", &Archive::size), InstanceMethod("dispose", &Archive::dispose)});
  addon.archive = Napi::Persistent(constructor);
  exports.Set("Archive", constructor);
}

Archive::Archive(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Archive>(info) {
  if (info.Length() != 1 || !info[0].IsExternal())
    throw Napi::TypeError::New(info.Env(), "use Archive.open(name, paths)");
  archive_ = *info[0].As<Napi::External<std::shared_ptr<const TarArchive>>>().Data();
}

Napi::Object Archive::wrap(Napi::Env env, std::shared_ptr<const TarArchive> archive) {
  return Addon::of(env).archive.New({Napi::External<std::shared_ptr<const TarArchive>>::New(env, &archive)});
}

// open(name, paths): { promise, abort }. The paths are of the pieces of one archive, in their order.
Napi::Value Archive::open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsString() || !info[1].IsArray()) throw Napi::TypeError::New(env, "expected a name and paths");
  std::vector<std::string> paths;
  const auto from = info[1].As<Napi::Array>();
  for (uint32_t i = 0; i < from.Length(); ++i) paths.push_back(from.Get(i).ToString());
  if (paths.empty()) throw Napi::TypeError::New(env, "expected a path");
  const Aborted aborted = std::make_shared<std::atomic<bool>>(false);
  auto* worker = new OpenWorker(env, info[0].As<Napi::String>(), std::move(paths), aborted);
  return abortable(env, worker->start(), aborted);
}

// directory(): { names, offsets, sizes }, a member each, in the archive's order.
Napi::Value Archive::directory(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const size_t count = archive_ ? archive_->members().size() : 0;
  Napi::Array names = Napi::Array::New(env, count);
  Napi::Float64Array offsets = Napi::Float64Array::New(env, count), sizes = Napi::Float64Array::New(env, count);
  for (size_t i = 0; i < count; ++i) {
    const TarMember& member = archive_->members()[i];
    const Napi::HandleScope scope(env);
    names.Set(static_cast<uint32_t>(i), Napi::String::New(env, member.name));
    offsets[i] = static_cast<double>(member.offset);
    sizes[i] = static_cast<double>(member.size);
  }
  Napi::Object out = Napi::Object::New(env);
  out.Set("names", names);
  out.Set("offsets", offsets);
  out.Set("sizes", sizes);
  return out;
}

Napi::Value Archive::size(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), archive_ ? static_cast<double>(archive_->bytes()->size()) : 0);
}

// Members that are open keep the archive until they are closed.
Napi::Value Archive::dispose(const Napi::CallbackInfo& info) {
  archive_.reset();
  return info.Env().Undefined();
}

FileRequest FileRequest::from(const Napi::Value& value) {
  const Napi::Env env = value.Env();
  FileRequest request;
  if (value.IsString()) {
    request.path = value.As<Napi::String>();
    return request;
  }
  if (value.IsObject()) {
    const Napi::Object object = value.As<Napi::Object>();
    const Napi::Value archive = object.Get("archive"), member = object.Get("member");
    if (archive.IsObject() && archive.As<Napi::Object>().InstanceOf(Addon::of(env).archive.Value()) &&
        member.IsNumber()) {
      request.archive = Archive::Unwrap(archive.As<Napi::Object>())->archive();
      const double number = member.As<Napi::Number>();
      if (!request.archive) throw toJs(env, Error(ErrorCode::Disposed, "<closed>", 0, "the archive was closed"));
      if (number >= 0 && number < static_cast<double>(request.archive->members().size())) {
        request.member = static_cast<size_t>(number);
        return request;
      }
    }
  }
  throw Napi::TypeError::New(env, "expected a path, or an archive and the number of a member");
}

}  // namespace nb201::node
