// Work on another thread that settles a promise. Arguments are turned into plain C++ before, results into JavaScript
// after; `execute` touches neither.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "node/errors.h"
#include "node/napi.h"

namespace nb201::node {

using Aborted = std::shared_ptr<std::atomic<bool>>;

// { promise, abort }: the work, and how to end it early.
inline Napi::Object abortable(Napi::Env env, Napi::Promise promise, const Aborted& aborted) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("promise", promise);
  out.Set("abort", Napi::Function::New(env, [aborted](const Napi::CallbackInfo&) { *aborted = true; }));
  return out;
}

class PromiseWorker : public Napi::AsyncWorker {
 public:
  explicit PromiseWorker(Napi::Env env) : Napi::AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)) {}

  // Starts it. The worker deletes itself once the promise is settled.
  Napi::Promise start() {
    Napi::Promise promise = deferred_.Promise();
    Queue();
    return promise;
  }

 protected:
  virtual void execute() = 0;
  virtual Napi::Value result(Napi::Env env) = 0;

 private:
  void Execute() final {
    try {
      execute();
    } catch (const Error& error) {
      error_ = error;
      SetError(error.what());
    } catch (const std::bad_alloc&) {
      SetError("out of memory");
    }
  }
  void OnOK() final {
    const Napi::HandleScope scope(Env());
    try {
      deferred_.Resolve(result(Env()));
    } catch (const Napi::Error& error) {
      deferred_.Reject(error.Value());
    }
  }
  void OnError(const Napi::Error& error) final {
    const Napi::HandleScope scope(Env());
    deferred_.Reject(error_ ? toJs(Env(), *error_).Value() : error.Value());
  }

  Napi::Promise::Deferred deferred_;
  std::optional<Error> error_;
};

}  // namespace nb201::node
