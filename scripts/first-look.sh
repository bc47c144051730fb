#!/usr/bin/env bash
# From a fresh clone to a first look into a benchmark file: installs what is missing, builds, and asks a small file that
# the repository brings.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bash scripts/setup.sh
npm run -s build

file=$(echo test-fixtures/benchmark/NAS-Bench-201-v1_1-*.pth)
say() { printf '\n$ nb201 %s\n' "$*"; }
look() { say "$@"; node packages/cli/dist/main.js "$@"; }

look info "$file"
look query "$file" 3 --hp 200
look best "$file" --hp 200
look archs 6111
