#include "pickle/error.h"

namespace nb201 {

const char* codeName(ErrorCode code) {
  switch (code) {
#define X(id, text) \
  case ErrorCode::id: return text;
    NB201_ERROR_CODES(X)
#undef X
  }
  return "UNKNOWN";
}

Error::Error(ErrorCode code, std::string file, uint64_t offset, const std::string& detail)
    : code_(code), file_(std::move(file)), offset_(offset) {
  message_ = file_ + ": byte " + std::to_string(offset_) + ": " + detail;
}

}  // namespace nb201
