// What the reference measures of a batch.
#pragma once

#include <ATen/core/Tensor.h>

namespace nb201::training {

struct BatchMetrics {
  double loss = 0;                           // cross-entropy, mean over the batch, in the precision of the logits
  int64_t count = 0;                         // images
  int64_t correctTop1 = 0, correctTop5 = 0;  // as `topk` ranks them
};

// Cross-entropy, mean over the batch. `labels`: int64.
at::Tensor crossEntropy(const at::Tensor& logits, const at::Tensor& labels);
BatchMetrics metricsOf(const at::Tensor& loss, const at::Tensor& logits, const at::Tensor& labels);

// The same in two: a few numbers that stay on the device, and what they say of so many images.
at::Tensor measure(const at::Tensor& loss, const at::Tensor& logits, const at::Tensor& labels);
BatchMetrics metricsFrom(const at::Tensor& measured, int64_t count);

}  // namespace nb201::training
