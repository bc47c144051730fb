// What can be wrong with a network or with what it is given.
#pragma once

#include <stdexcept>
#include <string>

namespace nb201::networks {

// Codes are part of the public API (`error.code` in JavaScript): never renamed, only added.
class NetworkError : public std::runtime_error {
 public:
  NetworkError(const char* code, const std::string& message) : std::runtime_error(message), code_(code) {}
  const char* code() const { return code_; }

 private:
  const char* code_;
};

}  // namespace nb201::networks
