#include "node/torch/sgd.h"

#include "node/torch/addon.h"
#include "node/torch/batch.h"
#include "node/torch/device_tensor.h"
#include "node/torch/network.h"

namespace nb201::node {

void Sgd::define(Napi::Env env, TorchAddon& addon, Napi::Object exports) {
  const Napi::Function constructor = DefineClass(env, "Sgd", {InstanceMethod("step", &Sgd::step)});
  addon.sgd = Napi::Persistent(constructor);
  exports.Set("Sgd", constructor);
}

training::SgdOptions sgdOptionsFrom(const Napi::Object& from) {
  training::SgdOptions options;
  options.momentum = from.Get("momentum").As<Napi::Number>();
  options.weightDecay = from.Get("weightDecay").As<Napi::Number>();
  options.nesterov = from.Get("nesterov").ToBoolean();
  options.channelsLast = from.Get("channelsLast").ToBoolean();
  options.graph = from.Get("cudaGraph").ToBoolean();
  return options;
}

// new Sgd(network, { momentum, weightDecay, nesterov, channelsLast, cudaGraph })
Sgd::Sgd(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Sgd>(info) {
  sgd_ = std::make_shared<training::Sgd>(Network::from(info[0]), sgdOptionsFrom(info[1].As<Napi::Object>()));
}

// step(network, images, labels, learningRate): a promise of the batch's metrics of before the step.
Napi::Value Sgd::step(const Napi::CallbackInfo& info) {
  return onLane(
      info.Env(),
      Network::laneOf(info[0]),  // The network is asked for so that one which was disposed of is not trained any more.
      [network = Network::from(info[0]), sgd = sgd_, images = DeviceTensor::from(info[1]), labels = labelsFrom(info[2]),
       rate = info[3].As<Napi::Number>().DoubleValue()](const networks::Checkpoint& checkpoint) {
        checkLabels(labels, images, network->classes());
        return sgd->step(images.to(network->device()), labels.to(network->device()), rate, checkpoint);
      },
      [](Napi::Env env, const training::BatchMetrics& metrics) { return toJs(env, metrics); });
}

}  // namespace nb201::node
