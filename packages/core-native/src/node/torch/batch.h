// A batch with its labels, as evaluation and training take it.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "node/napi.h"
#include "training/metrics.h"

namespace nb201::node {

// An array of whole numbers, such as a shape.
std::vector<int64_t> integers(const Napi::Value& value);

// Class numbers: an Int32Array, as int64 on the CPU.
at::Tensor labelsFrom(const Napi::Value& value);
// And back: of contiguous int64 on the CPU.
Napi::Value int32ArrayOf(Napi::Env env, const at::Tensor& from);
// Throws BAD_LABELS where there is not one label an image, or one is no class.
void checkLabels(const at::Tensor& labels, const at::Tensor& images, int64_t classes);
Napi::Object toJs(Napi::Env env, const training::BatchMetrics& metrics);

}  // namespace nb201::node
