#include "networks/autocast.h"

#include <ATen/autocast_mode.h>
#include <torch/version.h>

#include "networks/error.h"

namespace nb201::networks {

namespace {

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
bool isEnabled(c10::DeviceType device) { return at::autocast::is_autocast_enabled(device); }
void enable(c10::DeviceType device, bool on) { at::autocast::set_autocast_enabled(device, on); }
c10::ScalarType getType(c10::DeviceType device) { return at::autocast::get_autocast_dtype(device); }
void setType(c10::DeviceType device, c10::ScalarType type) { at::autocast::set_autocast_dtype(device, type); }
#else
bool isEnabled(c10::DeviceType device) {
  return device == c10::DeviceType::CPU ? at::autocast::is_cpu_enabled() : at::autocast::is_enabled();
}
void enable(c10::DeviceType device, bool on) {
  if (device == c10::DeviceType::CPU) at::autocast::set_cpu_enabled(on);
  else at::autocast::set_enabled(on);
}
c10::ScalarType getType(c10::DeviceType device) {
  return device == c10::DeviceType::CPU ? at::autocast::get_autocast_cpu_dtype()
                                        : at::autocast::get_autocast_gpu_dtype();
}
void setType(c10::DeviceType device, c10::ScalarType type) {
  if (device == c10::DeviceType::CPU) at::autocast::set_autocast_cpu_dtype(type);
  else at::autocast::set_autocast_gpu_dtype(type);
}
#endif

}  // namespace

Autocast::Autocast(const c10::Device& device, c10::ScalarType type) : device_(device.type()) {
  // Convolutions in half floats are slow on most CPUs, and not there in older libtorches.
  if (device.is_cpu() && type != at::kBFloat16) {
    throw NetworkError("UNSUPPORTED", "expected autocast to bfloat16 on a CPU; float16 needs a GPU");
  }
  setType(device_, type);
  enable(device_, true);
  at::autocast::increment_nesting();
}

Autocast::~Autocast() {
  // It keeps the narrow copies of weights until then.
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  enable(device_, false);
}

std::optional<c10::ScalarType> Autocast::type(const c10::Device& device) {
  if (!isEnabled(device.type())) return std::nullopt;
  return getType(device.type());
}

}  // namespace nb201::networks
