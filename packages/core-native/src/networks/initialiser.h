// torch's default initial weights, drawn from a generator of our own: seeded with the number that the reference hands
// to `prepare_seed`, it gives the reference's weights bit for bit, as long as layers draw in the order of their
// construction.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>

namespace nb201::networks {

class Initialiser {
 public:
  explicit Initialiser(uint64_t seed);

  // The weight of a convolution or linear layer: kaiming_uniform_(a=sqrt(5)).
  at::Tensor weight(at::IntArrayRef shape);
  // The bias of a layer whose weight has this many inputs an output.
  at::Tensor bias(int64_t size, int64_t fanIn);
  const at::Generator& generator() const { return generator_; }

 private:
  at::Generator generator_;
};

}  // namespace nb201::networks
