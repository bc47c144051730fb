#include "node/torch/network.h"

#include <ATen/ops/rand.h>
#include <c10/core/GradMode.h>

#include <chrono>
#include <cstring>

#include "networks/device.h"
#include "networks/no_tracking.h"
#include "networks/state_file.h"
#include "networks/stored_tensor.h"
#include "node/torch/addon.h"
#include "node/torch/batch.h"
#include "node/torch/device_tensor.h"
#include "pickle/source.h"

namespace nb201::node {

namespace {

constexpr napi_type_tag kTag{0x6e623230316e6574, 0x41c7d90e5b8a4f32};

using networks::Checkpoint;
using networks::NoTracking;
using networks::Pass;
using SharedNetwork = std::shared_ptr<networks::Network>;

Pass passFrom(const Napi::Value& value) {
  const std::string name = value.As<Napi::String>();
  return name == "train" ? Pass::Training : name == "exact" ? Pass::Evaluation : Pass::Inference;
}

TensorType typeFrom(Napi::Env env, const std::string& name) {
  for (int i = 0; i <= static_cast<int>(TensorType::Untyped); ++i) {
    if (name == typeName(static_cast<TensorType>(i))) return static_cast<TensorType>(i);
  }
  throw Napi::TypeError::New(env, "no tensor's type: " + name);
}

// A stretch of a file that is opened where it is needed.
struct Place {
  std::string path;
  uint64_t offset, size;
};

struct Given {
  std::vector<networks::StoredTensor> tensors;
  std::vector<size_t> storage;   // of each tensor
  std::vector<SourcePtr> bytes;  // of each storage; null where it is in a file
  std::vector<Place> places;
};

Given given(const Napi::Object& from) {
  const Napi::Env env = from.Env();
  Given out;
  const Napi::Array storages = from.Get("storages").As<Napi::Array>();
  for (uint32_t i = 0; i < storages.Length(); ++i) {
    const Napi::Object storage = storages.Get(i).As<Napi::Object>();
    if (storage.IsTypedArray()) {
      const auto array = storage.As<Napi::Uint8Array>();
      out.bytes.push_back(fromMemory("<memory>", {array.Data(), array.Data() + array.ByteLength()}));
      out.places.emplace_back();
    } else {
      const auto number = [&](const char* name) {
        return static_cast<uint64_t>(storage.Get(name).As<Napi::Number>().DoubleValue());
      };
      out.bytes.push_back(nullptr);
      out.places.push_back({storage.Get("path").As<Napi::String>(), number("offset"), number("size")});
    }
  }
  const Napi::Array tensors = from.Get("tensors").As<Napi::Array>();
  for (uint32_t i = 0; i < tensors.Length(); ++i) {
    const Napi::Object tensor = tensors.Get(i).As<Napi::Object>();
    networks::StoredTensor stored;
    stored.name = tensor.Get("name").As<Napi::String>();
    stored.type = typeFrom(env, tensor.Get("dtype").As<Napi::String>());
    stored.shape = integers(tensor.Get("shape"));
    stored.stride = integers(tensor.Get("stride"));
    stored.offset = tensor.Get("offset").As<Napi::Number>();
    out.tensors.push_back(std::move(stored));
    out.storage.push_back(tensor.Get("storage").As<Napi::Number>().Uint32Value());
  }
  return out;
}

// Opens each file once and gives the tensors their bytes.
std::vector<networks::StoredTensor> opened(Given from) {
  std::unordered_map<std::string, SourcePtr> files;
  for (size_t i = 0; i < from.tensors.size(); ++i) {
    SourcePtr& bytes = from.bytes[from.storage[i]];
    if (!bytes) {
      const Place& place = from.places[from.storage[i]];
      SourcePtr& file = files[place.path];
      if (!file) file = openFile(place.path);
      bytes = sliceOf(file, place.path, place.offset, place.size);
    }
    from.tensors[i].bytes = bytes;
  }
  return std::move(from.tensors);
}

struct Pair {
  at::Tensor features, logits;
};

}  // namespace

void Network::define(Napi::Env env, TorchAddon& addon, Napi::Object exports) {
  const Napi::Function constructor =
      DefineClass(env, "Network",
                  {StaticMethod("create", &Network::create), InstanceMethod("load", &Network::load),
                   InstanceMethod("loadFile", &Network::loadFile), InstanceMethod("state", &Network::state),
                   InstanceMethod("to", &Network::to), InstanceMethod("forward", &Network::forward),
                   InstanceMethod("evaluate", &Network::evaluate), InstanceMethod("latency", &Network::latency),
                   InstanceMethod("dispose", &Network::dispose)});
  addon.network = Napi::Persistent(constructor);
  exports.Set("Network", constructor);
}

Network::Network(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Network>(info) {
  if (info.Length() != 1 || !info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "use Network.create()");
  network_ = *info[0].As<Napi::External<SharedNetwork>>().Data();
  info.This().As<Napi::Object>().TypeTag(&kTag);
  for (const networks::Weight& weight : network_->weights().all())
    reported_ += static_cast<int64_t>(weight.tensor.nbytes());
  Napi::MemoryManagement::AdjustExternalMemory(info.Env(), reported_);
}

Network::~Network() { release(Env()); }

void Network::release(Napi::BasicEnv env) {
  if (reported_ != 0) Napi::MemoryManagement::AdjustExternalMemory(env, -reported_);
  reported_ = 0;
  network_.reset();
}

SharedNetwork Network::from(const Napi::Value& value) {
  const Napi::Env env = value.Env();
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kTag))
    throw Napi::TypeError::New(env, "expected a network");
  SharedNetwork network = Unwrap(value.As<Napi::Object>())->network_;
  if (!network) throw disposed(env, "network");
  return network;
}

// create({ channels, operations, classes, seed }): a promise of a Network on the CPU.
Napi::Value Network::create(const Napi::CallbackInfo& info) {
  const Napi::Object from = info[0].As<Napi::Object>();
  networks::NetworkShape shape;
  shape.channels = integers(from.Get("channels"));
  const std::vector<int64_t> operations = integers(from.Get("operations"));
  for (size_t e = 0; e < networks::kEdges; ++e) {
    shape.operations[e] =
        static_cast<networks::Operation>(operations.at(e) % static_cast<int64_t>(networks::kOperations));
  }
  shape.classes = from.Get("classes").As<Napi::Number>();
  const auto seed = static_cast<uint64_t>(from.Get("seed").As<Napi::Number>().Int64Value());
  return onCompute(
      info.Env(), [shape, seed](const Checkpoint&) { return std::make_shared<networks::Network>(shape, seed); },
      [](Napi::Env env, SharedNetwork made) {
        return TorchAddon::of(env).network.New({Napi::External<SharedNetwork>::New(env, &made)});
      });
}

// load({ storages: (Uint8Array | { path, offset, size })[], tensors: { name, dtype, shape, stride, offset, storage }[]
// })
Napi::Value Network::load(const Napi::CallbackInfo& info) {
  return onCompute(
      info.Env(),
      [network = from(info.This()), tensors = given(info[0].As<Napi::Object>())](const Checkpoint&) {
        network->load(opened(tensors));
      },
      [](Napi::Env env) { return env.Undefined(); });
}

// loadFile(path): of a file that holds a state dict.
Napi::Value Network::loadFile(const Napi::CallbackInfo& info) {
  return onCompute(
      info.Env(),
      [network = from(info.This()), path = info[0].As<Napi::String>().Utf8Value()](const Checkpoint&) {
        network->load(networks::readStateFile(path));
      },
      [](Napi::Env env) { return env.Undefined(); });
}

// state(): a promise of { name, dtype, shape, parameter, bytes } of each weight, in the reference's order.
Napi::Value Network::state(const Napi::CallbackInfo& info) {
  return onCompute(
      info.Env(),
      [network = from(info.This())](const Checkpoint&) {
        const c10::NoGradGuard noGrad;
        std::vector<networks::Weight> out;
        for (const networks::Weight& weight : network->weights().all()) {
          out.push_back({weight.name, weight.tensor.detach().to(at::kCPU).contiguous().clone(), weight.parameter});
        }
        return out;
      },
      [](Napi::Env env, const std::vector<networks::Weight>& weights) {
        Napi::Array out = Napi::Array::New(env, weights.size());
        for (size_t i = 0; i < weights.size(); ++i) {
          const at::Tensor& tensor = weights[i].tensor;
          Napi::Uint8Array bytes = Napi::Uint8Array::New(env, tensor.nbytes());
          std::memcpy(bytes.Data(), tensor.data_ptr(), tensor.nbytes());
          Napi::Object entry = Napi::Object::New(env);
          entry.Set("name", weights[i].name);
          entry.Set("dtype", networks::typeName(tensor.scalar_type()));
          entry.Set("shape", numbers(env, tensor.sizes()));
          entry.Set("parameter", weights[i].parameter);
          entry.Set("bytes", bytes);
          out.Set(static_cast<uint32_t>(i), entry);
        }
        return out;
      });
}

// to(device): a promise of the device's full name.
Napi::Value Network::to(const Napi::CallbackInfo& info) {
  return onCompute(
      info.Env(),
      [network = from(info.This()), name = info[0].As<Napi::String>().Utf8Value()](const Checkpoint&) {
        network->to(networks::deviceNamed(name));
        return network->device().str();
      },
      [](Napi::Env env, const std::string& name) { return Napi::String::New(env, name); });
}

// forward(images, pass, keep): a promise of { features, logits }, as handles where `keep`.
Napi::Value Network::forward(const Napi::CallbackInfo& info) {
  const bool keep = info[2].ToBoolean();
  return onCompute(
      info.Env(),
      [network = from(info.This()), images = DeviceTensor::from(info[0]), pass = passFrom(info[1]),
       keep](const Checkpoint& checkpoint) {
        const NoTracking guard;
        const auto [features, logits] = network->forward(images.to(network->device()), pass, checkpoint);
        if (keep) return Pair{features, logits};
        return Pair{features.to(at::kCPU).contiguous(), logits.to(at::kCPU).contiguous()};
      },
      [keep](Napi::Env env, const Pair& made) {
        const auto value = [&](const at::Tensor& tensor) {
          return keep ? DeviceTensor::wrap(env, tensor) : arrayOf(env, tensor);
        };
        Napi::Object out = Napi::Object::New(env);
        out.Set("features", value(made.features));
        out.Set("logits", value(made.logits));
        return out;
      });
}

// evaluate(images, labels, pass): a promise of the batch's metrics.
Napi::Value Network::evaluate(const Napi::CallbackInfo& info) {
  return onCompute(
      info.Env(),
      [network = from(info.This()), images = DeviceTensor::from(info[0]), labels = labelsFrom(info[1]),
       pass = passFrom(info[2])](const Checkpoint& checkpoint) {
        const NoTracking guard;
        checkLabels(labels, images, network->classes());
        const auto [features, logits] = network->forward(images.to(network->device()), pass, checkpoint);
        const at::Tensor onDevice = labels.to(network->device());
        return training::metricsOf(training::crossEntropy(logits, onDevice), logits, onDevice);
      },
      [](Napi::Env env, const training::BatchMetrics& metrics) { return toJs(env, metrics); });
}

// latency(shape, batches, pass): a promise of the seconds that each batch of random images takes, forward and loss.
Napi::Value Network::latency(const Napi::CallbackInfo& info) {
  return onCompute(
      info.Env(),
      [network = from(info.This()), shape = integers(info[0]), batches = info[1].As<Napi::Number>().Int32Value(),
       pass = passFrom(info[2])](const Checkpoint& checkpoint) {
        const NoTracking guard;
        const at::Tensor images = at::rand(shape).to(network->device());
        const at::Tensor labels = at::rand({shape[0]}).mul(network->classes()).to(at::kLong).to(network->device());
        std::vector<double> seconds;
        for (int i = 0; i < batches; ++i) {
          const auto start = std::chrono::steady_clock::now();
          const at::Tensor loss = training::crossEntropy(network->forward(images, pass, checkpoint).logits, labels);
          // The number is waited for: on a GPU work is only queued before.
          (void)loss.item<float>();
          seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
        }
        return seconds;
      },
      [](Napi::Env env, const std::vector<double>& seconds) {
        Napi::Float64Array out = Napi::Float64Array::New(env, seconds.size());
        for (size_t i = 0; i < seconds.size(); ++i) out[i] = seconds[i];
        return out;
      });
}

Napi::Value Network::dispose(const Napi::CallbackInfo& info) {
  release(info.Env());
  return info.Env().Undefined();
}

}  // namespace nb201::node
