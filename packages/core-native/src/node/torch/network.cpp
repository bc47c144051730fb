#include "node/torch/network.h"

#include <ATen/ops/rand.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <chrono>

#include "networks/device.h"
#include "networks/lane_stream.h"
#include "networks/no_tracking.h"
#include "networks/state_file.h"
#include "node/torch/addon.h"
#include "node/torch/batch.h"
#include "node/torch/device_tensor.h"
#include "node/torch/state.h"

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

// { channelsLast: boolean, autocast: 'float16' | 'bfloat16', graph: boolean }, each of which may be undefined.
networks::Arithmetic arithmeticFrom(const Napi::Value& value) {
  networks::Arithmetic out;
  if (!value.IsObject()) return out;
  const Napi::Object from = value.As<Napi::Object>();
  if (from.Get("channelsLast").IsBoolean()) out.channelsLast = from.Get("channelsLast").ToBoolean();
  if (from.Get("autocast").IsString()) {
    out.autocast = from.Get("autocast").As<Napi::String>().Utf8Value() == "float16" ? at::kHalf : at::kBFloat16;
  }
  out.graph = from.Get("graph").ToBoolean();
  return out;
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
  if (info.Length() != 2 || !info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "use Network.create()");
  network_ = *info[0].As<Napi::External<SharedNetwork>>().Data();
  lane_ = info[1].As<Napi::Number>().Uint32Value();
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

size_t Network::laneOf(const Napi::Value& value) {
  from(value);
  return Unwrap(value.As<Napi::Object>())->lane_;
}

// create({ channels, operations, classes, seed, lane }): a promise of a Network on the CPU.
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
  const uint32_t lane = from.Get("lane").As<Napi::Number>();
  return onLane(
      info.Env(), lane, [shape, seed](const Checkpoint&) { return std::make_shared<networks::Network>(shape, seed); },
      [lane](Napi::Env env, SharedNetwork made) {
        return TorchAddon::of(env).network.New(
            {Napi::External<SharedNetwork>::New(env, &made), Napi::Number::New(env, lane)});
      });
}

// load({ storages: (Uint8Array | { path, offset, size })[], tensors: { name, dtype, shape, stride, offset, storage }[]
// })
Napi::Value Network::load(const Napi::CallbackInfo& info) {
  return onLane(info.Env(), lane_,
                [network = from(info.This()), tensors = GivenState(info[0].As<Napi::Object>())](
                    const Checkpoint&) mutable { network->load(tensors.opened()); });
}

// loadFile(path): of a file that holds a state dict.
Napi::Value Network::loadFile(const Napi::CallbackInfo& info) {
  return onLane(info.Env(), lane_,
                [network = from(info.This()), path = info[0].As<Napi::String>().Utf8Value()](const Checkpoint&) {
                  network->load(networks::readStateFile(path));
                });
}

// state(): a promise of { name, dtype, shape, parameter, bytes } of each weight, in the reference's order.
Napi::Value Network::state(const Napi::CallbackInfo& info) {
  return onLane(
      info.Env(), lane_,
      [network = from(info.This())](const Checkpoint&) {
        const c10::NoGradGuard noGrad;
        std::vector<networks::Weight> out;
        for (const networks::Weight& weight : network->weights().all()) {
          out.push_back({weight.name, networks::copied(weight.tensor), weight.parameter});
        }
        return out;
      },
      [](Napi::Env env, const std::vector<networks::Weight>& weights) { return weightsToJs(env, weights); });
}

// to(device): a promise of the device's full name.
Napi::Value Network::to(const Napi::CallbackInfo& info) {
  return onLane(
      info.Env(), lane_,
      [network = from(info.This()), name = info[0].As<Napi::String>().Utf8Value(), lane = lane_](const Checkpoint&) {
        const c10::Device device = networks::deviceNamed(name);
        if (lane != 0) networks::LaneStream::use(device);
        network->to(device);
        return network->device().str();
      },
      [](Napi::Env env, const std::string& name) { return Napi::String::New(env, name); });
}

// forward(images, pass, keep, arithmetic): a promise of { features, logits }, as handles where `keep`.
Napi::Value Network::forward(const Napi::CallbackInfo& info) {
  const bool keep = info[2].ToBoolean();
  return onLane(
      info.Env(), lane_,
      [network = from(info.This()), images = DeviceTensor::from(info[0]), pass = passFrom(info[1]), keep,
       arithmetic = arithmeticFrom(info[3])](const Checkpoint& checkpoint) {
        const NoTracking guard;
        const auto [features, logits] = network->forward(images.to(network->device()), pass, checkpoint, arithmetic);
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

// evaluate(images, labels, pass, arithmetic): a promise of the batch's metrics.
Napi::Value Network::evaluate(const Napi::CallbackInfo& info) {
  return onLane(
      info.Env(), lane_,
      [network = from(info.This()), images = DeviceTensor::from(info[0]), labels = labelsFrom(info[1]),
       pass = passFrom(info[2]), arithmetic = arithmeticFrom(info[3])](const Checkpoint& checkpoint) {
        const NoTracking guard;
        checkLabels(labels, images, network->classes());
        const auto [features, logits] = network->forward(images.to(network->device()), pass, checkpoint, arithmetic);
        const at::Tensor onDevice = labels.to(network->device());
        return training::metricsOf(training::crossEntropy(logits, onDevice), logits, onDevice);
      },
      [](Napi::Env env, const training::BatchMetrics& metrics) { return toJs(env, metrics); });
}

// latency(shape, batches, pass, arithmetic): a promise of the seconds that each batch of random images takes, forward
// and loss.
Napi::Value Network::latency(const Napi::CallbackInfo& info) {
  return onLane(
      info.Env(), lane_,
      [network = from(info.This()), shape = integers(info[0]), batches = info[1].As<Napi::Number>().Int32Value(),
       pass = passFrom(info[2]), arithmetic = arithmeticFrom(info[3])](const Checkpoint& checkpoint) {
        const NoTracking guard;
        const at::Tensor images = at::rand(shape).to(network->device());
        const at::Tensor labels = at::rand({shape[0]}).mul(network->classes()).to(at::kLong).to(network->device());
        std::vector<double> seconds;
        for (int i = 0; i < batches; ++i) {
          const auto start = std::chrono::steady_clock::now();
          const at::Tensor logits = network->forward(images, pass, checkpoint, arithmetic).logits;
          const at::Tensor loss = training::crossEntropy(logits, labels);
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
