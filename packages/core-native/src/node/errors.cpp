#include "node/errors.h"

namespace nb201::node {

Napi::Error toJs(Napi::Env env, const Error& error) {
  Napi::Error out = Napi::Error::New(env, error.what());
  out.Set("code", codeName(error.code()));
  out.Set("file", error.file());
  out.Set("offset", static_cast<double>(error.offset()));
  return out;
}

}  // namespace nb201::node
