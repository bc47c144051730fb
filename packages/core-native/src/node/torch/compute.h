// Tensor work happens on threads of its own: JavaScript's must stay free. It is one thread unless somebody asks for
// more lanes, as OpenMP makes a team of threads for each thread that calls.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_set>

#include "networks/network.h"
#include "node/napi.h"

namespace nb201::node {

// The thread of a lane, one a process. It is never destroyed: libtorch's own statics may go before it would at exit. On
// a GPU all lanes but the first have a stream of their own; what other lanes have made is complete when a job begins.
class ComputeThread {
 public:
  static ComputeThread& of(size_t lane);
  static std::vector<ComputeThread*> all();

  void post(const void* owner, std::function<void()> job);
  // Forgets the jobs of an owner and waits for the one of its that runs.
  void drop(const void* owner);

 private:
  ComputeThread();
  void run();

  struct Job {
    const void* owner;
    std::function<void()> work;
  };
  std::mutex lock_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  const void* running_ = nullptr;
};

// The work that one environment (the main thread, a worker thread) has on that thread. Arguments are turned into plain
// C++ before, results into JavaScript after.
class Compute {
 public:
  explicit Compute(Napi::Env env);

  // Aborts and forgets all work, and waits for what runs. Libtorch must be idle when the process or the environment
  // ends.
  void stop();

  // { promise, abort }. `work(checkpoint)` runs on the compute thread and touches no JavaScript; `toJs(env, result)`
  // makes the promise's value of what it returned.
  template <class Work, class ToJs>
  Napi::Value start(Napi::Env env, size_t lane, Work work, ToJs toJs) {
    auto made = std::make_shared<std::optional<std::invoke_result_t<Work, const networks::Checkpoint&>>>();
    auto* task = new Task(env);
    task->work = [work = std::move(work), made](const networks::Checkpoint& checkpoint) mutable {
      made->emplace(work(checkpoint));
    };
    task->result = [toJs = std::move(toJs), made](Napi::Env to) mutable { return toJs(to, **made); };
    return post(env, lane, task);
  }
  // The same of work that returns nothing: a promise of undefined.
  template <class Work>
  Napi::Value start(Napi::Env env, size_t lane, Work work) {
    auto* task = new Task(env);
    task->work = std::move(work);
    task->result = [](Napi::Env to) { return to.Undefined(); };
    return post(env, lane, task);
  }

 private:
  struct Task {
    explicit Task(Napi::Env env) : deferred(Napi::Promise::Deferred::New(env)) {}
    Napi::Promise::Deferred deferred;
    std::shared_ptr<std::atomic<bool>> aborted = std::make_shared<std::atomic<bool>>(false);
    std::function<void(const networks::Checkpoint&)> work;
    std::function<Napi::Value(Napi::Env)> result;
    std::exception_ptr failure;
  };
  static void settle(Napi::Env env, Napi::Function callback, Compute* compute, Task* task);
  using Channel = Napi::TypedThreadSafeFunction<Compute, Task, &Compute::settle>;

  Napi::Value post(Napi::Env env, size_t lane, Task* task);

  Channel channel_;
  std::unordered_set<Task*> tasks_;  // that are not settled yet
};

// A failure of the compute thread as a JavaScript error with its code.
Napi::Error toJs(Napi::Env env, const std::exception_ptr& failure);

// Of a thing that is asked for after its dispose().
Napi::Error disposed(Napi::Env env, const char* thing);

}  // namespace nb201::node
