// Builds reader.node for every platform by zig, on any machine with Python, pip and CMake, checks each, and prints what it
// weighs and needs.
//   node scripts/release/build-readers.mjs [linux-x64-gnu …]      default: all
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { examine } from './examine-reader.mjs';
import { PLATFORMS } from './platforms.mjs';
import { fromPyPI } from './pypi.mjs';
import { CACHE, CORE, ROOT, run } from './support.mjs';
import { thirdPartySources } from './third-party.mjs';

const OUT = join(CACHE, 'readers');
const require = createRequire(join(CORE, 'package.json'));

const zig = () => join(fromPyPI('ziglang', '0.17.1').folder, 'ziglang/zig');

// What CMake makes a module of on macOS is a bundle, at which zig's linker ends in a segmentation fault. Node loads a
// dynamic library as well.
const LIBRARY_FOR_BUNDLE = `for word; do
  shift
  [ "$word" = -bundle ] && word=-dynamiclib
  set -- "$@" "$word"
done
`;

/** CMake takes one program for a compiler. */
function compilers(platform, folder) {
  const before = platform.os === 'darwin' ? LIBRARY_FOR_BUNDLE : '';
  const wrapper = (name, command) => {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${before}exec '${zig()}' ${command} "$@"\n`, { mode: 0o755 });
    return path;
  };
  return {
    c: wrapper('cc', `cc -target ${platform.zig}`),
    cxx: wrapper('c++', `c++ -target ${platform.zig}`),
    ar: wrapper('ar', 'ar'),
    ranlib: wrapper('ranlib', 'ranlib'),
  };
}

const SYSTEMS = { linux: 'Linux', darwin: 'Darwin', win32: 'Windows' };
const PROCESSORS = { x64: 'x86_64', arm64: 'aarch64' };

/** On Windows what Node exports is linked by a library of its names. */
function importLibrary(folder) {
  const { def_paths } = require('node-api-headers');
  const library = join(folder, 'node.lib');
  // node_api.def has what js_native_api.def has, and more.
  run(zig(), ['dlltool', '-d', def_paths.node_api_def, '-D', 'node.exe', '-l', library, '-m', 'i386:x86-64']);
  return library;
}

async function build(platform) {
  const folder = join(OUT, platform.key);
  mkdirSync(folder, { recursive: true });
  const { c, cxx, ar, ranlib } = compilers(platform, folder);
  const headers = [join(require.resolve('node-addon-api/package.json'), '..'), require('node-api-headers').include_dir];
  // zig's linker for macOS never ends with it (and damages the table of indirect symbols with -x).
  const linker = platform.os === 'darwin' ? [] : ['-s'];
  const more = {};
  if (platform.os === 'darwin') {
    linker.push('-Wl,-undefined,dynamic_lookup');
    // CMake insists on it, and nothing here is installed.
    more.CMAKE_INSTALL_NAME_TOOL = '/bin/true';
    more.CMAKE_OSX_SYSROOT = '';
  }
  const env = { ...process.env, ZIG_GLOBAL_CACHE_DIR: join(CACHE, 'zig'), ZIG_LOCAL_CACHE_DIR: join(CACHE, 'zig') };
  // Compiler caches do not know zig.
  for (const name of ['CMAKE_C_COMPILER_LAUNCHER', 'CMAKE_CXX_COMPILER_LAUNCHER']) delete env[name];
  const options = {
    CMAKE_SYSTEM_NAME: SYSTEMS[platform.os],
    CMAKE_SYSTEM_PROCESSOR: PROCESSORS[platform.cpu],
    CMAKE_BUILD_TYPE: 'Release',
    CMAKE_C_COMPILER: c,
    CMAKE_CXX_COMPILER: cxx,
    CMAKE_AR: ar,
    CMAKE_RANLIB: ranlib,
    CMAKE_C_FLAGS: '-ffunction-sections -fdata-sections',
    CMAKE_CXX_FLAGS: '-ffunction-sections -fdata-sections',
    CMAKE_MODULE_LINKER_FLAGS: linker.join(' '),
    CMAKE_JS_INC: headers.join(';'),
    CMAKE_JS_LIB: platform.os === 'win32' ? importLibrary(folder) : '',
    NB201_THIRD_PARTY: await thirdPartySources(),
    NB201_TORCH: 'OFF',
    ...more,
  };
  const build = join(folder, 'build');
  const definitions = Object.entries(options).map(([name, value]) => `-D${name}=${value}`);
  run('cmake', ['-S', CORE, '-B', build, ...definitions], { env });
  run('cmake', ['--build', build, '--target', 'reader', '-j', String(Math.min(2, cpus().length))], { env });
  return join(build, 'Release/reader.node');
}

const asked = process.argv.slice(2);
const unknown = asked.filter((key) => !PLATFORMS.some((platform) => platform.key === key));
if (unknown.length) throw new Error(`no such platform: ${unknown.join(', ')}`);
const found = [];
for (const platform of PLATFORMS.filter(({ key }) => asked.length === 0 || asked.includes(key))) {
  const began = performance.now();
  const built = await build(platform);
  const reader = join(OUT, platform.key, 'reader.node');
  renameSync(built, reader);
  found.push(examine(platform, reader));
  console.error(
    `${platform.key}: ${reader.slice(ROOT.length)} after ${((performance.now() - began) / 1000).toFixed(0)} s`,
  );
}
for (const { platform, bytes, what, wrong } of found) {
  console.log(`${platform.padEnd(16)} ${String(bytes).padStart(9)} bytes  ${what}`);
  for (const problem of wrong) console.log(`${''.padEnd(16)} WRONG: ${problem}`);
}
if (found.some(({ wrong }) => wrong.length)) process.exitCode = 1;
