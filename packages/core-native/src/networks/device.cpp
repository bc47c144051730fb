#include "networks/device.h"

#include <ATen/Context.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#ifndef _WIN32
#include <dlfcn.h>
#endif

#include "networks/error.h"

namespace nb201::networks {

// libtorch_cuda registers itself with libtorch_cpu when it is loaded. To link it would take the whole of CUDA to be
// there on every machine, and linkers drop it as unused.
CudaState cudaState() {
#ifndef _WIN32
  if (!at::hasCUDA() && !dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL)) {
    const std::string why = dlerror();
    const bool missing = why.find("libtorch_cuda.so: cannot open shared object file") != std::string::npos;
    return {0, missing ? "this libtorch was built without CUDA" : "libtorch_cuda cannot be loaded: " + why};
  }
#endif
  if (!at::hasCUDA()) return {0, "this libtorch was built without CUDA"};
  const auto* guard = c10::impl::device_guard_impl_registry[static_cast<size_t>(c10::DeviceType::CUDA)].load();
  const int devices = guard ? guard->deviceCount() : 0;
  return {devices, devices ? "" : "no CUDA device was found (driver, CUDA_VISIBLE_DEVICES)"};
}

c10::Device deviceNamed(const std::string& name) {
  if (name == "cpu") return c10::Device(c10::DeviceType::CPU);
  const bool digits =
      name.size() > 5 && name.size() < 9 && name.find_first_not_of("0123456789", 5) == std::string::npos;
  if (name != "cuda" && !(name.rfind("cuda:", 0) == 0 && digits)) {
    throw NetworkError("BAD_DEVICE", "expected a device 'cpu', 'cuda' or 'cuda:<number>', found '" + name + "'");
  }
  const int index = name == "cuda" ? 0 : std::stoi(name.substr(5));
  const CudaState state = cudaState();
  if (state.devices == 0) throw NetworkError("NO_CUDA", "the device '" + name + "' cannot be had: " + state.reason);
  if (index >= state.devices) {
    throw NetworkError("NO_CUDA", "the device '" + name + "' cannot be had: there are " +
                                      std::to_string(state.devices) + " CUDA devices, counted from 0");
  }
  return {c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(index)};
}

}  // namespace nb201::networks
