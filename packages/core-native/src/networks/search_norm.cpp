#include "networks/search_norm.h"

#include <ATen/ops/batch_norm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

namespace nb201::networks {

namespace {
constexpr double kEpsilon = 1e-5;
constexpr double kMomentum = 0.1;
}  // namespace

SearchNorm::SearchNorm(Building& building, const std::string& name, int64_t channels, const NormOptions& options) {
  Weights& weights = building.weights;
  if (options.affine) {
    scale = weights.parameter(name + ".weight", at::ones({channels}));
    shift = weights.parameter(name + ".bias", at::zeros({channels}));
  }
  if (options.tracked) {
    runningMean = weights.buffer(name + ".running_mean", at::zeros({channels}));
    runningVariance = weights.buffer(name + ".running_var", at::ones({channels}));
    batches = weights.buffer(name + ".num_batches_tracked", at::zeros({}, at::kLong));
  }
}

at::Tensor SearchNorm::operator()(const at::Tensor& x, Pass pass) const { return normalise(x, scale, shift, pass); }

at::Tensor SearchNorm::normalise(const at::Tensor& x, const at::Tensor& by, const at::Tensor& plus, Pass pass) const {
  if (pass == Pass::Training && batches.defined()) batches.add_(1);
  const bool ofBatch = pass == Pass::Training || !runningMean.defined();
  return at::batch_norm(x, by, plus, runningMean, runningVariance, ofBatch, kMomentum, kEpsilon,
                        /*cudnn_enabled=*/true);
}

}  // namespace nb201::networks
