#include "networks/initialiser.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/empty.h>

#include <cmath>

namespace nb201::networks {

Initialiser::Initialiser(uint64_t seed) : generator_(at::detail::createCPUGenerator(seed)) {}

at::Tensor Initialiser::weight(at::IntArrayRef shape) {
  at::Tensor out = at::empty(shape, at::kFloat);
  double fanIn = 1;
  for (size_t d = 1; d < shape.size(); ++d) fanIn *= static_cast<double>(shape[d]);
  // Each step as torch.nn.init rounds it.
  const double slope = std::sqrt(5.0);
  const double gain = std::sqrt(2.0 / (1 + slope * slope));
  const double bound = std::sqrt(3.0) * (gain / std::sqrt(fanIn));
  return out.uniform_(-bound, bound, generator_);
}

at::Tensor Initialiser::bias(int64_t size, int64_t fanIn) {
  const double bound = 1 / std::sqrt(static_cast<double>(fanIn));
  return at::empty({size}, at::kFloat).uniform_(-bound, bound, generator_);
}

}  // namespace nb201::networks
