#!/usr/bin/env bash
# Fetches a torch from PyPI to compile and link against, unpacked under .cache (1.1 GB), and prints the folder: the three
# wheels without which libtorch_cpu does not load.
#   fetch-torch.sh [VERSION]      default: the newest
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
  echo "fetching torch${version:+ $version}" >&2
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

echo "$folder"
