#include "node/torch/compute.h"

#include <c10/util/Exception.h>

#include <chrono>
#include <thread>

#include "networks/error.h"
#include "networks/lane_stream.h"
#include "networks/out_of_memory.h"
#include "networks/tensor_memory.h"
#include "node/errors.h"

namespace nb201::node {

namespace {

// After so long without work on any lane the memory of tensors is given back.
constexpr std::chrono::seconds kIdle{1};
std::atomic<int> busyLanes{0};

struct Lanes {
  std::mutex lock;
  std::map<size_t, ComputeThread*> threads;
};
Lanes& lanes() {
  static Lanes* const all = new Lanes();
  return *all;
}

Napi::Error coded(Napi::Env env, const char* code, const std::string& message) {
  Napi::Error out = Napi::Error::New(env, message);
  out.Set("code", code);
  return out;
}

Napi::Error torchError(Napi::Env env, const std::exception& error, const std::string& what) {
  return coded(env, networks::isOutOfMemory(error) ? "OUT_OF_MEMORY" : "TORCH", "libtorch: " + what);
}

}  // namespace

Napi::Error toJs(Napi::Env env, const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    return toJs(env, error);
  } catch (const networks::NetworkError& error) {
    return coded(env, error.code(), error.what());
  } catch (const c10::Error& error) {
    return torchError(env, error, error.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    return coded(env, "OUT_OF_MEMORY", "out of memory");
  } catch (const std::exception& error) {
    return torchError(env, error, error.what());
  }
}

ComputeThread& ComputeThread::of(size_t lane) {
  Lanes& known = lanes();
  const std::lock_guard<std::mutex> locked(known.lock);
  ComputeThread*& thread = known.threads[lane];
  if (!thread) thread = new ComputeThread();
  return *thread;
}

std::vector<ComputeThread*> ComputeThread::all() {
  Lanes& known = lanes();
  const std::lock_guard<std::mutex> locked(known.lock);
  std::vector<ComputeThread*> out;
  for (const auto& [lane, thread] : known.threads) out.push_back(thread);
  return out;
}

ComputeThread::ComputeThread() {
  std::thread([this] { run(); }).detach();
}

void ComputeThread::run() {
  std::unique_lock<std::mutex> locked(lock_);
  for (;;) {
    const auto work = [this] { return !jobs_.empty(); };
    if (!changed_.wait_for(locked, kIdle, work)) {
      locked.unlock();
      if (busyLanes == 0) networks::giveBackFreedBlocks();
      locked.lock();
      changed_.wait(locked, work);
    }
    {
      const Job job = std::move(jobs_.front());
      jobs_.pop_front();
      running_ = job.owner;
      locked.unlock();
      ++busyLanes;
      job.work();
      --busyLanes;
      locked.lock();
    }
    running_ = nullptr;
    changed_.notify_all();
  }
}

void ComputeThread::post(const void* owner, std::function<void()> job) {
  const std::lock_guard<std::mutex> locked(lock_);
  jobs_.push_back({owner, std::move(job)});
  changed_.notify_all();
}

void ComputeThread::drop(const void* owner) {
  std::unique_lock<std::mutex> locked(lock_);
  for (auto job = jobs_.begin(); job != jobs_.end();) job = job->owner == owner ? jobs_.erase(job) : job + 1;
  changed_.wait(locked, [&] { return running_ != owner; });
}

Compute::Compute(Napi::Env env)
    : channel_(Channel::New(env, "nb201 compute", /*maxQueueSize=*/0, /*initialThreadCount=*/1, this)) {
  channel_.Unref(env);
  // After the channel's own hook, hence called before it: nothing posts to a channel that is gone.
  napi_add_env_cleanup_hook(
      env, [](void* self) { static_cast<Compute*>(self)->stop(); }, this);
}

void Compute::stop() {
  for (const Task* task : tasks_) *task->aborted = true;
  for (ComputeThread* thread : ComputeThread::all()) thread->drop(this);
  for (const Task* task : tasks_) delete task;
  tasks_.clear();
}

Napi::Value Compute::post(Napi::Env env, size_t lane, Task* task) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("promise", task->deferred.Promise());
  out.Set("abort", Napi::Function::New(env, [aborted = task->aborted](const Napi::CallbackInfo&) { *aborted = true; }));
  // Work in progress keeps the process alive.
  if (tasks_.empty()) channel_.Ref(env);
  tasks_.insert(task);
  ComputeThread::of(lane).post(this, [this, task] {
    const networks::Checkpoint checkpoint = [aborted = task->aborted] {
      if (*aborted) throw networks::NetworkError("ABORTED", "the work was aborted");
    };
    try {
      checkpoint();
      networks::LaneStream::awaitOthers();
      task->work(checkpoint);
      networks::LaneStream::finish();
    } catch (...) {
      task->failure = std::current_exception();
    }
    channel_.NonBlockingCall(task);
  });
  return out;
}

void Compute::settle(Napi::Env env, Napi::Function, Compute* compute, Task* task) {
  // The environment is ending, and stop() has deleted the task.
  if (env == nullptr || compute->tasks_.count(task) == 0) return;
  const std::unique_ptr<Task> owned(task);
  compute->tasks_.erase(task);
  if (compute->tasks_.empty()) compute->channel_.Unref(env);
  if (task->failure) return task->deferred.Reject(toJs(env, task->failure).Value());
  try {
    task->deferred.Resolve(task->result(env));
  } catch (const Napi::Error& error) {
    task->deferred.Reject(error.Value());
  }
}

Napi::Error disposed(Napi::Env env, const char* thing) {
  Napi::Error error = Napi::Error::New(env, std::string("the ") + thing + " was disposed of");
  error.Set("code", "DISPOSED");
  return error;
}

}  // namespace nb201::node
