#include "node/torch_file.h"

#include <algorithm>

#include "node/addon.h"
#include "node/archive.h"
#include "node/promise_worker.h"

namespace nb201::node {

namespace {

std::shared_ptr<TorchFile::Content> load(const SourcePtr& source, const ContainerLimits& limits) {
  auto content = std::make_shared<TorchFile::Content>(Container::open(source, limits));
  const Container& container = content->container;
  Container::StorageTypes types;
  uint64_t at = container.pickleAt();
  do {
    Container::Loaded loaded = container.load(content->graph, at);
    content->values.push_back(loaded.value);
    types.merge(loaded.types);
    at = loaded.end;
  } while (container.kind() == ContainerKind::Pickle && at < container.pickles()->size());
  content->storages = container.storages(types, at);
  return content;
}

class OpenWorker final : public PromiseWorker {
 public:
  OpenWorker(Napi::Env env, FileRequest file, ContainerLimits limits)
      : PromiseWorker(env), file_(std::move(file)), limits_(limits) {}

 protected:
  void execute() override { content_ = load(file_.open(), limits_); }
  Napi::Value result(Napi::Env env) override { return TorchFile::wrap(env, std::move(content_)); }

 private:
  FileRequest file_;
  ContainerLimits limits_;
  std::shared_ptr<TorchFile::Content> content_;
};

}  // namespace

ContainerLimits limitsFrom(const Napi::Value& options) {
  ContainerLimits limits;
  if (options.IsUndefined() || options.IsNull()) return limits;
  if (!options.IsObject()) throw Napi::TypeError::New(options.Env(), "expected limits as an object");
  const auto take = [&](const char* name, auto& to, double most) {
    const Napi::Value value = options.As<Napi::Object>().Get(name);
    if (value.IsUndefined()) return;
    const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
    if (!(number >= 0))
      throw Napi::TypeError::New(options.Env(), std::string("expected a number of 0 or more for ") + name);
    to = static_cast<std::decay_t<decltype(to)>>(std::min(number, most));
  };
  constexpr double kMaxSafeInteger = 9007199254740991;
  take("maxDecompressedBytes", limits.decompressed, kMaxSafeInteger);
  take("maxPickleBytes", limits.pickle, kMaxSafeInteger);
  take("threads", limits.threads, 64);
  take("maxDepth", limits.decode.depth, 10000);  // values are made by recursion, on stacks of a megabyte or more
  return limits;
}

void TorchFile::define(Napi::Env env, Addon& addon, Napi::Object exports) {
  const Napi::Function constructor =
      DefineClass(env, "TorchFile",
                  {StaticMethod("open", &TorchFile::open), InstanceMethod("values", &TorchFile::values),
                   InstanceMethod("describe", &TorchFile::describe), InstanceMethod("storage", &TorchFile::storage),
                   InstanceMethod("storagePlace", &TorchFile::storagePlace)});
  addon.torchFile = Napi::Persistent(constructor);
  exports.Set("TorchFile", constructor);
}

TorchFile::TorchFile(const Napi::CallbackInfo& info) : Napi::ObjectWrap<TorchFile>(info) {
  if (info.Length() != 1 || !info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "use TorchFile.open(path)");
  content_ = *info[0].As<Napi::External<std::shared_ptr<Content>>>().Data();
}

Napi::Object TorchFile::wrap(Napi::Env env, std::shared_ptr<Content> content) {
  return Addon::of(env).torchFile.New({Napi::External<std::shared_ptr<Content>>::New(env, &content)});
}

// open(path or member, limits?) or open(bytes, limits?): a promise of a TorchFile.
Napi::Value TorchFile::open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsTypedArray()) return (new OpenWorker(env, FileRequest::from(info[0]), limitsFrom(info[1])))->start();
  return guarded(env, [&]() -> Napi::Value {
    const auto array = info[0].As<Napi::Uint8Array>();
    std::vector<uint8_t> bytes(array.Data(), array.Data() + array.ByteLength());
    return wrap(env, load(fromMemory("<memory>", std::move(bytes)), limitsFrom(info[1])));
  });
}

Napi::Value TorchFile::values(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  ValueWriter writer(env, Addon::of(env).factories(), info.This());
  Napi::Array out = Napi::Array::New(env, content_->values.size());
  for (size_t i = 0; i < content_->values.size(); ++i)
    out.Set(static_cast<uint32_t>(i), writer.write(content_->values[i]));
  return out;
}

Napi::Value TorchFile::describe(const Napi::CallbackInfo& info) {
  Napi::Object out = Napi::Object::New(info.Env());
  out.Set("container", containerName(content_->container.kind()));
  out.Set("bzip2", content_->container.bzip2());
  out.Set("pickles", static_cast<double>(content_->values.size()));
  return out;
}

// storage(key): all its bytes.
Napi::Value TorchFile::storage(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsString()) throw Napi::TypeError::New(env, "expected a storage's key");
  return guarded(env, [&] {
    const SourcePtr bytes = content_->container.openStorage(content_->storages, info[0].As<Napi::String>());
    Napi::Uint8Array out = Napi::Uint8Array::New(env, static_cast<size_t>(bytes->size()));
    bytes->read(0, out.Data(), out.ByteLength());
    return out;
  });
}

Napi::Value placeToJs(Napi::Env env, const std::string& path, const std::optional<Container::FilePlace>& place) {
  if (!place) return env.Undefined();
  Napi::Object out = Napi::Object::New(env);
  out.Set("path", path);
  out.Set("offset", static_cast<double>(place->offset));
  out.Set("size", static_cast<double>(place->size));
  return out;
}

// storagePlace(key): where all its bytes lie in the file.
Napi::Value TorchFile::storagePlace(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsString()) throw Napi::TypeError::New(env, "expected a storage's key");
  const Container& container = content_->container;
  return placeToJs(env, container.file()->name(),
                   container.storageInFile(content_->storages, info[0].As<Napi::String>()));
}

}  // namespace nb201::node
