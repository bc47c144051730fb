// Devices by the names that torch gives them.
#pragma once

#include <c10/core/Device.h>

#include <string>

namespace nb201::networks {

// 'cpu', 'cuda', 'cuda:1'. Throws BAD_DEVICE for another name, NO_CUDA where there is no such GPU, with the reason.
c10::Device deviceNamed(const std::string& name);

struct CudaState {
  int devices = 0;
  std::string reason;  // why there are none
};
// Loads libtorch_cuda where that has not been done yet.
CudaState cudaState();

}  // namespace nb201::networks
