#!/usr/bin/env bash
# clang-tidy (checks: .clang-tidy) over the C++ that needs no Node. Takes files to look at; without, all of src.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../packages/core-native"

tidy=$(command -v clang-tidy-14 || command -v clang-tidy || true)
if [ -z "$tidy" ]; then
  echo "clang-tidy is missing. Debian: apt-get install clang-tidy-14 (or: npm run setup -- --tests)" >&2
  exit 1
fi

# Its compile_commands.json tells how each file is compiled.
[ -f build-gtest/compile_commands.json ] || bash test/gtest/run.sh --configure

if [ $# -gt 0 ]; then files=("$@"); else files=(src/pickle/*.cpp src/torchfile/*.cpp src/benchmark/*.cpp); fi
# clang-tidy counts the warnings of system headers that it does not show; that line is noise.
printf '%s\0' "${files[@]}" |
  xargs -0 -n 1 -P 2 "$tidy" -p build-gtest --quiet --warnings-as-errors='*' 2> >(grep -v 'warnings generated' >&2)
