#pragma once

#include <c10/core/Device.h>

namespace nb201::networks {

// The stream of a GPU that a thread's work goes to, where that is not the default one: what several threads do then
// happens at a time.
class LaneStream {
 public:
  // From here on this thread's work on the device goes to a stream of its own; nothing on a CPU.
  static void use(const c10::Device& device);
  // Waits for what was begun on the default stream of its devices.
  static void awaitOthers();
  // Waits for what this thread has begun.
  static void finish();
};

}  // namespace nb201::networks
