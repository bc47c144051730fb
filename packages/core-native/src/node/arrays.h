// Vectors as typed arrays.
#pragma once

#include <cstring>
#include <memory>
#include <type_traits>
#include <vector>

#include "node/napi.h"

namespace nb201::node {

// A copy, of the vector's own type.
template <class T>
Napi::Value arrayOf(Napi::Env env, const std::vector<T>& from) {
  Napi::TypedArrayOf<T> out = Napi::TypedArrayOf<T>::New(env, from.size());
  if (!from.empty()) std::memcpy(out.Data(), from.data(), from.size() * sizeof(T));
  return out;
}

// The vector's own memory, which the array frees once nobody has it any more; a copy where this is small, or where the
// runtime takes no memory of others.
template <class T>
Napi::Value arrayFrom(Napi::Env env, std::vector<T>&& from) {
  constexpr size_t kSmall = 4096;
  const size_t count = from.size(), bytes = count * sizeof(T);
  if (bytes <= kSmall) return arrayOf(env, from);
  auto owned = std::make_unique<std::vector<T>>(std::move(from));
  napi_value buffer;
  const napi_status status = napi_create_external_arraybuffer(
      env, owned->data(), bytes,
      [](node_api_basic_env, void*, void* hint) { delete static_cast<std::vector<T>*>(hint); }, owned.get(), &buffer);
  if (status != napi_ok) return arrayOf(env, *owned);
  owned.release();
  return Napi::TypedArrayOf<T>::New(env, count, Napi::ArrayBuffer(env, buffer), 0);
}

}  // namespace nb201::node
