#!/usr/bin/env bash
# Builds torch.node and passes the CUDA tests, on a machine with a GPU and without a network: it takes a torch with CUDA
# that python3 imports (or NB201_LIBTORCH), g++, cmake, Node, and node_modules as `npm ci` leaves it. What it prints, with
# date, device and versions, is what packages/core-native/test/cuda keeps.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

date -u +'%Y-%m-%d %H:%M UTC'
if command -v nvidia-smi >/dev/null; then nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
else echo 'no nvidia-smi: there may be no GPU here'
fi
(
  cd packages/core-native
  npx cmake-js configure --out build --CDCMAKE_BUILD_TYPE=Release | grep -i libtorch
  npx cmake-js build --out build >/dev/null
)
for package in core-native api converters cli; do (cd "packages/$package" && npx tsc -b); done
node packages/cli/dist/main.js doctor
# Where there is no GPU the tests fail, instead of being skipped.
cd packages/api
NB201_REQUIRE_CUDA=1 npx vitest run test/networks-cuda.test.ts --testTimeout=120000
cd ../..
# An epoch of two searches on CIFAR-10, with the seconds that it takes and the memory of the GPU at its end.
if [ -n "${NB201_DATA:-}" ]; then
  for algorithm in gdas darts-v1; do
    out=$(mktemp -d)
    node packages/cli/dist/main.js search "$algorithm" --dataset cifar10 --data "$NB201_DATA" --seed 1 --bn 1 --device cuda \
      --epochs 1 --out "$out" &
    search=$!
    most=0
    while kill -0 "$search" 2>/dev/null; do
      used=$(nvidia-smi --query-gpu=memory.used --format=csv,noheader,nounits | sort -n | tail -1)
      [ "$used" -gt "$most" ] && most=$used
      sleep 2
    done
    wait "$search"
    echo "$algorithm: at most $most MiB of the GPU in use"
    rm -rf "$out"
  done
else echo 'SKIPPED, because NB201_DATA names no folder with CIFAR-10: an epoch of GDAS and of DARTS-V1'
fi
