#include "node/torch/weight_sharing.h"

#include "networks/device.h"
#include "node/torch/addon.h"
#include "node/torch/batch.h"
#include "node/torch/device_tensor.h"
#include "node/torch/state.h"

namespace nb201::node {

namespace {

using networks::CellOperations;
using networks::Checkpoint;
using networks::kEdges;
using networks::kOperations;
using PassOptions = training::WeightSharing::PassOptions;

double number(const Napi::Object& from, const char* name) { return from.Get(name).As<Napi::Number>(); }

// 'mixture'; the temperature of Gumbel's choice; the operations of one cell, or of each.
networks::Choice choiceFrom(const Napi::Value& value) {
  if (value.IsString()) return networks::Mixture{};
  if (value.IsNumber()) return networks::Gumbel{value.As<Napi::Number>()};
  const auto given = value.As<Napi::Int32Array>();
  networks::Cells out;
  for (size_t i = 0; i + kEdges <= given.ElementLength(); i += kEdges) {
    CellOperations& cell = out.each.emplace_back();
    for (size_t edge = 0; edge < kEdges; ++edge) {
      cell[edge] = static_cast<networks::Operation>(static_cast<uint32_t>(given[i + edge]) % kOperations);
    }
  }
  return out;
}

Napi::Int32Array toJs(Napi::Env env, const std::vector<CellOperations>& cells) {
  Napi::Int32Array out = Napi::Int32Array::New(env, cells.size() * kEdges);
  for (size_t i = 0; i < out.ElementLength(); ++i) out[i] = static_cast<int32_t>(cells[i / kEdges][i % kEdges]);
  return out;
}

training::LabelledImages batchFrom(const Napi::Value& value) {
  const Napi::Object from = value.As<Napi::Object>();
  return {DeviceTensor::from(from.Get("images")), labelsFrom(from.Get("labels"))};
}

training::LabelledImages onDevice(const training::LabelledImages& batch, networks::Supernet& supernet) {
  checkLabels(batch.labels, batch.images, supernet.classes());
  return {batch.images.to(supernet.device()), batch.labels.to(supernet.device())};
}

training::WeightSharingOptions optionsFrom(const Napi::Object& from) {
  training::WeightSharingOptions out;
  out.shape.channels = from.Get("channels").As<Napi::Number>();
  out.shape.cells = from.Get("cells").As<Napi::Number>();
  out.shape.classes = from.Get("classes").As<Napi::Number>();
  out.shape.norms.affine = from.Get("affine").ToBoolean();
  out.shape.norms.tracked = from.Get("tracked").ToBoolean();
  out.shape.generic = from.Get("generic").ToBoolean();
  out.shape.architectureDraws = from.Get("architectureDraws").As<Napi::Number>();
  out.seed = static_cast<uint64_t>(from.Get("seed").As<Napi::Number>().Int64Value());
  out.controller = from.Get("controller").ToBoolean();
  const Napi::Object sgd = from.Get("sgd").As<Napi::Object>();
  out.sgd.momentum = number(sgd, "momentum");
  out.sgd.weightDecay = number(sgd, "weightDecay");
  out.sgd.channelsLast = sgd.Get("channelsLast").ToBoolean();
  out.sgd.nesterov = sgd.Get("nesterov").ToBoolean();
  const Napi::Object adam = from.Get("adam").As<Napi::Object>();
  out.adam.learningRate = number(adam, "learningRate");
  out.adam.beta1 = number(adam, "beta1");
  out.adam.beta2 = number(adam, "beta2");
  out.adam.epsilon = number(adam, "epsilon");
  out.adam.weightDecay = number(adam, "weightDecay");
  return out;
}

}  // namespace

void WeightSharing::define(Napi::Env env, TorchAddon& addon, Napi::Object exports) {
  const Napi::Function constructor = DefineClass(
      env, "WeightSharing",
      {StaticMethod("create", &WeightSharing::create), InstanceMethod("architecture", &WeightSharing::architecture),
       InstanceMethod("weightStep", &WeightSharing::weightStep),
       InstanceMethod("architectureStep", &WeightSharing::architectureStep),
       InstanceMethod("unrolledStep", &WeightSharing::unrolledStep),
       InstanceMethod("evaluate", &WeightSharing::evaluate), InstanceMethod("sample", &WeightSharing::sample),
       InstanceMethod("reinforce", &WeightSharing::reinforce),
       InstanceMethod("controllerStep", &WeightSharing::controllerStep),
       InstanceMethod("random", &WeightSharing::random), InstanceMethod("skipUniform", &WeightSharing::skipUniform),
       InstanceMethod("permutation", &WeightSharing::permutation), InstanceMethod("state", &WeightSharing::state),
       InstanceMethod("load", &WeightSharing::load), InstanceMethod("to", &WeightSharing::to),
       InstanceMethod("dispose", &WeightSharing::dispose)});
  addon.weightSharing = Napi::Persistent(constructor);
  exports.Set("WeightSharing", constructor);
}

WeightSharing::WeightSharing(const Napi::CallbackInfo& info) : Napi::ObjectWrap<WeightSharing>(info) {
  if (info.Length() != 1 || !info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "use WeightSharing.create()");
  sharing_ = *info[0].As<Napi::External<Shared>>().Data();
  // Values, gradients and momenta.
  for (const networks::Weight& weight : sharing_->supernet().weights().all())
    reported_ += 3 * static_cast<int64_t>(weight.tensor.nbytes());
  Napi::MemoryManagement::AdjustExternalMemory(info.Env(), reported_);
}

WeightSharing::~WeightSharing() { release(Env()); }

void WeightSharing::release(Napi::BasicEnv env) {
  if (reported_ != 0) Napi::MemoryManagement::AdjustExternalMemory(env, -reported_);
  reported_ = 0;
  sharing_.reset();
}

WeightSharing::Shared WeightSharing::shared(Napi::Env env) const {
  if (!sharing_) throw disposed(env, "search");
  return sharing_;
}

template <class Work>
Napi::Value WeightSharing::startPass(Napi::Env env, Work work) {
  return onCompute(env, std::move(work), [](Napi::Env to, const training::WeightSharing::Outcome& made) {
    Napi::Object out = node::toJs(to, made.metrics);
    out.Set("cells", toJs(to, made.cells));
    return out;
  });
}

// create({ channels, cells, classes, affine, tracked, generic, architectureDraws, seed, controller, sgd, adam }): a
// promise of a WeightSharing on the CPU.
Napi::Value WeightSharing::create(const Napi::CallbackInfo& info) {
  return onCompute(
      info.Env(),
      [options = optionsFrom(info[0].As<Napi::Object>())](const Checkpoint&) {
        return std::make_shared<training::WeightSharing>(options);
      },
      [](Napi::Env env, Shared made) {
        return TorchAddon::of(env).weightSharing.New({Napi::External<Shared>::New(env, &made)});
      });
}

// architecture(): a promise of the architecture parameters, edge by edge; of null where there are none.
Napi::Value WeightSharing::architecture(const Napi::CallbackInfo& info) {
  return onCompute(
      info.Env(),
      [sharing = shared(info.Env())](const Checkpoint&) {
        const at::Tensor& tensor = sharing->supernet().architecture();
        return tensor.defined() ? networks::copied(tensor) : tensor;
      },
      [](Napi::Env env, const at::Tensor& tensor) -> Napi::Value {
        if (!tensor.defined()) return env.Null();
        return arrayOf(env, tensor).Get("data");
      });
}

// weightStep(batch, choice, { learningRate, clip, dropPath }): a promise of the metrics of before the step.
Napi::Value WeightSharing::weightStep(const Napi::CallbackInfo& info) {
  const Napi::Object options = info[2].As<Napi::Object>();
  return startPass(info.Env(), [sharing = shared(info.Env()), batch = batchFrom(info[0]), choice = choiceFrom(info[1]),
                                rate = number(options, "learningRate"), clip = number(options, "clip"),
                                dropPath = number(options, "dropPath")](const Checkpoint& checkpoint) {
    return sharing->weightStep(onDevice(batch, sharing->supernet()), rate, clip, {choice, dropPath, checkpoint});
  });
}

// architectureStep(batch, choice, { dropPath }): likewise.
Napi::Value WeightSharing::architectureStep(const Napi::CallbackInfo& info) {
  return startPass(
      info.Env(), [sharing = shared(info.Env()), batch = batchFrom(info[0]), choice = choiceFrom(info[1]),
                   dropPath = number(info[2].As<Napi::Object>(), "dropPath")](const Checkpoint& checkpoint) {
        return sharing->architectureStep(onDevice(batch, sharing->supernet()), {choice, dropPath, checkpoint});
      });
}

// unrolledStep(train, valid, { learningRate, dropPath }): likewise, of `valid`.
Napi::Value WeightSharing::unrolledStep(const Napi::CallbackInfo& info) {
  const Napi::Object options = info[2].As<Napi::Object>();
  return startPass(info.Env(), [sharing = shared(info.Env()), train = batchFrom(info[0]), valid = batchFrom(info[1]),
                                rate = number(options, "learningRate"),
                                dropPath = number(options, "dropPath")](const Checkpoint& checkpoint) {
    return sharing->unrolledStep(onDevice(train, sharing->supernet()), onDevice(valid, sharing->supernet()), rate,
                                 {networks::Mixture{}, dropPath, checkpoint});
  });
}

// evaluate(batch, choice, { training, dropPath }): a promise of the metrics.
Napi::Value WeightSharing::evaluate(const Napi::CallbackInfo& info) {
  const Napi::Object options = info[2].As<Napi::Object>();
  const networks::Pass pass =
      options.Get("training").ToBoolean() ? networks::Pass::Training : networks::Pass::Evaluation;
  return startPass(info.Env(), [sharing = shared(info.Env()), batch = batchFrom(info[0]), choice = choiceFrom(info[1]),
                                pass, dropPath = number(options, "dropPath")](const Checkpoint& checkpoint) {
    return sharing->evaluate(onDevice(batch, sharing->supernet()), pass, {choice, dropPath, checkpoint});
  });
}

// sample(learn): a promise of { cell, logProbability, entropy }.
Napi::Value WeightSharing::sample(const Napi::CallbackInfo& info) {
  return onCompute(
      info.Env(),
      [sharing = shared(info.Env()), learn = info[0].ToBoolean().Value()](const Checkpoint&) {
        return sharing->sample(learn);
      },
      [](Napi::Env env, const training::WeightSharing::Sampled& made) {
        Napi::Object out = Napi::Object::New(env);
        out.Set("cell", toJs(env, {made.cell}));
        out.Set("logProbability", made.logProbability);
        out.Set("entropy", made.entropy);
        return out;
      });
}

// reinforce({ accuracy, baseline?, baselineDecay, entropyWeight, aggregate }): a promise of { loss, reward, baseline }.
Napi::Value WeightSharing::reinforce(const Napi::CallbackInfo& info) {
  const Napi::Object from = info[0].As<Napi::Object>();
  training::WeightSharing::Reinforcement given{};
  given.accuracy = number(from, "accuracy");
  if (from.Get("baseline").IsNumber()) given.baseline = number(from, "baseline");
  given.baselineDecay = number(from, "baselineDecay");
  given.entropyWeight = number(from, "entropyWeight");
  given.aggregate = from.Get("aggregate").As<Napi::Number>();
  return onCompute(
      info.Env(), [sharing = shared(info.Env()), given](const Checkpoint&) { return sharing->reinforce(given); },
      [](Napi::Env env, const training::WeightSharing::Reinforced& made) {
        Napi::Object out = Napi::Object::New(env);
        out.Set("loss", made.loss);
        out.Set("reward", made.reward);
        out.Set("baseline", made.baseline);
        return out;
      });
}

// controllerStep(clip)
Napi::Value WeightSharing::controllerStep(const Napi::CallbackInfo& info) {
  return onCompute(info.Env(), [sharing = shared(info.Env()), clip = info[0].As<Napi::Number>().DoubleValue()](
                                   const Checkpoint&) { sharing->controllerStep(clip); });
}

// random(count): a promise of so many int64 of the generator, as a BigInt64Array.
Napi::Value WeightSharing::random(const Napi::CallbackInfo& info) {
  return onCompute(
      info.Env(),
      [sharing = shared(info.Env()), count = info[0].As<Napi::Number>().Int64Value()](const Checkpoint&) {
        return sharing->random(count);
      },
      [](Napi::Env env, const std::vector<int64_t>& drawn) {
        Napi::BigInt64Array out = Napi::BigInt64Array::New(env, drawn.size());
        for (size_t i = 0; i < drawn.size(); ++i) out[i] = drawn[i];
        return out;
      });
}

// skipUniform(count): draws so many float32 and forgets them.
Napi::Value WeightSharing::skipUniform(const Napi::CallbackInfo& info) {
  return onCompute(info.Env(), [sharing = shared(info.Env()), count = info[0].As<Napi::Number>().Int64Value()](
                                   const Checkpoint&) { sharing->skipUniform(count); });
}

// permutation(count): a promise of 0..count-1 in the order of torch.randperm, as an Int32Array.
Napi::Value WeightSharing::permutation(const Napi::CallbackInfo& info) {
  return onCompute(
      info.Env(),
      [sharing = shared(info.Env()), count = info[0].As<Napi::Number>().Int64Value()](const Checkpoint&) {
        return sharing->permutation(count);
      },
      [](Napi::Env env, const at::Tensor& drawn) { return int32ArrayOf(env, drawn); });
}

// state(): a promise of { name, dtype, shape, parameter, bytes } of all that the search consists of.
Napi::Value WeightSharing::state(const Napi::CallbackInfo& info) {
  return onCompute(
      info.Env(), [sharing = shared(info.Env())](const Checkpoint&) { return sharing->state(); },
      [](Napi::Env env, const std::vector<networks::Weight>& weights) { return weightsToJs(env, weights); });
}

// load(state): as Network.load.
Napi::Value WeightSharing::load(const Napi::CallbackInfo& info) {
  return onCompute(info.Env(), [sharing = shared(info.Env()), tensors = GivenState(info[0].As<Napi::Object>())](
                                   const Checkpoint&) mutable { sharing->load(tensors.opened()); });
}

// to(device): a promise of the device's full name.
Napi::Value WeightSharing::to(const Napi::CallbackInfo& info) {
  return onCompute(
      info.Env(),
      [sharing = shared(info.Env()), name = info[0].As<Napi::String>().Utf8Value()](const Checkpoint&) {
        sharing->to(networks::deviceNamed(name));
        return sharing->supernet().device().str();
      },
      [](Napi::Env env, const std::string& name) { return Napi::String::New(env, name); });
}

Napi::Value WeightSharing::dispose(const Napi::CallbackInfo& info) {
  release(info.Env());
  return info.Env().Undefined();
}

}  // namespace nb201::node
