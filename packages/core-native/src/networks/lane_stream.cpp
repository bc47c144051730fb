#include "networks/lane_stream.h"

#include <c10/core/Stream.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <vector>

namespace nb201::networks {

namespace {

struct Streams {
  c10::Stream standard, own;
};

std::vector<Streams>& streamsOfThread() {
  thread_local std::vector<Streams> streams;
  return streams;
}

}  // namespace

void LaneStream::use(const c10::Device& device) {
  if (!device.is_cuda()) return;
  for (const Streams& known : streamsOfThread()) {
    if (known.own.device() == device) return;
  }
  const c10::impl::VirtualGuardImpl guard(device.type());
  const Streams streams{guard.getDefaultStream(device), guard.getStreamFromGlobalPool(device)};
  guard.exchangeStream(streams.own);
  streamsOfThread().push_back(streams);
}

void LaneStream::awaitOthers() {
  for (const Streams& streams : streamsOfThread()) {
    c10::impl::VirtualGuardImpl(streams.standard.device_type()).synchronizeStream(streams.standard);
  }
}

void LaneStream::finish() {
  for (const Streams& streams : streamsOfThread()) {
    c10::impl::VirtualGuardImpl(streams.own.device_type()).synchronizeStream(streams.own);
  }
}

}  // namespace nb201::networks
