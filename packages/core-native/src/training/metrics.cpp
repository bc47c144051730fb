#include "training/metrics.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/topk.h>

#include <algorithm>

namespace nb201::training {

at::Tensor crossEntropy(const at::Tensor& logits, const at::Tensor& labels) {
  return at::cross_entropy_loss(logits, labels);
}

BatchMetrics metricsOf(const at::Tensor& loss, const at::Tensor& logits, const at::Tensor& labels) {
  return metricsFrom(measure(loss, logits, labels), labels.size(0));
}

// The loss, then how many images have their class at each of the first ranks: one transfer from a GPU instead of three.
at::Tensor measure(const at::Tensor& loss, const at::Tensor& logits, const at::Tensor& labels) {
  const int64_t ranks = std::min<int64_t>(5, logits.size(1));
  const at::Tensor predicted = std::get<1>(at::topk(logits.detach(), ranks, 1, /*largest=*/true, /*sorted=*/true));
  const at::Tensor correct = predicted.eq(labels.view({-1, 1})).sum(0);
  return at::cat({loss.detach().to(at::kDouble).view(1), correct.to(at::kDouble)});
}

BatchMetrics metricsFrom(const at::Tensor& measured, int64_t count) {
  const at::Tensor numbers = measured.to(at::kCPU);
  const auto* number = static_cast<const double*>(numbers.data_ptr());
  BatchMetrics out;
  out.loss = number[0];
  out.count = count;
  out.correctTop1 = static_cast<int64_t>(number[1]);
  for (int64_t rank = 1; rank < numbers.numel(); ++rank) out.correctTop5 += static_cast<int64_t>(number[rank]);
  return out;
}

}  // namespace nb201::training
