#!/usr/bin/env bash
# Installs what is missing to build (and, with --tests, to test) on Debian and its relatives. Run it as often as you
# like: where nothing is missing it changes nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tests=no
case "${1:-}" in
  '') ;;
  --tests) tests=yes ;;
  *) echo "usage: $0 [--tests]" >&2; exit 2 ;;
esac

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
offered() { [ -n "$(apt-cache madison "$1" 2>/dev/null)" ]; }

# One that packages/core-native/cmake/FindLibtorch.cmake looks for before the system's.
other_libtorch() {
  local folder version=include/torch/csrc/api/include/torch/version.h
  for folder in "${NB201_LIBTORCH:-}" "${LIBTORCH:-}" \
    "$(python3 -c 'import importlib.util as u; s = u.find_spec("torch"); print(s.submodule_search_locations[0] if s else "")' 2>/dev/null)"; do
    [ -n "$folder" ] && [ -e "$folder/$version" ] && return 0
  done
  return 1
}

# The LLVM tools of version 14 are what the project is checked with; a newer Debian has them under other names.
either() {
  if installed "$1"; then echo "$1"
  elif installed "$2"; then echo "$2"
  elif offered "$1"; then echo "$1"
  else echo "$2"
  fi
}

# For the networks; everything else does without. Debian's libtorch multiplies matrices by whatever BLAS there is, and
# openblas is the fast one.
libtorch() { printf '%s\n' libtorch-dev libopenblas0; }

packages() {
  printf '%s\n' g++ cmake make libbz2-dev zlib1g-dev binutils
  [ $tests = yes ] || return 0
  libtorch
  printf '%s\n' python3 python3-numpy python3-torch python3-venv python3-pip libgtest-dev protobuf-compiler python3-protobuf
  printf '%s\n' slurm-wlm munge
  either clang-14 clang
  either libclang-rt-14-dev libclang-rt-dev
  either clang-format-14 clang-format
  either clang-tidy-14 clang-tidy
}

missing_of() { for package in "$@"; do installed "$package" || echo "$package"; done; }
# shellcheck disable=SC2046  # names without spaces, one word each
missing() { missing_of $(packages); }
# shellcheck disable=SC2046
missing_libtorch() { other_libtorch || missing_of $(libtorch); }

install_packages() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "setup: this is no Debian. Please see to it that these are there, by their Debian names:"
    { packages; libtorch; } | sort -u | sed 's/^/  /'
    return
  fi
  [ -n "$(missing; missing_libtorch)" ] || return 0
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
      if [ -z "$(missing)" ]; then
        echo "setup: without libtorch, as this is neither root nor sudo. For the networks: $(missing_libtorch | xargs)"
        return
      fi
      echo "setup: neither root nor sudo. Please install: $(missing | xargs)" >&2
      exit 1
    fi
    as_root=(sudo)
  fi
  "${as_root[@]}" apt-get update -q
  # Asked again: only now is it known which names are offered.
  local wanted
  wanted=$({ missing; missing_libtorch; } | sort -u | xargs)
  echo "setup: installing $wanted"
  # shellcheck disable=SC2086  # names without spaces, one word each
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $wanted
}

# Python packages that the tests compare with: the reference implementations, other libraries' readers. Only unpacked:
# nothing of them is installed.
reference() {
  local folder=.cache/reference/$1 package=$2 python wheels
  [ -d "$folder" ] && return
  # Debian's Python first: it has torch and protobuf, and a wheel may be for one version of Python alone.
  for python in /usr/bin/python3 python3; do "$python" -m pip --version >/dev/null 2>&1 && break; done
  wheels=$(mktemp -d)
  echo "setup: fetching $package"
  "$python" -m pip download -q --disable-pip-version-check --no-deps --dest "$wheels" "$package"
  # Moved when it is complete, so that an interrupted run leaves no half of it.
  mkdir -p "$wheels/unpacked" .cache/reference
  "$python" -m zipfile -e "$wheels"/*.whl "$wheels/unpacked"
  mv "$wheels/unpacked" "$folder"
  rm -rf "$wheels"
}

# npm writes node_modules/.package-lock.json last.
node_modules() {
  [ node_modules/.package-lock.json -nt package-lock.json ] && return
  npm ci --no-audit --no-fund
  touch node_modules/.package-lock.json
}

install_packages
if [ $tests = yes ]; then
  reference nas-bench-201-2.1 nas-bench-201==2.1
  reference nas-bench-201-1.3 nas-bench-201==1.3
  reference nats-bench nats-bench==1.8
  reference pyarrow pyarrow==17.0.0    # the last that takes Debian's NumPy
  reference safetensors safetensors==0.8.0
fi
node_modules
echo "setup: all is there"
