#include "node/torch/addon.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/version.h>

#include "networks/device.h"
#include "networks/tensor_memory.h"
#include "node/torch/device_tensor.h"
#include "node/torch/image_loader.h"
#include "node/torch/image_set.h"
#include "node/torch/network.h"
#include "node/torch/sgd.h"
#include "node/torch/trainer.h"
#include "node/torch/weight_sharing.h"

namespace nb201::node {

TorchAddon::TorchAddon(Napi::Env env, Napi::Object exports) : compute_(env) {
  networks::keepFreedBlocks();
  DeviceTensor::define(env, *this, exports);
  Network::define(env, *this, exports);
  Sgd::define(env, *this, exports);
  WeightSharing::define(env, *this, exports);
  ImageSet::define(env, *this, exports);
  ImageLoader::define(env, *this, exports);
  Trainer::define(env, *this, exports);
  exports.Set("learningRates", Napi::Function::New(env, learningRates));
  DefineAddon(exports,
              {InstanceMethod("info", &TorchAddon::info), InstanceMethod("setThreads", &TorchAddon::setThreads),
               InstanceMethod("limitMemory", &TorchAddon::limitMemory), InstanceMethod("stop", &TorchAddon::stop)});
  exports.Set("version", NB201_VERSION);
}

// info(): what a bug report needs.
Napi::Value TorchAddon::info(const Napi::CallbackInfo& info) {
  struct Info {
    std::string config;
    int threads;
    networks::CudaState cuda;
  };
  return compute_.start(
      info.Env(), /*lane=*/0,
      [](const networks::Checkpoint&) {
        return Info{at::show_config(), at::get_num_threads(), networks::cudaState()};
      },
      [](Napi::Env env, const Info& made) {
        Napi::Object out = Napi::Object::New(env);
        out.Set("compiledFor", TORCH_VERSION);
#ifdef NB201_PREBUILT
        out.Set("from", "prebuilt");
        out.Set("root", "");
#else
        out.Set("from", NB201_LIBTORCH_FROM);
        out.Set("root", NB201_LIBTORCH_ROOT);
#endif
#ifdef _GLIBCXX_USE_CXX11_ABI
        out.Set("cxx11Abi", _GLIBCXX_USE_CXX11_ABI != 0);
#else
        out.Set("cxx11Abi", true);
#endif
        out.Set("cxxStandard", static_cast<double>(__cplusplus / 100 % 100));
        out.Set("config", made.config);
        out.Set("threads", made.threads);
        out.Set("cudaDevices", made.cuda.devices);
        out.Set("cudaReason", made.cuda.reason);
        return out;
      });
}

// setThreads(n, lane): of one operation.
Napi::Value TorchAddon::setThreads(const Napi::CallbackInfo& info) {
  const int threads = info[0].As<Napi::Number>();
  return compute_.start(info.Env(), info[1].As<Napi::Number>().Uint32Value(),
                        [threads](const networks::Checkpoint&) { at::set_num_threads(threads); });
}

// limitMemory(bytes): of tensors on the CPU; 0: none.
Napi::Value TorchAddon::limitMemory(const Napi::CallbackInfo& info) {
  networks::limitTensorMemory(static_cast<size_t>(info[0].As<Napi::Number>().Int64Value()));
  return info.Env().Undefined();
}

// stop(): ends all work, to be called when the process exits: process.exit() runs no hooks of addons.
Napi::Value TorchAddon::stop(const Napi::CallbackInfo& info) {
  compute_.stop();
  return info.Env().Undefined();
}

}  // namespace nb201::node

using NasBench201TorchAddon = nb201::node::TorchAddon;
NODE_API_ADDON(NasBench201TorchAddon)
