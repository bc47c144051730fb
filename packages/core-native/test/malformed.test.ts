import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytes, type MalformedCase, makeCase, manifest } from '../../../test-fixtures/malformed/make.mjs';
import { openTorch, ReadError } from '../dist/index.js';
import { difference } from './tagged.js';
import { readTensors } from './walk.js';

const fixtures = fileURLToPath(new URL('../../../test-fixtures/', import.meta.url));

// Each takes milliseconds, the ones of 100 MB a second: a bound that only hangs and quadratic work exceed.
const BOUND = 60_000;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'nb201-malformed-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function failure(work: () => unknown): Promise<unknown> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error;
  }
}

async function check(source: string | Uint8Array, name: string, { expect: expected, lazy }: MalformedCase) {
  if (expected.code === undefined) {
    const { values } = await openTorch(source);
    const wanted = expected.values ?? (expected.value && [expected.value]);
    if (wanted) expect(values).toHaveLength(wanted.length);
    wanted?.forEach((value, i) => {
      expect(difference(values[i], value)).toBeUndefined();
    });
    readTensors(values);
    return;
  }
  const file = lazy ? await openTorch(source) : undefined;
  const error = await failure(() => (file ? readTensors(file.values) : openTorch(source)));
  expect(error).toBeInstanceOf(ReadError);
  const { code, offset, file: named, message } = error as ReadError;
  expect({ code, offset: expected.offset === undefined ? undefined : offset }).toEqual({
    code: expected.code,
    offset: expected.offset,
  });
  expect(named).toBe(name);
  expect(Number.isSafeInteger(offset)).toBe(true);
  expect(message.startsWith(`${name}: byte ${offset}: `)).toBe(true);
  expect(message.length).toBeLessThan(600 + name.length);
}

describe('a broken file gives its value or one typed error that names the byte', () => {
  it.each(manifest)(
    '$id: $about',
    async (entry) => {
      const made = makeCase(entry, folder);
      if (!made) return; // not on this system, or not as this user
      try {
        await check(made.path, made.path, made);
        if (!entry.big && !entry.make.special) await check(new Uint8Array(readFileSync(made.path)), '<memory>', made);
      } finally {
        if (made.path.startsWith(folder)) rmSync(made.path, { recursive: true, force: true });
      }
    },
    BOUND,
  );

  it('covers every row that is about files', () => {
    const rows = new Set(manifest.map((entry) => entry.row));
    rows.add(5); // a file that changes while it is open: robustness.test.ts
    const missing = Array.from({ length: 69 }, (_, i) => i + 1).filter((row) => !rows.has(row));
    expect(missing).toEqual([]);
  });
});

describe('a file cut anywhere is an error', () => {
  // A cut may leave a text, a frame or a bzip2 signature that is a different thing, so several codes are right; the
  // offset is inside of what is left.
  const codes = ['TRUNCATED', 'BAD_LENGTH', 'NOT_RECOGNIZED', 'BAD_FRAME'];
  it.each([
    'values/one-tensor-legacy.pth',
    'values/no-tensor-zip.pth',
    'values/address_keys.pth',
    'values/python2-text.pkl',
    'values/numpy-protocol2.pkl',
    'values/numpy-protocol5.pkl',
    'benchmark/NATS-tss-v1_0-small-simple/meta.pickle.pbz2',
  ])(
    '%s',
    async (name) => {
      const whole = new Uint8Array(readFileSync(fixtures + name));
      const step = Math.ceil(whole.length / 4000); // every byte of the small ones
      for (let size = 0; size < whole.length; size += step) {
        const error = await failure(() => openTorch(whole.slice(0, size)));
        expect(error, `cut at ${size}`).toBeInstanceOf(ReadError);
        const { code, offset } = error as ReadError;
        expect(codes, `cut at ${size}: ${(error as ReadError).message}`).toContain(code);
        if (!name.endsWith('.pbz2')) expect(offset, `cut at ${size}`).toBeLessThanOrEqual(size);
      }
    },
    BOUND,
  );

  it(
    'tensors of a plain pickle: whatever byte of them is damaged, values or one typed error',
    async () => {
      const whole = new Uint8Array(readFileSync(`${fixtures}values/tensors-protocol4.pkl`));
      let failed = 0;
      for (let at = 0; at < whole.length; at += 17) {
        const damaged = whole.slice();
        damaged[at]! ^= 0x11;
        const error = await failure(async () => {
          readTensors((await openTorch(damaged)).values);
        });
        if (error === undefined) continue;
        expect(error, `byte ${at}`).toBeInstanceOf(ReadError);
        failed++;
      }
      expect(failed).toBeGreaterThan(50);
    },
    BOUND,
  );

  it('several pickles one after another: what is whole before the cut is a file, too', async () => {
    const whole = new Uint8Array(readFileSync(`${fixtures}values/several.pkl`));
    let counts = 0;
    for (let size = 1; size < whole.length; size++) {
      const error = await failure(() => openTorch(whole.slice(0, size)));
      if (error === undefined) counts++;
      else expect(error).toBeInstanceOf(ReadError);
    }
    expect(counts).toBe(3); // behind the first, the second and the third of four
  });
});

describe('any byte may come first', () => {
  it.each([
    ['at the beginning', ''],
    ['behind PROTO', '80 04'],
    ['behind a MARK and values', "80 04 5d 7d 28 4b 01 8c 01 'a' 29"],
    ['in a frame', '80 04 95 20 00*7'],
  ])('%s', async (_, before) => {
    for (let code = 0; code < 256; code++) {
      for (const after of ['', '2e', '00*40', 'ff*40', "'0' 0a '0' 0a 2e", '01 00*8 2e']) {
        const input = Buffer.concat([bytes(before), Buffer.from([code]), bytes(after)]);
        const error = await failure(() => openTorch(new Uint8Array(input)));
        if (error !== undefined) expect(error, input.toString('hex')).toBeInstanceOf(ReadError);
      }
    }
  });
});
