#include "training/loader.h"

#include <ATen/TensorIndexing.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>

namespace nb201::training {

namespace {

// The 256 values that a byte of a channel can become: of 255 in float32, minus the mean, by the deviation.
using Table = std::array<std::array<float, 256>, 3>;

Table tableOf(const Pixels& pixels) {
  Table out;
  for (size_t channel = 0; channel < 3; ++channel) {
    const auto mean = static_cast<float>(pixels.mean[channel] / 255);
    const auto std = static_cast<float>(pixels.std[channel] / 255);
    for (size_t value = 0; value < 256; ++value) {
      out[channel][value] = (static_cast<float>(value) / 255.0F - mean) / std;
    }
  }
  return out;
}

// One channel of an image, flipped, moved and with black where it came from outside.
void change(const uint8_t* from, float* to, int64_t size, const std::array<float, 256>& table, bool flip, int64_t down,
            int64_t right) {
  for (int64_t y = 0; y < size; ++y) {
    const int64_t row = y + down;
    for (int64_t x = 0; x < size; ++x, ++to) {
      const int64_t column = x + right;
      const bool inside = row >= 0 && row < size && column >= 0 && column < size;
      *to = table[inside ? from[row * size + (flip ? size - 1 - column : column)] : 0];
    }
  }
}

at::Tensor onCpu(const at::Tensor& pixels, const at::Tensor& indices, const Changes* changes, const Pixels& how) {
  const int64_t size = pixels.size(2), plane = size * size, count = indices.size(0);
  const Table table = tableOf(how);
  at::Tensor out = at::empty({count, 3, size, size}, at::kFloat);
  const auto* from = static_cast<const uint8_t*>(pixels.data_ptr());
  auto* to = static_cast<float*>(out.data_ptr());
  const auto* index = static_cast<const int64_t*>(indices.data_ptr());
  for (int64_t i = 0; i < count; ++i) {
    bool flip = false;
    int64_t down = 0, right = 0;
    if (changes) {
      flip = static_cast<const bool*>(changes->flip.data_ptr())[i];
      down = static_cast<const int64_t*>(changes->top.data_ptr())[i] - how.padding;
      right = static_cast<const int64_t*>(changes->left.data_ptr())[i] - how.padding;
    }
    for (size_t channel = 0; channel < 3; ++channel) {
      const int64_t at = static_cast<int64_t>(channel) * plane;
      change(from + index[i] * 3 * plane + at, to + i * 3 * plane + at, size, table[channel], flip, down, right);
    }
  }
  return out;
}

at::Tensor onDevice(const at::Tensor& pixels, const at::Tensor& indices, const Changes* changes, const Pixels& how) {
  at::Tensor chosen = pixels.index_select(0, indices);
  if (changes) {
    const int64_t size = pixels.size(2), padding = how.padding;
    const at::Device device = pixels.device();
    const at::Tensor steps = at::arange(size, at::TensorOptions(at::kLong).device(device));
    const at::Tensor rows = changes->top.to(device).view({-1, 1}).add(steps);
    const at::Tensor columns = changes->left.to(device).view({-1, 1}).add(steps);
    // The padding of both sides is the same: a place in the flipped image is the place from the other end.
    const at::Tensor flip = changes->flip.to(device).view({-1, 1});
    const at::Tensor seen = at::where(flip, columns.mul(-1).add(size + 2 * padding - 1), columns);
    const at::Tensor padded = at::constant_pad_nd(chosen, {padding, padding, padding, padding});
    const at::Tensor image = at::arange(indices.size(0), steps.options());
    const at::Tensor channel = at::arange(3, steps.options());
    chosen = padded.index({image.view({-1, 1, 1, 1}), channel.view({1, 3, 1, 1}), rows.view({-1, 1, size, 1}),
                           seen.view({-1, 1, 1, size})});
  }
  const auto constant = [&](const std::array<double, 3>& values) {
    std::array<float, 3> of{};
    for (size_t i = 0; i < 3; ++i) of[i] = static_cast<float>(values[i] / 255);
    return at::tensor(at::ArrayRef<float>(of), at::kFloat).to(pixels.device()).view({1, 3, 1, 1});
  };
  return chosen.to(at::kFloat).div(255).sub(constant(how.mean)).div(constant(how.std));
}

}  // namespace

Loader::Loader(Subset subset, std::shared_ptr<Order> order, const Pixels& pixels, bool augmented, int64_t batch,
               const at::Device& device)
    : subset_(std::move(subset)),
      order_(std::move(order)),
      pixels_(pixels),
      augmented_(augmented),
      batch_(batch),
      device_(device) {}

void Loader::begin() {
  const at::Tensor places = order_->begin(subset_);
  if (!places.defined()) {
    sequence_ = subset_.indices.defined() ? subset_.indices : at::arange(count(), at::kLong);
  } else {
    sequence_ = subset_.indices.defined() ? subset_.indices.to(places.device()).index_select(0, places) : places;
  }
  sequence_ = sequence_.to(device_);
  at_ = 0;
}

std::optional<Batch> Loader::next() {
  const int64_t left = count() - at_;
  if (!sequence_.defined() || left <= 0) return std::nullopt;
  const int64_t here = std::min(batch_, left);
  Batch out;
  out.indices = sequence_.narrow(0, at_, here);
  at_ += here;
  const ImageSet::Stored& stored = subset_.images->on(device_);
  out.labels = stored.labels.index_select(0, out.indices);
  std::optional<Changes> changes;
  if (augmented_) changes = order_->changes(here, 2 * pixels_.padding + 1);
  const Changes* const drawn = changes ? &*changes : nullptr;
  const bool host = device_.is_cpu() && order_->onHost();
  out.images = (host ? onCpu : onDevice)(stored.pixels, out.indices, drawn, pixels_);
  return out;
}

}  // namespace nb201::training
