// State dicts on their way between JavaScript and libtorch.
#pragma once

#include <string>
#include <vector>

#include "networks/network.h"
#include "node/napi.h"

namespace nb201::node {

// { storages: (Uint8Array | { path, offset, size })[], tensors: { name, dtype, shape, stride, offset, storage }[] }
class GivenState {
 public:
  explicit GivenState(const Napi::Object& from);
  // Opens each file once, reads what is wanted of it at once where it lies together, and gives the tensors their bytes.
  // Not on JavaScript's thread.
  std::vector<networks::StoredTensor> opened();

 private:
  // A stretch of a file that is opened where it is needed.
  struct Place {
    std::string path;
    uint64_t offset, size;
  };
  std::vector<networks::StoredTensor> tensors_;
  std::vector<size_t> storage_;   // of each tensor
  std::vector<SourcePtr> bytes_;  // of each storage; null where it is in a file
  std::vector<Place> places_;
};

// { name, dtype, shape, parameter, bytes }[] of tensors that are on the CPU and contiguous.
Napi::Array weightsToJs(Napi::Env env, const std::vector<networks::Weight>& weights);

}  // namespace nb201::node
