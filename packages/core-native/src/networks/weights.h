// The tensors of a network by the names that the reference gives them, in its order.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace nb201::networks {

struct Weight {
  std::string name;
  at::Tensor tensor;
  bool parameter = false;  // learnt; else a buffer: a batch norm's running statistics
};

// A tensor's values as they are now, on the CPU and contiguous.
inline at::Tensor copied(const at::Tensor& tensor) { return tensor.detach().to(at::kCPU).contiguous().clone(); }

class Weights {
 public:
  at::Tensor parameter(std::string name, at::Tensor value) {
    value.set_requires_grad(true);
    return add(std::move(name), std::move(value), true);
  }
  at::Tensor buffer(std::string name, at::Tensor value) { return add(std::move(name), std::move(value), false); }

  const std::vector<Weight>& all() const { return all_; }

 private:
  at::Tensor add(std::string name, at::Tensor value, bool parameter) {
    all_.push_back({std::move(name), value, parameter});
    return value;
  }

  std::vector<Weight> all_;
};

}  // namespace nb201::networks
