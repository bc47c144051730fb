#include "training/metrics.h"

#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/topk.h>

#include <algorithm>

namespace nb201::training {

at::Tensor crossEntropy(const at::Tensor& logits, const at::Tensor& labels) {
  return at::cross_entropy_loss(logits, labels);
}

BatchMetrics metricsOf(const at::Tensor& loss, const at::Tensor& logits, const at::Tensor& labels) {
  const int64_t ranks = std::min<int64_t>(5, logits.size(1));
  const at::Tensor predicted = std::get<1>(at::topk(logits.detach(), ranks, 1, /*largest=*/true, /*sorted=*/true));
  const at::Tensor correct = predicted.eq(labels.view({-1, 1})).sum(0).to(at::kCPU);
  BatchMetrics out;
  out.loss = loss.item<double>();
  out.count = labels.size(0);
  out.correctTop1 = correct[0].item<int64_t>();
  out.correctTop5 = correct.sum().item<int64_t>();
  return out;
}

}  // namespace nb201::training
