#!/usr/bin/env bash
# Everything that CI checks, from a bare machine on. Goes on after a failure, so that one run tells all of it, and ends
# with one line: N passed, N failed. NB201_FUZZ_SECONDS: how long each fuzz target runs (30).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

reports=$PWD/.cache/reports
rm -rf "$reports" packages/*/.cache/vitest.json
mkdir -p "$reports"

failed_steps=()
step() {
  local name=$1 start=$SECONDS
  shift
  echo "==> $name"
  if "$@"; then
    echo "==> $name: good after $((SECONDS - start)) s"
  else
    echo "==> $name: FAILED after $((SECONDS - start)) s"
    failed_steps+=("$name")
  fi
}

# One report a package; each is collected under its package's name.
unit_tests() {
  local status=0 report
  npx turbo run test --continue --ui=stream -- --passWithNoTests --reporter=default --reporter=json \
    --outputFile.json=.cache/vitest.json || status=$?
  for report in packages/*/.cache/vitest.json; do
    [ -f "$report" ] && cp "$report" "$reports/vitest-$(basename "$(dirname "$(dirname "$report")")").json"
  done
  return "$status"
}

native_tests() { NB201_GTEST_REPORT=$reports/gtest-core-native.json npm run -s test:native -w packages/core-native; }

step setup bash scripts/setup.sh --tests
step build npm run -s build
step lint npm run -s lint
step 'unit tests' unit_tests
step 'native tests' native_tests
step fuzz npm run -s fuzz -- --seconds "${NB201_FUZZ_SECONDS:-30}"

node scripts/count-tests.mjs "$reports" "${failed_steps[@]}"
