// What a benchmark file holds as text, and whether the two ways to read a curve agree on it.
#pragma once

#include <string>

#include "benchmark/curves.h"

namespace nb201::test {

// Every record with its trials, costs and curves, for two ways of opening a file to be compared.
std::string summary(BenchmarkIndex& index);

// Where a curve that was addressed differs from the same curve decoded, or what was collected of its last epoch from
// the curve; or nothing.
std::string disagreement(BenchmarkIndex& index);

}  // namespace nb201::test
