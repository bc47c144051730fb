#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <optional>

namespace nb201::networks {

// While it lives, convolutions and products on the device are computed in a narrower type (torch.autocast). Throws
// UNSUPPORTED for a type that it is not possible with there.
class Autocast {
 public:
  Autocast(const c10::Device& device, c10::ScalarType type);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

  // The type of the one that lives.
  static std::optional<c10::ScalarType> type(const c10::Device& device);

 private:
  c10::DeviceType device_;
};

}  // namespace nb201::networks
