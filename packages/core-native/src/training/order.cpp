#include "training/order.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randperm.h>

namespace nb201::training {

namespace {

// `torch.empty((), dtype=torch.int64).random_()`.
uint64_t drawSeed(at::Generator& generator) {
  return static_cast<uint64_t>(at::empty({}, at::kLong).random_(generator).item<int64_t>());
}

}  // namespace

ReferenceOrder::ReferenceOrder(at::Generator generator) : generator_(std::move(generator)) {}

at::Tensor ReferenceOrder::begin(const Subset& subset) {
  worker_ = at::detail::createCPUGenerator(drawSeed(generator_));
  if (!subset.shuffled) return {};
  if (subset.indices.defined()) return at::randperm(subset.count(), generator_);
  at::Generator own = at::detail::createCPUGenerator(drawSeed(generator_));
  return at::randperm(subset.count(), own);
}

Changes ReferenceOrder::changes(int64_t count, int64_t places) {
  Changes out{at::empty({count}, at::kBool), at::empty({count}, at::kLong), at::empty({count}, at::kLong)};
  auto* flip = static_cast<bool*>(out.flip.data_ptr());
  auto* top = static_cast<int64_t*>(out.top.data_ptr());
  auto* left = static_cast<int64_t*>(out.left.data_ptr());
  auto* generator = at::check_generator<at::CPUGeneratorImpl>(worker_);
  const auto place = [&] {
    return static_cast<int64_t>(generator->random() % static_cast<uint64_t>(places));
  };
  for (int64_t i = 0; i < count; ++i) {
    // `torch.rand(1) < 0.5`: 24 bits of a word make the number.
    constexpr uint32_t kBits = (1U << 24) - 1;
    flip[i] = (generator->random() & kBits) < (1U << 23);
    // A crop that has one place only draws nothing.
    top[i] = places > 1 ? place() : 0;
    left[i] = places > 1 ? place() : 0;
  }
  return out;
}

DeviceOrder::DeviceOrder(uint64_t seed, const at::Device& device)
    : device_(device), generator_(at::globalContext().defaultGenerator(device).clone()) {
  generator_.set_current_seed(seed);
}

at::Tensor DeviceOrder::begin(const Subset& subset) {
  if (!subset.shuffled) return {};
  return at::randperm(subset.count(), generator_, at::TensorOptions(at::kLong).device(device_));
}

Changes DeviceOrder::changes(int64_t count, int64_t places) {
  const at::TensorOptions whole = at::TensorOptions(at::kLong).device(device_);
  return {at::rand({count}, generator_, at::TensorOptions(at::kFloat).device(device_)).lt(0.5),
          at::randint(places, {count}, generator_, whole), at::randint(places, {count}, generator_, whole)};
}

std::shared_ptr<Order> orderOf(uint64_t seed, bool drawOnDevice, const at::Device& device) {
  if (drawOnDevice) return std::make_shared<DeviceOrder>(seed, device);
  return std::make_shared<ReferenceOrder>(at::detail::createCPUGenerator(seed));
}

}  // namespace nb201::training
