// The side-car of a large file: where it lies, when it is believed, and that nobody notices when there can be none.
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openBenchmarkFile, type SideCar, sideCarKept } from '../lib/index.js';

const FIXTURES = fileURLToPath(new URL('../../../test-fixtures/benchmark/', import.meta.url));
const FIXTURE = join(FIXTURES, 'irregular.pth');

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nb201-side-car-'));
  path = join(folder, 'F.pth');
  copyFileSync(FIXTURE, path);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** A file that is large enough to be worth a side-car: what stands behind a legacy file's storages is nobody's. */
const enlarge = () => appendFileSync(path, Buffer.alloc(17 << 20));

/** Opens the file; where its side-car was, where it was kept. */
async function open(sideCar?: SideCar) {
  const file = await openBenchmarkFile(path, { sideCar });
  const kept = await sideCarKept(file);
  const { sideCar: used } = file.describe();
  const records = [...file.recordIndexes()].map((index) => file.value(index));
  const curves = [...file.recordIndexes()].map((index) =>
    file.hyperParameters(index).map((hp) => file.state(index, hp)!.trials.map((_, t) => file.curves(index, hp, t))),
  );
  file.dispose();
  const all = createHash('sha256')
    .update(JSON.stringify([records.length, curves]))
    .digest('hex');
  return { used, kept, all };
}

describe('the side-car', () => {
  it('is written where it is asked for and then read, with the same answers', async () => {
    const first = await open(folder);
    expect(first.used).toBeNull();
    expect(first.kept).toMatch(/F\.pth\.[0-9a-f]{12}\.nb201-index$/);
    const second = await open(folder);
    expect(second.used).toBe(first.kept);
    expect(second.kept).toBeUndefined();
    expect(second.all).toBe(first.all);
    expect(readdirSync(folder).sort()).toEqual(['F.pth', first.kept!.slice(folder.length + 1)]);
  });

  it('lies beside a large file', async () => {
    enlarge();
    expect(await open()).toMatchObject({ used: null, kept: `${path}.nb201-index` });
    expect((await open()).used).toBe(`${path}.nb201-index`);
  });

  it('is not worth it for a small file', async () => {
    expect(await open()).toMatchObject({ used: null, kept: undefined });
    expect(readdirSync(folder)).toEqual(['F.pth']);
  });

  it('lies in the cache folder of the user where the folder cannot be written', async () => {
    enlarge();
    const cache = join(folder, 'cache');
    vi.stubEnv('XDG_CACHE_HOME', cache);
    // A folder of this name is in the way, for root as well.
    mkdirSync(`${path}.nb201-index`);
    const { kept } = await open();
    expect(kept!.startsWith(join(cache, 'nas-bench-201', 'F.pth.'))).toBe(true);
    expect((await open()).used).toBe(kept);
  });

  it('is left out silently where no place takes it', async () => {
    enlarge();
    writeFileSync(join(folder, 'cache'), 'a file');
    vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
    mkdirSync(`${path}.nb201-index`);
    expect(await open()).toMatchObject({ used: null, kept: undefined });
    expect(readdirSync(folder).sort()).toEqual(['F.pth', 'F.pth.nb201-index', 'cache']);
  });

  it('can be turned off and put elsewhere, by option and by variable', async () => {
    enlarge();
    expect(await open(false)).toMatchObject({ used: null, kept: undefined });
    vi.stubEnv('NB201_SIDE_CAR', 'off');
    expect(await open()).toMatchObject({ used: null, kept: undefined });
    vi.stubEnv('NB201_SIDE_CAR', join(folder, 'new', 'place'));
    const { kept } = await open();
    expect(kept!.startsWith(join(folder, 'new', 'place'))).toBe(true);
    expect((await open()).used).toBe(kept);
    expect(existsSync(`${path}.nb201-index`)).toBe(false);
    expect(await open(false)).toMatchObject({ used: null, kept: undefined });
  });

  it('is written anew once the file has changed', async () => {
    const { kept } = await open(folder);
    utimesSync(path, new Date(), new Date(Date.now() - 60_000));
    expect(await open(folder)).toMatchObject({ used: null, kept });
    expect((await open(folder)).used).toBe(kept);
    // Other content of the same size and time.
    const { mtime } = statSync(path);
    const bytes = readFileSync(path);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(path, bytes);
    utimesSync(path, mtime, mtime);
    expect(await open(folder)).toMatchObject({ used: null, kept });
  });

  it('is written anew where it is damaged, whatever became of it', async () => {
    const first = await open(folder);
    const kept = first.kept!;
    const whole = readFileSync(kept);
    const damages: (() => void)[] = [
      () => truncateSync(kept, 0),
      () => truncateSync(kept, whole.length - 1),
      () => writeFileSync(kept, 'something else'),
      () => appendFileSync(kept, Buffer.alloc(8)),
      () => {
        const bytes = Buffer.from(whole);
        bytes[bytes.length >> 1]! ^= 0x80;
        writeFileSync(kept, bytes);
      },
    ];
    for (const damage of damages) {
      damage();
      expect(await open(folder)).toEqual({ used: null, kept, all: first.all });
      expect(readFileSync(kept)).toEqual(whole);
    }
  });

  it('goes without what another process has left half-written', async () => {
    const { kept } = await open(folder);
    const left = join(folder, `.${kept!.slice(folder.length + 1)}.0123456789ab.tmp`);
    writeFileSync(left, 'half');
    utimesSync(left, new Date(), new Date(Date.now() - 3600_000));
    truncateSync(kept!, 3);
    await open(folder);
    expect(existsSync(left)).toBe(false);
  });

  it('is not made for a compressed file, whose unpacking it could not save', async () => {
    path = join(FIXTURES, 'v1_1-protocol4.pickle.pbz2');
    expect(await open(folder)).toMatchObject({ used: null, kept: undefined });
  });

  it('is not made for the file of one architecture', async () => {
    path = join(folder, '000000-FULL.pth');
    copyFileSync(join(FIXTURES, 'archive', '000000-FULL.pth'), path);
    expect(await open(folder)).toMatchObject({ used: null, kept: undefined });
  });

  it('may be read-only', async () => {
    const { kept } = await open(folder);
    chmodSync(kept!, 0o444);
    expect((await open(folder)).used).toBe(kept);
  });
});
