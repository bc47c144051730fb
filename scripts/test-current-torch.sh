#!/usr/bin/env bash
# Builds torch.node for a current torch from PyPI and passes the tests of the networks against it: CPU only, from the
# three wheels that this takes (0.6 GB, kept unpacked under .cache). The build that is used otherwise stays as it is.
#   test-current-torch.sh [VERSION]      default: the newest
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder=$(bash scripts/fetch-torch.sh "${1:-}")

cd packages/core-native
NB201_LIBTORCH=$folder/torch npx cmake-js configure --out build-current --CDCMAKE_BUILD_TYPE=Release >/dev/null
npx cmake-js build --out build-current --target compute
cd ../api
NB201_TORCH_ADDON=$PWD/../core-native/build-current/Release/torch.node \
  npx vitest run test/networks --testTimeout=120000
