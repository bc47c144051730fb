// Values as one line of text, for tests to compare; and what every value promises to whoever uses it.
#pragma once

#include <string>

#include "pickle/value.h"

namespace nb201::test {

// Python-like. What occurs again is written `<again n>`, n counting what was met: sharing and cycles are compared too.
std::string describe(const Value& value);

// What is broken about `value`, or nothing: text that is no UTF-8, arrays whose bytes do not fit their shape, views
// beyond their storage. Users of values rely on these without looking. Takes time linear in the graph, no recursion.
std::string brokenPromise(const Value& value);

}  // namespace nb201::test
