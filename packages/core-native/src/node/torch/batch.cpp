#include "node/torch/batch.h"

#include <ATen/ops/empty.h>

#include "networks/error.h"

namespace nb201::node {

std::vector<int64_t> integers(const Napi::Value& value) {
  const Napi::Array from = value.As<Napi::Array>();
  std::vector<int64_t> out;
  for (uint32_t i = 0; i < from.Length(); ++i) out.push_back(from.Get(i).As<Napi::Number>());
  return out;
}

at::Tensor labelsFrom(const Napi::Value& value) {
  const auto given = value.As<Napi::Int32Array>();
  at::Tensor out = at::empty({static_cast<int64_t>(given.ElementLength())}, at::kLong);
  auto* to = static_cast<int64_t*>(out.data_ptr());
  for (size_t i = 0; i < given.ElementLength(); ++i) to[i] = given[i];
  return out;
}

Napi::Value int32ArrayOf(Napi::Env env, const at::Tensor& from) {
  const auto* value = static_cast<const int64_t*>(from.data_ptr());
  Napi::Int32Array out = Napi::Int32Array::New(env, static_cast<size_t>(from.numel()));
  for (size_t i = 0; i < out.ElementLength(); ++i) out[i] = static_cast<int32_t>(value[i]);
  return out;
}

void checkLabels(const at::Tensor& labels, const at::Tensor& images, int64_t classes) {
  if (images.dim() > 0 && labels.size(0) != images.size(0)) {
    throw networks::NetworkError("BAD_LABELS", "expected a label for each of " + std::to_string(images.size(0)) +
                                                   " images, found " + std::to_string(labels.size(0)));
  }
  const auto* label = static_cast<const int64_t*>(labels.data_ptr());
  for (int64_t i = 0; i < labels.size(0); ++i) {
    if (label[i] < 0 || label[i] >= classes) {
      throw networks::NetworkError("BAD_LABELS", "expected labels from 0 to " + std::to_string(classes - 1) +
                                                     ", found " + std::to_string(label[i]));
    }
  }
}

Napi::Object toJs(Napi::Env env, const training::BatchMetrics& metrics) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("loss", metrics.loss);
  out.Set("count", static_cast<double>(metrics.count));
  out.Set("correctTop1", static_cast<double>(metrics.correctTop1));
  out.Set("correctTop5", static_cast<double>(metrics.correctTop5));
  return out;
}

}  // namespace nb201::node
