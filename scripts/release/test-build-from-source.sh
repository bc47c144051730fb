#!/usr/bin/env bash
# Compiles both addons from what is packed, in an empty folder outside of the repository and without a prebuilt reader, as
# `nb201 build` does for those who have no other; then asks a fixture and runs a network. Takes g++, cmake and a libtorch;
# too long for the tests (minutes of every processor).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

node scripts/release/stage.mjs --local --unchecked >/dev/null
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cp .cache/packages/{nas-bench-201,nas-bench-201-cli,nas-bench-201-converters,nas-bench-201-core-native}-[0-9]*.tgz "$place/"
mkdir -p "$place/scripts/release" "$place/packages/core-native" "$place/test-fixtures/answers"
cp scripts/release/{try-reader,support}.mjs "$place/scripts/release/"
cp packages/core-native/package.json "$place/packages/core-native/"
cp -r test-fixtures/benchmark "$place/test-fixtures/"
cp -r test-fixtures/answers/benchmark "$place/test-fixtures/answers/"
cd "$place"
echo '{ "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --no-update-notifier ./*.tgz

npx nb201 build
node scripts/release/try-reader.mjs
npx nb201 build --torch
node --input-type=module -e "
  import { Network } from 'nas-bench-201';
  const arch = '|nor_conv_3x3~0|+|nor_conv_3x3~0|none~1|+|skip_connect~0|none~1|none~2|';
  const network = await Network.fromArch(arch, { seed: 777 });
  const { logits } = await network.forward({ data: new Float32Array(2 * 3 * 32 * 32).fill(0.5), shape: [2, 3, 32, 32] });
  if (logits.shape.join() !== '2,10' || !logits.data.every(Number.isFinite)) throw new Error('no such logits');
  console.log('logits', ...[...logits.data].slice(0, 3), '… by an addon compiled here');"
