#include "node/torch/trainer.h"

#include "node/arrays.h"
#include "node/torch/addon.h"
#include "node/torch/image_set.h"
#include "node/torch/network.h"
#include "node/torch/sgd.h"

namespace nb201::node {

namespace {

using SharedTrainer = std::shared_ptr<training::Trainer>;

training::Schedule scheduleFrom(const Napi::Object& from) {
  training::Schedule out;
  out.rate = from.Get("rate").As<Napi::Number>();
  out.least = from.Get("least").As<Napi::Number>();
  out.warmup = from.Get("warmup").As<Napi::Number>();
  out.epochs = from.Get("epochs").As<Napi::Number>();
  return out;
}

Napi::Object toJs(Napi::Env env, const training::Measured& measured) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("loss", measured.loss);
  out.Set("top1", measured.top1);
  out.Set("top5", measured.top5);
  out.Set("seconds", measured.seconds);
  out.Set("count", static_cast<double>(measured.count));
  return out;
}

Napi::Object toJs(Napi::Env env, const training::Trainer::Progress& progress) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("epoch", static_cast<double>(progress.epoch));
  out.Set("set", static_cast<double>(progress.set));
  out.Set("images", static_cast<double>(progress.images));
  out.Set("total", static_cast<double>(progress.total));
  out.Set("learningRate", progress.learningRate);
  out.Set("epochDone", progress.epochDone);
  Napi::Array measured = Napi::Array::New(env, progress.measured.size());
  for (size_t i = 0; i < progress.measured.size(); ++i) {
    measured.Set(static_cast<uint32_t>(i), toJs(env, progress.measured[i]));
  }
  out.Set("measured", measured);
  return out;
}

}  // namespace

void Trainer::define(Napi::Env env, TorchAddon& addon, Napi::Object exports) {
  const Napi::Function constructor = DefineClass(
      env, "Trainer", {StaticMethod("create", &Trainer::create), InstanceMethod("advance", &Trainer::advance)});
  addon.trainer = Napi::Persistent(constructor);
  exports.Set("Trainer", constructor);
}

Trainer::Trainer(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Trainer>(info) {
  if (info.Length() != 1 || !info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "use Trainer.create()");
  trainer_ = *info[0].As<Napi::External<SharedTrainer>>().Data();
}

// create(network, { sgd, schedule, batch, seed, drawOnDevice, pixels, train, sets }): a promise of a Trainer.
Napi::Value Trainer::create(const Napi::CallbackInfo& info) {
  const Napi::Object from = info[1].As<Napi::Object>();
  training::TrainerOptions options;
  options.sgd = sgdOptionsFrom(from.Get("sgd").As<Napi::Object>());
  options.schedule = scheduleFrom(from.Get("schedule").As<Napi::Object>());
  options.batch = from.Get("batch").As<Napi::Number>();
  options.seed = static_cast<uint64_t>(from.Get("seed").As<Napi::Number>().Int64Value());
  options.drawOnDevice = from.Get("drawOnDevice").ToBoolean();
  options.pixels = pixelsFrom(from.Get("pixels").As<Napi::Object>());
  options.train = subsetFrom(from.Get("train").As<Napi::Object>());
  const Napi::Array sets = from.Get("sets").As<Napi::Array>();
  for (uint32_t i = 0; i < sets.Length(); ++i) {
    options.sets.push_back(subsetFrom(sets.Get(i).As<Napi::Object>()));
  }
  return onLane(
      info.Env(), Network::laneOf(info[0]),
      [network = Network::from(info[0]), options](const networks::Checkpoint&) {
        return std::make_shared<training::Trainer>(network, options);
      },
      [](Napi::Env env, SharedTrainer made) {
        return TorchAddon::of(env).trainer.New({Napi::External<SharedTrainer>::New(env, &made)});
      });
}

// advance(network, milliseconds): a promise of how far it has come. The network is asked for so that one which was
// disposed of is not trained any more.
Napi::Value Trainer::advance(const Napi::CallbackInfo& info) {
  return onLane(
      info.Env(), Network::laneOf(info[0]),
      [network = Network::from(info[0]), trainer = trainer_,
       time = std::chrono::milliseconds(info[1].As<Napi::Number>().Int64Value())](
          const networks::Checkpoint& checkpoint) { return trainer->advance(time, checkpoint); },
      [](Napi::Env env, const training::Trainer::Progress& progress) { return toJs(env, progress); });
}

Napi::Value learningRates(const Napi::CallbackInfo& info) {
  const training::Schedule schedule = scheduleFrom(info[0].As<Napi::Object>());
  return arrayOf(info.Env(), schedule.rates(info[1].As<Napi::Number>(), info[2].As<Napi::Number>()));
}

}  // namespace nb201::node
