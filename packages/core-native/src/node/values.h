// Plain pickle values as JavaScript ones.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "node/napi.h"
#include "pickle/value.h"

namespace nb201::node {

// The classes that lib/values.ts gives to what JavaScript has no type for, as functions that make them.
struct Factories {
  Napi::FunctionReference tuple, fill, dict, frozenSet, complex, dtype, ndarray, storage, tensor, global, object;
};

class ValueWriter {
 public:
  // `file` is handed to the storages, which read through it when they are asked to.
  ValueWriter(Napi::Env env, const Factories& factories, Napi::Value file)
      : env_(env), factories_(factories), file_(file) {}

  Napi::Value write(const Value& value);

 private:
  Napi::Value sequence(const Value& value);
  Napi::Value object(const Object& object);
  Napi::Value storage(const Storage& storage);
  Napi::Value bigInt(std::string_view twosComplement);
  Napi::Array list(const std::vector<Value>& items);
  Napi::Array sizes(const std::vector<uint64_t>& sizes);
  template <class Make>
  Napi::Value once(const void* node, Make make);

  Napi::Env env_;
  const Factories& factories_;
  Napi::Value file_;
  std::unordered_map<const void*, Napi::Value> made_;      // what is one object in the file is one here
  std::unordered_map<std::string, Napi::Value> storages_;  // by key
};

// Text of a pickle: UTF-8 in which surrogates may stand alone.
Napi::Value textToJs(Napi::Env env, std::string_view utf8);

// Lists of texts, both ways; anything else than a list has none.
Napi::Array textsOf(Napi::Env env, const std::vector<std::string>& from);
std::vector<std::string> textsOf(const Napi::Value& list);

}  // namespace nb201::node
