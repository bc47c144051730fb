#include "node/archive.h"

#include "node/addon.h"
#include "node/sidecar_worker.h"
#include "node/values.h"

namespace nb201::node {

namespace {

class OpenWorker final : public PromiseWorker {
 public:
  OpenWorker(Napi::Env env, std::string name, std::vector<std::string> paths, std::vector<std::string> sidecars,
             Aborted aborted)
      : PromiseWorker(env),
        name_(std::move(name)),
        paths_(std::move(paths)),
        sidecars_(std::move(sidecars)),
        aborted_(std::move(aborted)) {}

 protected:
  void execute() override {
    archive_ = TarArchive::open(
        name_, paths_, [this](uint64_t, uint64_t, size_t) { return !*aborted_; }, sidecars_);
  }
  Napi::Value result(Napi::Env env) override { return Archive::wrap(env, std::move(archive_)); }

 private:
  std::string name_;
  std::vector<std::string> paths_, sidecars_;
  Aborted aborted_;
  std::shared_ptr<const TarArchive> archive_;
};

}  // namespace

void Archive::define(Napi::Env env, Addon& addon, Napi::Object exports) {
  const Napi::Function constructor =
      DefineClass(env, "Archive",
                  {StaticMethod("open", &Archive::open), InstanceMethod("directory", &Archive::directory),
                   InstanceMethod("size", &Archive::size), InstanceMethod("openedWith", &Archive::openedWith),
                   InstanceMethod("sideCar", &Archive::sideCar), InstanceMethod("dispose", &Archive::dispose)});
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

// open(name, paths, sidecars): { promise, abort }. The paths are of the pieces of one archive, in their order.
Napi::Value Archive::open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsString()) throw Napi::TypeError::New(env, "expected a name and paths");
  std::vector<std::string> paths = textsOf(info[1]);
  if (paths.empty()) throw Napi::TypeError::New(env, "expected a path");
  const Aborted aborted = std::make_shared<std::atomic<bool>>(false);
  auto* worker = new OpenWorker(env, info[0].As<Napi::String>(), std::move(paths), textsOf(info[2]), aborted);
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

// openedWith(): the path of the side-car that it was opened with; null where it was walked.
Napi::Value Archive::openedWith(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return archive_ && !archive_->openedWith().empty() ? textToJs(env, archive_->openedWith()) : env.Null();
}

// sideCar(): a promise of its bytes; of null where there is nothing to keep.
Napi::Value Archive::sideCar(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!archive_) throw toJs(env, Error(ErrorCode::Disposed, "<closed>", 0, "the archive was closed"));
  return (new SidecarWorker(env, [archive = archive_] { return archive->sidecar(); }))->start();
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
