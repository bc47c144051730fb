// Builds reader.node for every platform by zig, on any machine with Python, pip and CMake, checks each, and prints what it
// weighs and needs.
//   node scripts/release/build-readers.mjs [linux-x64-gnu …]      default: all
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { MAX_GLIBC, MAX_READER_BYTES, PLATFORMS } from './platforms.mjs';
import { CACHE, CORE, ROOT, run } from './support.mjs';
import { thirdPartySources } from './third-party.mjs';

const ZIG_VERSION = '0.17.1';
const OUT = join(CACHE, 'readers');
const require = createRequire(join(CORE, 'package.json'));

/** zig, fetched from PyPI where it is missing. */
function zig() {
  const folder = join(CACHE, `zig-${ZIG_VERSION}`);
  if (!existsSync(folder)) {
    const python = ['python3', '/usr/bin/python3'].find((candidate) => {
      try {
        return run(candidate, ['-m', 'pip', '--version']);
      } catch {
        return false;
      }
    });
    if (!python) throw new Error('zig comes from PyPI: python3 with pip is needed');
    rmSync(`${folder}.part`, { recursive: true, force: true });
    run(python, ['-m', 'pip', 'install', '-q', '--no-deps', '--target', `${folder}.part`, `ziglang==${ZIG_VERSION}`]);
    renameSync(`${folder}.part`, folder);
  }
  return join(folder, 'ziglang/zig');
}

/** CMake takes one program for a compiler. */
function compilers(platform, folder) {
  const wrapper = (name, command) => {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\nexec '${zig()}' ${command} "$@"\n`, { mode: 0o755 });
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
  // zig's linker for macOS ended in a segmentation fault with it.
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

/** The symbol versions that it asks of glibc, the highest first. */
function glibcVersions(path) {
  const versions = new Set(run('objdump', ['-T', path]).match(/(?<=\(?GLIBC_)\d+\.\d+(\.\d+)?/g) ?? []);
  const parts = (version) => version.split('.').map(Number);
  return [...versions].sort((a, b) => parts(b)[0] - parts(a)[0] || parts(b)[1] - parts(a)[1]);
}

/** What a binary is, and everything that is wrong with it. */
function examine(platform, path) {
  const { size } = statSync(path);
  const wrong = [];
  if (size > MAX_READER_BYTES) wrong.push(`${size} bytes, more than ${MAX_READER_BYTES}`);
  const magic = readFileSync(path).subarray(0, 4).toString('hex');
  const expected = { linux: '7f454c46', darwin: 'cffaedfe', win32: '4d5a' }[platform.os];
  if (!magic.startsWith(expected)) wrong.push(`begins with ${magic}, not as a library of ${platform.os} does`);
  let needs = '';
  if (platform.os === 'linux') {
    const sections = run('readelf', ['-SW', path]);
    if (/\.symtab|\.debug_info/.test(sections)) wrong.push('not stripped');
    const libraries = [...run('readelf', ['-dW', path]).matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(([, name]) => name);
    const strange = libraries.filter((name) => !/^(libc|libm|libpthread|libdl|ld-linux-.*|ld-musl-.*)\.so/.test(name));
    if (strange.length) wrong.push(`needs ${strange.join(', ')}`);
    const [highest] = glibcVersions(path);
    if (platform.libc === 'glibc') {
      const [major, minor] = highest.split('.').map(Number);
      if (major > MAX_GLIBC[0] || minor > MAX_GLIBC[1]) wrong.push(`needs GLIBC_${highest}`);
      needs = `GLIBC_${highest}, `;
    } else if (highest) wrong.push(`needs GLIBC_${highest}`);
    needs += libraries.join(' ');
  }
  return { platform: platform.key, bytes: size, needs, wrong };
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
for (const { platform, bytes, needs, wrong } of found) {
  console.log(`${platform.padEnd(16)} ${String(bytes).padStart(9)} bytes  ${needs}`);
  for (const what of wrong) console.log(`${''.padEnd(16)} WRONG: ${what}`);
}
if (found.some(({ wrong }) => wrong.length)) process.exitCode = 1;
