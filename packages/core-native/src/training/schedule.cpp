#include "training/schedule.h"

#include <cmath>

namespace nb201::training {

namespace {
constexpr double kPi = 3.14159265358979323846;
}

// Each step as the reference rounds it. The cosine is the C library's, as Python's is.
std::vector<double> Schedule::rates(int64_t epoch, int64_t iterations) const {
  std::vector<double> out(static_cast<size_t>(iterations));
  const auto at = static_cast<double>(epoch), warm = static_cast<double>(warmup);
  for (size_t i = 0; i < out.size(); ++i) {
    if (epoch >= epochs) {
      out[i] = least;
    } else if (epoch >= warmup) {
      const auto last = static_cast<double>(epoch - warmup);
      out[i] = least + (rate - least) * (1 + std::cos(kPi * last / static_cast<double>(epochs))) / 2;
    } else {
      const double iteration = 1.0 * static_cast<double>(i) / static_cast<double>(iterations);
      out[i] = (at / warm + iteration / warm) * rate;
    }
  }
  return out;
}

}  // namespace nb201::training
