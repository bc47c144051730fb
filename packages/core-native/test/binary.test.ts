// What the first import says where no binary can be loaded: the cases that cannot be brought about on any one machine.
// How it is with packages that are installed: packages/cli/test/install.
import { describe, expect, it } from 'vitest';
import { type Attempt, explain, failureText } from '../lib/binary/failure.js';
import { platformKey, type System } from '../lib/binary/system.js';

const LINUX: System = {
  platform: 'linux',
  arch: 'x64',
  libc: 'glibc',
  libcVersion: '2.36',
  node: '22.1.0',
  debian: true,
};
const PACKAGE = '@nas-bench-201/core-native-linux-x64-gnu';
const MISSING: Attempt = {
  origin: 'local build',
  path: '/core/build/Release/reader.node',
  reason: 'not there',
  kind: 'missing',
};

/** The text for what the system's loader has said of the platform's package. */
function textOf(message: string, system: System = LINUX): string {
  const attempt = { origin: PACKAGE, path: '/core-linux/reader.node', ...explain(new Error(message)) };
  return failureText('reader', '1.2.3', [MISSING, attempt], system);
}

describe('where the binary cannot be loaded', () => {
  it('a Node that is too old is named first, whatever else is wrong', () => {
    expect(textOf('/x/reader.node: undefined symbol: napi_type_tag_object', { ...LINUX, node: '18.20.4' })).toBe(
      [
        'cannot load reader.node 1.2.3 (linux x64, glibc 2.36, Node 18.20.4). Tried:',
        '  - local build (/core/build/Release/reader.node): not there',
        `  - ${PACKAGE} (/core-linux/reader.node): /x/reader.node: undefined symbol: napi_type_tag_object`,
        'Likely fix: Node 18.20.4 is too old, 20 or newer is needed: npx --package node@22 -- node …',
      ].join('\n'),
    );
  });

  it.each([
    [
      "The module '/x/reader.node'\nwas compiled against a different Node.js version using\nNODE_MODULE_VERSION 108.",
      'for another Node than 22.1.0',
    ],
    ['/x/reader.node: undefined symbol: napi_get_node_api_basics', 'for another Node than 22.1.0'],
    [
      "/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by /x/reader.node)",
      "this system's glibc (2.36) is older",
    ],
    [
      'libc.musl-x86_64.so.1: cannot open shared object file: No such file or directory',
      "for another libc than this system's glibc",
    ],
    ['Error relocating /x/reader.node: fcntl64: symbol not found', "for another libc than this system's glibc"],
    ['/x/reader.node: wrong ELF class: ELFCLASS32', 'damaged, or for another kind of machine'],
    [
      "dlopen(/x/reader.node, 0x0001): tried: '/x/reader.node' (not a mach-o file)",
      'damaged, or for another kind of machine',
    ],
    ['%1 is not a valid Win32 application.', 'damaged, or for another kind of machine'],
    ['something that nobody has heard of', 'Likely fix: compile it here'],
  ])('%j is told as what it means', (message, meaning) => {
    const text = textOf(message);
    expect(text).toContain(meaning);
    expect(text).toMatch(
      /\n {2}(node '.*compile\.js'|npm uninstall --no-save @nas-bench-201\/core-native-linux-x64-gnu && npm install)/,
    );
  });

  it('a system that nothing is built for is told to compile', () => {
    const system: System = { platform: 'freebsd', arch: 'x64', node: '22.1.0', debian: false };
    const key = platformKey(system);
    const text = failureText(
      'reader',
      '1.2.3',
      [MISSING, { ...MISSING, origin: `core-native-${key}`, path: '' }],
      system,
    );
    expect(text).toContain('there is no binary for freebsd-x64. Compile it here:');
    expect(text).toContain('takes a C++17 compiler, make and CMake 3.19 or newer');
  });

  it('a libtorch of another version is told of the addon that computes', () => {
    for (const message of [
      'libtorch_cpu.so: cannot open shared object file: No such file or directory',
      '/x/torch.node: undefined symbol: _ZN2at4_ops10empty_like4callERKNS_6TensorE',
    ]) {
      const attempt = { origin: 'local build', path: '/x/torch.node', ...explain(new Error(message)) };
      expect(failureText('torch', '1.2.3', [attempt], LINUX)).toContain(
        'the libtorch that was found is none, or none of the version that this binary was compiled for',
      );
    }
  });
});

it.each([
  [{ platform: 'linux', arch: 'x64', libc: 'glibc' }, 'linux-x64-gnu'],
  [{ platform: 'linux', arch: 'x64', libc: 'musl' }, 'linux-x64-musl'],
  [{ platform: 'linux', arch: 'arm64', libc: 'glibc' }, 'linux-arm64-gnu'],
  [{ platform: 'darwin', arch: 'arm64' }, 'darwin-arm64'],
  [{ platform: 'win32', arch: 'x64' }, 'win32-x64'],
] as const)('%j takes the package %s', (system, key) => {
  expect(platformKey(system)).toBe(key);
});
