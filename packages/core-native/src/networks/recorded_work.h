// CUDA graphs: work that is hundreds of small operations is recorded once, and from then on the GPU itself starts it.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/Stream.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <functional>
#include <memory>

namespace nb201::networks {

// While it lives, this thread's work on a GPU goes to a stream of its own: none can be recorded on the default one.
class OwnStream {
 public:
  explicit OwnStream(const c10::Device& device)
      : guard_(device.type()),
        before_(guard_.getStream(device)),
        own_(guard_.getStreamFromGlobalPool(device, /*isHighPriority=*/false)) {
    guard_.synchronizeStream(before_);
    guard_.exchangeStream(own_);
  }
  ~OwnStream() {
    try {
      guard_.synchronizeStream(own_);
    } catch (const std::exception&) {  // what failed there is told by whoever waits for it next
    }
    guard_.exchangeStream(before_);
  }
  OwnStream(const OwnStream&) = delete;
  OwnStream& operator=(const OwnStream&) = delete;

 private:
  c10::impl::VirtualGuardImpl guard_;
  c10::Stream before_, own_;
};

class RecordedWork {
 public:
  // So often it is to be done before, on a stream of its own, as torch advises: in the first runs libraries choose
  // their algorithms and allocate.
  static constexpr int kWarmUps = 3;

  // Throws UNSUPPORTED where the device is no GPU, or this libtorch has no way to record.
  static void check(const c10::Device& device);

  // Records what `work` does on a GPU, without doing it. What it reads and writes must stay where it is.
  RecordedWork(const c10::Device& device, const std::function<void()>& work);
  ~RecordedWork();

  void operator()();

 private:
  struct Graph;
  std::unique_ptr<Graph> graph_;
};

}  // namespace nb201::networks
