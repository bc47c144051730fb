#pragma once

#include <memory>
#include <vector>

#include "node/napi.h"
#include "torchfile/writer.h"

namespace nb201::node {

class Addon;

// Writes JavaScript values as the bytes of a torch file or pickle. lib/take-apart.ts tells what an object is and what
// it is made of; numbers and texts are taken here.
class TorchWriter : public Napi::ObjectWrap<TorchWriter> {
 public:
  static void define(Napi::Env env, Napi::Object exports);
  explicit TorchWriter(const Napi::CallbackInfo& info);

 private:
  Napi::Value open(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);
  Napi::Value write(const Napi::CallbackInfo& info);
  Napi::Value endValue(const Napi::CallbackInfo& info);
  Napi::Value storage(const Napi::CallbackInfo& info);
  Napi::Value finish(const Napi::CallbackInfo& info);
  Napi::Value ready(const Napi::CallbackInfo& info);
  Napi::Value take(const Napi::CallbackInfo& info);

  void value(Napi::Value from, int depth);
  void number(double value);
  void text(Napi::Value from);
  void bigInt(Napi::Value from);
  void object(Napi::Value from, int depth);
  void items(Napi::Array from, int depth);
  void tuple(Napi::Array contents, size_t number, int depth);
  void curves(Napi::Array sets);
  void tensor(const Napi::Array& parts);
  void array(const Napi::Array& parts);
  size_t storageOf(const Napi::Value& number, const Napi::Value& type, const Napi::Value& bytes);

  Napi::FunctionReference takeApart_;
  std::unique_ptr<TorchFileWriter> writer_;
  std::vector<uint32_t> entries_;  // of the memo, by the numbers that takeApart gives to objects
};

}  // namespace nb201::node
