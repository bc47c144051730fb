// `nb201 libtorch` against a server of our own, with zips that Python has written.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findPython } from '../../../test-fixtures/python.mjs';
import { MAIN, type Outcome } from './support/cli.js';
import { withSmallDisk } from './support/small-disk.js';

/** Writes zips: of a libtorch as far as it is looked at, and hostile ones. */
const MAKE_ZIPS = `
import os, stat, sys, zipfile
os.chdir(sys.argv[1])
HEADER = 'libtorch/include/torch/csrc/api/include/torch/version.h'
def make(name, more=(), version='2.5.1', compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(name, 'w', compression) as z:
        numbers = zip(('MAJOR', 'MINOR', 'PATCH'), version.split('.'))
        z.writestr(HEADER, ''.join('#define TORCH_VERSION_%s %s\\n' % pair for pair in numbers))
        z.writestr('libtorch/lib/libtorch_cpu.so', os.urandom(3000000))
        z.writestr('libtorch/lib/libc10.so', b'c10')
        program = zipfile.ZipInfo('libtorch/bin/protoc')
        program.external_attr = (stat.S_IFREG | 0o755) << 16
        z.writestr(program, b'#!')
        for entry, content in more: z.writestr(entry, content)
make('good.zip', compression=zipfile.ZIP_STORED)
make('newer.zip', version='2.9.0')
make('traversal.zip', [('libtorch/../../../escaped', b'x')])
make('absolute.zip', [('/tmp/nb201-escaped', b'x')])
link = zipfile.ZipInfo('libtorch/lib/link')
link.external_attr = (stat.S_IFLNK | 0o777) << 16
make('link.zip', [(link, b'/etc/passwd')])
make('twice.zip', [('libtorch/lib/libc10.so', b'again')])
with zipfile.ZipFile('other.zip', 'w') as z: z.writestr('readme', 'no libtorch')
with zipfile.ZipFile('huge.zip', 'w', zipfile.ZIP_DEFLATED) as z:
    with z.open('libtorch/lib/libtorch_cpu.so', 'w') as out:
        for _ in range(8): out.write(bytes(1 << 20))
`;

const python = findPython('zipfile')!;
let folder: string;
let cache: string;
let url: string;
let requests: { range: string | undefined }[];
let answer: (request: IncomingMessage, response: ServerResponse, content: Buffer) => void;
const server = createServer((request, response) => {
  requests.push({ range: request.headers.range });
  const path = join(folder, decodeURIComponent(request.url!).replace(/^.*libtorch-.*$/, 'good.zip'));
  if (existsSync(path)) answer(request, response, readFileSync(path));
  else response.writeHead(404).end();
});

/** As a server that knows ranges. */
function plainly(request: IncomingMessage, response: ServerResponse, content: Buffer): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? Number.NaN);
  if (from >= content.length) response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
  else if (from > 0) {
    const range = `bytes ${from}-${content.length - 1}/${content.length}`;
    response
      .writeHead(206, { 'content-range': range, 'content-length': content.length - from })
      .end(content.subarray(from));
  } else response.writeHead(200, { 'content-length': content.length }).end(content);
}

/** Sends so many bytes of what it announces, then hangs up. */
function cutAfter(bytes: number): typeof answer {
  return (request, response, content) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from > 0 ? 206 : 200, {
      'content-length': content.length - from,
      ...(from > 0 && { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` }),
    });
    response.write(content.subarray(from, from + bytes), () => setTimeout(() => response.destroy(), 20));
  };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nb201-libtorch-'));
  const made = spawnSync(python, ['-W', 'ignore', '-c', MAKE_ZIPS, folder], { encoding: 'utf8' });
  expect(made.stderr).toBe('');
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  cache = mkdtempSync(join(folder, 'cache-'));
  requests = [];
  answer = plainly;
});

/** Not `spawnSync`: the server is of this process. */
function libtorch(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const env = { ...process.env, XDG_CACHE_HOME: cache, NB201_LIBTORCH: '', LIBTORCH: '' };
    const child = spawn(process.execPath, [MAIN, 'libtorch', ...args], { env });
    const said = { out: '', err: '' };
    child.stdout.on('data', (text) => {
      said.out += text;
    });
    child.stderr.on('data', (text) => {
      said.err += text;
    });
    child.on('close', (code) => resolve({ code, ...said }));
  });
}

const sumOf = (name: string) =>
  createHash('sha256')
    .update(readFileSync(join(folder, name)))
    .digest('hex');
const install = (name: string, ...args: string[]) =>
  libtorch('install', '--from', `${url}/${name}`, '--sha256', sumOf(name), ...args);
const kept = () =>
  existsSync(join(cache, 'nas-bench-201/libtorch')) ? readdirSync(join(cache, 'nas-bench-201/libtorch')).sort() : [];

describe('libtorch install', () => {
  it('fetches, verifies and unpacks a zip, which is found from then on', async () => {
    const { code, out, err } = await install('good.zip');
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toContain('libtorch 2.5.1 is installed');
    const name = `2.5.1-${sumOf('good.zip').slice(0, 8)}`;
    expect(kept()).toEqual([name, 'current']);
    const root = join(cache, 'nas-bench-201/libtorch', name);
    expect(readFileSync(join(root, 'lib/libc10.so'), 'utf8')).toBe('c10');
    expect(statSync(join(root, 'bin/protoc')).mode & 0o111).not.toBe(0);
    const { installed } = JSON.parse((await libtorch('list', '--json')).out);
    expect(installed).toEqual([{ folder: root, version: '2.5.1', current: true }]);
    const doctor = spawnSync(process.execPath, [MAIN, 'doctor'], {
      encoding: 'utf8',
      env: { ...process.env, XDG_CACHE_HOME: cache },
    });
    expect(doctor.stdout).toContain(`nb201 libtorch  ${root} (2.5.1)`);
  });

  it('is found by the build, before the system', async () => {
    await install('good.zip');
    const module = join(import.meta.dirname, '../../core-native/cmake/FindLibtorch.cmake');
    const script = join(cache, 'CMakeLists.txt');
    writeFileSync(
      script,
      `cmake_minimum_required(VERSION 3.19)\nproject(look CXX)\nset(CMAKE_FIND_LIBRARY_SUFFIXES .so)\ninclude(${module})
       message(STATUS "found \${Libtorch_VERSION} of \${Libtorch_FROM}")\n`,
    );
    const env = { ...process.env, XDG_CACHE_HOME: cache, NB201_LIBTORCH: '', LIBTORCH: '' };
    const { stdout, stderr } = spawnSync('cmake', ['-S', cache, '-B', join(cache, 'look')], { encoding: 'utf8', env });
    expect(stdout, stderr).toContain('found 2.5.1 of nb201 libtorch');
  });

  it('takes a file of this machine, and leaves it', async () => {
    const { code, out } = await libtorch('install', '--from', join(folder, 'good.zip'), '--sha256', sumOf('good.zip'));
    expect([code, out.split('\n')[0]]).toEqual([0, 'libtorch 2.5.1 is installed']);
    expect(requests).toEqual([]);
    expect(existsSync(join(folder, 'good.zip'))).toBe(true);
  });

  it('uses the one that was installed last, and lists the others', async () => {
    await install('good.zip');
    await install('newer.zip');
    const { installed } = JSON.parse((await libtorch('list', '--json')).out);
    expect(installed.map((one: { version: string; current: boolean }) => [one.version, one.current])).toEqual([
      ['2.5.1', false],
      ['2.9.0', true],
    ]);
  });

  it('goes on by itself where the connection was cut', async () => {
    answer = cutAfter(1_000_000);
    const { code, err } = await install('good.zip');
    expect(err).toBe('');
    expect(code).toBe(0);
    // Each goes on from what has come: the last bytes before a cut may be lost.
    const from = requests.map(({ range }) => Number(/\d+/.exec(range ?? '0')![0]));
    expect(from.length).toBeGreaterThan(3);
    expect(from[0]).toBe(0);
    expect(from.every((at, i) => i === 0 || (at > from[i - 1]! && at <= from[i - 1]! + 1_000_000))).toBe(true);
  });

  it('keeps what has come when nothing more does, and goes on from there the next time', {
    timeout: 60_000,
  }, async () => {
    answer = (request, response, content) =>
      request.headers.range ? response.destroy() : cutAfter(1_000_000)(request, response, content);
    const { code, err } = await install('good.zip');
    expect(code).toBe(1);
    const came = /(\d+) bytes have come and are kept, so the same command goes on from there\n$/.exec(err)?.[1];
    expect(Number(came)).toBeGreaterThan(0);
    expect(kept()).toEqual(['good.zip.part']);
    requests = [];
    answer = plainly;
    expect((await install('good.zip')).code).toBe(0);
    expect(requests).toEqual([{ range: `bytes=${came}-` }]);
  });

  it('begins anew where a server knows no ranges, or the file has become shorter', async () => {
    mkdirSync(join(cache, 'nas-bench-201/libtorch'), { recursive: true });
    const part = join(cache, 'nas-bench-201/libtorch/good.zip.part');
    writeFileSync(part, 'begun');
    answer = (_, response, content) => response.writeHead(200, { 'content-length': content.length }).end(content);
    expect((await install('good.zip')).code).toBe(0);
    writeFileSync(part, Buffer.alloc(5_000_000));
    answer = plainly;
    expect((await install('good.zip', '--force')).code).toBe(0);
  });

  it('refuses what has another SHA-256, and removes it', async () => {
    const wrong = '0'.repeat(64);
    const { code, err } = await libtorch('install', '--from', `${url}/good.zip`, '--sha256', wrong);
    expect(code).toBe(1);
    expect(err).toContain(`expected the SHA-256 ${wrong}, found ${sumOf('good.zip')}; what was fetched is removed`);
    expect(kept()).toEqual([]);
  });

  it("knows the SHA-256 of PyTorch's files, wherever they are from", async () => {
    const name = 'libtorch-cxx11-abi-shared-with-deps-2.5.1%2Bcpu.zip';
    const { code, err } = await libtorch('install', '--from', `${url}/${name}`);
    expect(code).toBe(1);
    expect(err).toContain(
      'expected the SHA-256 618ca54eef82a1dca46ff1993d5807d9c0deb0bae147da4974166a147cb562fa, found',
    );
  });

  it('takes nothing that no SHA-256 is known of, unless it is told to', async () => {
    const { code, err } = await libtorch('install', '--from', `${url}/good.zip`);
    expect(code).toBe(1);
    expect(err).toContain('no SHA-256 of good.zip is known: give the one that its publisher states (--sha256), or');
    expect(requests).toEqual([]);
    expect((await libtorch('install', '--from', `${url}/good.zip`, '--no-verify')).code).toBe(0);
  });

  it.each([
    ['traversal.zip', 'invalid relative path'],
    ['absolute.zip', 'absolute path'],
    ['link.zip', 'libtorch/lib/link is a link'],
    ['twice.zip', 'EEXIST'],
    ['other.zip', 'this is no libtorch with headers'],
  ])('leaves nothing of %s behind', async (name, reason) => {
    const { code, err } = await install(name);
    expect(code).toBe(1);
    expect(err).toContain(reason);
    expect(kept()).toEqual([]);
    expect(readdirSync(folder)).not.toContain('escaped');
    expect(existsSync('/tmp/nb201-escaped')).toBe(false);
  });

  it('leaves nothing of a zip that is cut short', async () => {
    const path = join(folder, 'short.zip');
    writeFileSync(path, readFileSync(join(folder, 'good.zip')).subarray(0, 100_000));
    const { code, err } = await install('short.zip');
    expect(code).toBe(1);
    expect(err).toMatch(/short\.zip.*end of central directory/i);
    expect(kept()).toEqual([]);
  });

  it('says that the disk is full while it fetches', async () => {
    mkdirSync(join(cache, 'nas-bench-201/libtorch'), { recursive: true });
    symlinkSync('/dev/full', join(cache, 'nas-bench-201/libtorch/good.zip.part'));
    const { code, err } = await install('good.zip');
    expect(code).toBe(1);
    expect(err).toContain('no space left on device');
  });

  it('says before it unpacks that the disk is too small, and leaves nothing', async (context) => {
    const small = join(cache, 'nas-bench-201');
    mkdirSync(small);
    const ran = await withSmallDisk(small, 2 << 20, async () => {
      const { code, err } = await install('huge.zip');
      expect(err).toMatch(/unpacked it takes 8\.39 MB, and 2\.\d+ MB are free\n$/);
      expect(code).toBe(1);
      expect(kept()).toEqual(['huge.zip.part']);
    });
    if (!ran) context.skip();
  });

  it('says what there is where it is asked for a version that nobody knows', async () => {
    const { code, err } = await libtorch('install', '--release', '0.4.1');
    expect(code).toBe(1);
    expect(err).toMatch(/no libtorch 0\.4\.1 for .* has a known checksum \(known: .*\)\. Take the address from https/);
  });
});
