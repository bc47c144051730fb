#include "node/addon.h"

#include "node/archive.h"
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "node/benchmark_file.h"
#include "node/json_text.h"
#include "node/torch_file.h"
#include "node/torch_writer.h"

namespace nb201::node {

namespace {

// glibc maps large blocks by themselves and gives them back when they are freed, but each freed one raises the size
// from which it does so, up to 32 MB: after a while the numbers of a sweep, some MB a batch, stay in the heaps of all
// threads.
void giveBackLargeBlocks() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

}  // namespace

Addon::Addon(Napi::Env env, Napi::Object exports) {
  giveBackLargeBlocks();
  Archive::define(env, *this, exports);
  TorchFile::define(env, *this, exports);
  BenchmarkFile::define(env, *this, exports);
  TorchWriter::define(env, exports);
  DefineAddon(exports, {InstanceMethod("configure", &Addon::configure)});
  exports.Set("jsonText", Napi::Function::New(env, &jsonText));
  exports.Set("version", NB201_VERSION);
}

// configure({ tuple, fill, … }): the functions that make values which JavaScript has no type for.
Napi::Value Addon::configure(const Napi::CallbackInfo& info) {
  const Napi::Object from = info[0].As<Napi::Object>();
  const auto take = [&](const char* name) {
    const Napi::Value value = from.Get(name);
    if (!value.IsFunction()) throw Napi::TypeError::New(info.Env(), std::string("expected a function for ") + name);
    return Napi::Persistent(value.As<Napi::Function>());
  };
  factories_ =
      Factories{take("tuple"),   take("fill"),    take("dict"),   take("frozenSet"), take("complex"), take("dtype"),
                take("ndarray"), take("storage"), take("tensor"), take("global"),    take("object")};
  return info.Env().Undefined();
}

}  // namespace nb201::node

using NasBench201Addon = nb201::node::Addon;
NODE_API_ADDON(NasBench201Addon)
