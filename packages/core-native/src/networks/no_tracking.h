#pragma once

#include <ATen/core/LegacyTypeDispatch.h>
#include <c10/core/GradMode.h>

namespace nb201::networks {

// Neither gradients nor what keeps track of views and changes: a fifth of the time of small operations.
struct NoTracking {
  c10::NoGradGuard noGrad;
  at::AutoDispatchBelowADInplaceOrView below;
};

}  // namespace nb201::networks
