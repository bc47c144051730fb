#pragma once

#include "node/napi.h"
#include "pickle/error.h"

namespace nb201::node {

// A JavaScript Error with the code, file and offset of a native one; lib/errors.ts makes a class of it.
Napi::Error toJs(Napi::Env env, const Error& error);

// Runs native code and turns what it throws into a JavaScript exception.
template <class Work>
auto guarded(Napi::Env env, Work work) {
  try {
    return work();
  } catch (const Error& error) {
    throw toJs(env, error);
  } catch (const std::bad_alloc&) {
    throw Napi::Error::New(env, "out of memory");
  }
}

}  // namespace nb201::node
