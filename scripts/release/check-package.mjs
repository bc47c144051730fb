import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { MAX_READER_BYTES } from './platforms.mjs';
import { ROOT, run } from './support.mjs';

const EVERYWHERE = ['package.json', 'README.md', 'LICENSE'];
const LIBRARY = ['dist/index.js', 'dist/index.cjs', 'dist/index.d.ts', 'dist/index.d.cts'];

/** What a package must have, by the end of its name; the first that fits counts. */
const REQUIRED = [
  [/core-native-libtorch-/, ['torch.node', 'THIRD-PARTY-NOTICES']],
  [/core-native-/, ['reader.node', 'THIRD-PARTY-NOTICES']],
  [
    /core-native$/,
    [
      ...LIBRARY,
      'dist/binary/compile.js',
      'CMakeLists.txt',
      'cmake/compression.cmake',
      'cmake/FindLibtorch.cmake',
      'src/node/addon.cpp',
      'src/node/torch/addon.cpp',
      'third_party/zlib/inflate.c',
      'third_party/zlib/LICENSE',
      'third_party/bzip2/bzlib.c',
      'third_party/bzip2/LICENSE',
      'THIRD-PARTY-NOTICES',
    ],
  ],
  [/cli$/, ['dist/main.js', 'dist/index.js', 'dist/index.d.ts']],
  [/./, LIBRARY],
];

/** What nobody wants to install. */
const FORBIDDEN = /\.tsbuildinfo$|\.map$|(^|\/)test\/|^build|\.log$/;

/** attw by the packed file: everything for the entry, ES modules alone for what only the project itself imports. */
function attw(tarball, args) {
  try {
    run(process.execPath, [join(ROOT, 'node_modules/@arethetypeswrong/cli/dist/index.js'), tarball, ...args], {
      env: { ...process.env, NO_COLOR: '1' },
    });
    return [];
  } catch (error) {
    return [`attw ${args.join(' ')}: ${error.message}`];
  }
}

/** Everything that is wrong with a package, in words. */
export async function checkPackage(folder, tarball, files) {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const problems = [];
  const [, required] = REQUIRED.find(([pattern]) => pattern.test(manifest.name));
  for (const name of [...EVERYWHERE, ...required]) {
    if (!files.includes(name)) problems.push(`${name} is missing`);
  }
  for (const name of files.filter((file) => FORBIDDEN.test(file))) problems.push(`${name} does not belong into it`);
  if (required.includes('reader.node')) {
    const { size } = statSync(join(folder, 'reader.node'));
    if (size > MAX_READER_BYTES) problems.push(`reader.node has ${size} bytes, more than ${MAX_READER_BYTES}`);
    return problems;
  }
  if (required.includes('torch.node')) return problems;

  const { messages } = await publint({ pkgDir: folder, strict: true, pack: false });
  problems.push(...messages.map((message) => `publint: ${formatMessage(message, manifest)}`));
  if (required.includes('dist/index.cjs')) problems.push(...attw(tarball, ['--entrypoints', '.']));
  else problems.push(...attw(tarball, ['--entrypoints', '.', '--profile', 'esm-only']));
  const internal = Object.keys(manifest.exports).filter((name) => name !== '.' && !name.endsWith('.json'));
  if (internal.length) problems.push(...attw(tarball, ['--entrypoints', ...internal, '--profile', 'esm-only']));
  return problems;
}
