#!/usr/bin/env bash
# The C++ tests under AddressSanitizer and UBSan: plain CMake, no Node headers.
#   --configure   only configure build-gtest (scripts/tidy-cpp.sh wants its compile_commands.json)
# NB201_GTEST_REPORT names a file for GoogleTest's JSON report; other arguments go to the tests (--gtest_filter=…).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

cmake -S . -B build-gtest -DNB201_TESTS=ON -DCMAKE_BUILD_TYPE=Debug \
  -DCMAKE_CXX_FLAGS="-O1 -fsanitize=address,undefined -fno-sanitize-recover=all" >/dev/null
[ "${1:-}" = --configure ] && exit 0
cmake --build build-gtest --target reader_tests -j 2

# Described once, in test-fixtures/malformed, for the tests of every language.
make=../../test-fixtures/malformed/make.mjs
if [ -f "$make" ]; then
  rm -rf build-gtest/malformed
  node "$make" build-gtest/malformed
  export NB201_MALFORMED="$PWD/build-gtest/malformed/cases.tsv"
fi

report=${NB201_GTEST_REPORT:-build-gtest/report.json}
rm -f "$report"
# A reader that hangs is a failure, too.
timeout --kill-after=5 300 build-gtest/test/gtest/reader_tests --gtest_brief=1 "--gtest_output=json:$report" "$@"
