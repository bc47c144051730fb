#!/usr/bin/env bash
# Builds torch.node for a current torch from PyPI and passes the tests of the networks against it: CPU only, from the
# three wheels that this takes (0.6 GB, kept unpacked under .cache). The build that is used otherwise stays as it is.
#   test-current-torch.sh [VERSION]      default: the newest
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=${1:-}
folder=$PWD/.cache/torch-${version:-newest}
for python in python3 /usr/bin/python3; do "$python" -m pip --version >/dev/null 2>&1 && break; done

fetch() {
  "$python" -m pip download -q --disable-pip-version-check --no-deps --only-binary=:all: --python-version 3.12 \
    --dest "$folder.part" "$1"
}

if [ ! -d "$folder" ]; then
  rm -rf "$folder.part"
  mkdir -p "$folder.part"
  echo "fetching torch${version:+ $version}"
  fetch "torch${version:+==$version}"
  # libtorch_cpu of the CUDA build needs these two libraries to be loaded, and no other.
  fetch nvidia-cuda-runtime
  fetch nvidia-cuda-cupti
  for wheel in "$folder.part"/*.whl; do
    "$python" -m zipfile -e "$wheel" "$folder.part"
    rm "$wheel"
  done
  mv "$folder.part" "$folder"
fi

cd packages/core-native
NB201_LIBTORCH=$folder/torch npx cmake-js configure --out build-current --CDCMAKE_BUILD_TYPE=Release >/dev/null
npx cmake-js build --out build-current --target compute
cd ../api
NB201_TORCH_ADDON=$PWD/../core-native/build-current/Release/torch.node \
  npx vitest run test/networks --testTimeout=120000
