#include "networks/recorded_work.h"

#include <torch/version.h>

#include "networks/error.h"
#if __has_include(<ATen/accelerator/Graph.h>)
#define NB201_GRAPHS
#include <ATen/accelerator/Graph.h>
#endif

namespace nb201::networks {

void RecordedWork::check(const c10::Device& device) {
  if (!device.is_cuda())
    throw NetworkError("UNSUPPORTED", "expected a network on a GPU, which alone can record its work as a graph");
#ifndef NB201_GRAPHS
  throw NetworkError("UNSUPPORTED", "CUDA graphs need libtorch 2.12.1 or newer, and this one is " TORCH_VERSION);
#endif
}

#ifdef NB201_GRAPHS

struct RecordedWork::Graph {
  at::accelerator::Graph recording;
};

RecordedWork::RecordedWork(const c10::Device& device, const std::function<void()>& work) {
  check(device);
  const OwnStream stream(device);
  graph_ = std::make_unique<Graph>();
  // What other threads do meanwhile is no part of it, and does not end it.
  graph_->recording.capture_begin({0, 0}, at::GraphCaptureMode::ThreadLocal);
  try {
    work();
  } catch (...) {
    try {
      graph_->recording.capture_end();
    } catch (const std::exception&) {  // it has failed already
    }
    throw;
  }
  graph_->recording.capture_end();
}

void RecordedWork::operator()() { graph_->recording.replay(); }

#else

struct RecordedWork::Graph {};

RecordedWork::RecordedWork(const c10::Device& device, const std::function<void()>&) { check(device); }

void RecordedWork::operator()() {}

#endif

RecordedWork::~RecordedWork() = default;

}  // namespace nb201::networks
