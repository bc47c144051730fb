#pragma once

#include "networks/network.h"

namespace nb201::networks {

// The tensor's values on the CPU, read from their source straight into its memory. Throws Error or NetworkError.
at::Tensor read(const StoredTensor& stored);

// The tensor's values where they lie in memory one behind the other, else null. Throws where it reaches out of its
// storage.
const uint8_t* valuesOf(const StoredTensor& stored);

at::ScalarType scalarType(TensorType type);
// By torch's name: "float32".
const char* typeName(at::ScalarType type);

}  // namespace nb201::networks
