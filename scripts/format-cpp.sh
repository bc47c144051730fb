#!/usr/bin/env bash
# Formats the C++ of packages/core-native, or with --check says what is not formatted.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case "${1:-}" in
  --check) action=(--dry-run --Werror) ;;
  --write) action=(-i) ;;
  *) echo "usage: $0 --check|--write" >&2; exit 2 ;;
esac

# Other versions format differently, so 14 comes first.
formatter=$(command -v clang-format-14 || command -v clang-format || true)
if [ -z "$formatter" ]; then
  echo "clang-format is missing. Debian: apt-get install clang-format-14 (or: npm run setup -- --tests)" >&2
  exit 1
fi

# Tracked files and new ones that git does not ignore; deleted ones are still listed, so look.
git ls-files -z --cached --others --exclude-standard -- 'packages/core-native/src' 'packages/core-native/test' \
  'packages/core-native/cmake' |
  while IFS= read -r -d '' file; do
    case "$file" in *.cpp | *.h) [ -f "$file" ] && printf '%s\0' "$file" ;; esac
  done |
  xargs -0 -r "$formatter" --style=file "${action[@]}"
