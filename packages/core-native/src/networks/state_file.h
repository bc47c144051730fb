#pragma once

#include <string>
#include <vector>

#include "networks/network.h"

namespace nb201::networks {

// The tensors of a file that holds a state dict: a dict of names and tensors, as torch.save writes it. Throws Error for
// a file that cannot be read, NetworkError NO_WEIGHTS for another one.
std::vector<StoredTensor> readStateFile(const std::string& path);

}  // namespace nb201::networks
