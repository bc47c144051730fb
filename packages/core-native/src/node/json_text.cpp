#include "node/json_text.h"

#include "benchmark/json_text.h"
#include "node/promise_worker.h"

namespace nb201::node {

namespace {

template <typename Array, typename Number>
std::vector<Number> numbersFrom(const Napi::Value& value) {
  const Array array = value.As<Array>();
  return std::vector<Number>(array.Data(), array.Data() + array.ElementLength());
}

class JsonTextWorker final : public PromiseWorker {
 public:
  JsonTextWorker(Napi::Env env, JsonText text) : PromiseWorker(env), text_(std::move(text)) {}

 protected:
  void execute() override {
    out_ = std::make_unique<std::string>(text_.text());
    text_ = {};
  }
  Napi::Value result(Napi::Env env) override {
    std::string* out = out_.get();
    // The buffer owns the text from here on; where memory from outside is not allowed, it is copied and freed at once.
    const auto free = [](Napi::BasicEnv, char*, std::string* text) { delete text; };
    Napi::Value buffer = Napi::Buffer<char>::NewOrCopy(env, out->data(), out->size(), free, out);
    static_cast<void>(out_.release());
    return buffer;
  }

 private:
  JsonText text_;
  std::unique_ptr<std::string> out_;
};

bool fits(const JsonText& text) {
  if (text.literalEnds.size() != text.prefixes.size() + 1 || text.first.size() != text.prefixes.size() + 1)
    return false;
  uint32_t before = 0;
  for (const uint32_t end : text.literalEnds) {
    if (end < before || end > text.literals.size()) return false;
    before = end;
  }
  before = 0;
  for (const uint32_t first : text.first) {
    if (first < before || first > text.values.size()) return false;
    before = first;
  }
  return text.presence.empty() || text.presence.size() == text.values.size();
}

}  // namespace

Napi::Value jsonText(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const bool typed = info[0].IsString() && info[1].IsTypedArray() && info[2].IsArray() && info[3].IsTypedArray() &&
                     info[4].IsTypedArray() && (info[5].IsUndefined() || info[5].IsTypedArray());
  if (!typed)
    throw Napi::TypeError::New(env, "expected literals, their ends, prefixes, values, their starts, presence");
  JsonText text;
  text.literals = info[0].As<Napi::String>();
  text.literalEnds = numbersFrom<Napi::Uint32Array, uint32_t>(info[1]);
  const Napi::Array prefixes = info[2].As<Napi::Array>();
  text.prefixes.reserve(prefixes.Length());
  for (uint32_t i = 0; i < prefixes.Length(); ++i) text.prefixes.push_back(prefixes.Get(i).ToString());
  text.values = numbersFrom<Napi::Float64Array, double>(info[3]);
  text.first = numbersFrom<Napi::Uint32Array, uint32_t>(info[4]);
  if (!info[5].IsUndefined()) text.presence = numbersFrom<Napi::Uint8Array, uint8_t>(info[5]);
  if (!fits(text)) throw Napi::RangeError::New(env, "expected literals and curves that fit together");
  return (new JsonTextWorker(env, std::move(text)))->start();
}

}  // namespace nb201::node
