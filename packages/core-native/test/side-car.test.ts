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
import {
  type ColumnRequest,
  type NativeBenchmarkFile,
  openBenchmarkFile,
  readColumn,
  type SideCar,
  sideCarKept,
  stateOf,
} from '../lib/index.js';

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

/** What a file answers: last epochs, curves, costs of every trial. */
function answers(file: NativeBenchmarkFile): string {
  const hash = createHash('sha256');
  const out = new Float64Array(4096);
  for (const index of file.recordIndexes()) {
    file.names().forEach((_, hp) => {
      out.fill(0);
      hash.update(`${file.allFinals(index, hp, out)}`).update(out);
    });
    for (const hp of file.hyperParameters(index)) {
      const { archStr, cleared, datasets, trials } = stateOf(file, index, hp)!;
      const read = trials.map((_, t) => [file.curves(index, hp, t), file.latency(index, hp, t)]);
      hash.update(JSON.stringify([archStr, cleared, datasets, trials, read]));
    }
  }
  return hash.digest('hex');
}

/** Opens the file; where its side-car was, where it was kept. */
async function open(sideCar?: SideCar) {
  const file = await openBenchmarkFile(path, { sideCar });
  const kept = await sideCarKept(file);
  const { sideCar: used } = file.describe();
  const all = answers(file);
  file.dispose();
  return { used, kept, all };
}

function flipped(bytes: Buffer, at: number): Buffer {
  const out = Buffer.from(bytes);
  out[at]! ^= 0x80;
  return out;
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
      () => writeFileSync(kept, flipped(whole, 80)),
    ];
    for (const damage of damages) {
      damage();
      expect(await open(folder)).toEqual({ used: null, kept, all: first.all });
      expect(readFileSync(kept)).toEqual(whole);
    }
  });

  it('is found to be damaged when that part is asked for, and then taken away', async () => {
    const first = await open(folder);
    const kept = first.kept!;
    const whole = readFileSync(kept);
    let later = 0;
    for (let at = 64; at < whole.length; at += whole.length >> 3) {
      writeFileSync(kept, flipped(whole, at));
      const second = await open(folder);
      expect(second.all, `byte ${at}`).toBe(first.all);
      // Damaged where it is read at once, it was written anew by now.
      if (second.used === kept) expect(existsSync(kept), `byte ${at}`).toBe(false);
      else expect(readFileSync(kept)).toEqual(whole);
      later += Number(second.used === kept);
      await open(folder);
      expect(readFileSync(kept)).toEqual(whole);
    }
    expect(later).toBeGreaterThan(2);
  });

  it('gives no other answers when it is cut, overwritten or replaced by another after opening', async () => {
    const first = await open(folder);
    const kept = first.kept!;
    const whole = readFileSync(kept);
    const events: (() => void)[] = [
      () => truncateSync(kept, 100),
      () => writeFileSync(kept, Buffer.alloc(whole.length)),
      () => rmSync(kept),
      () => {
        rmSync(kept);
        writeFileSync(kept, 'another');
      },
    ];
    for (const event of events) {
      writeFileSync(kept, whole);
      const file = await openBenchmarkFile(path, { sideCar: folder });
      expect(file.describe().sideCar).toBe(kept);
      event();
      expect(answers(file)).toBe(first.all);
      file.dispose();
    }
  });

  it('that is damaged is of no help once the file has changed, and says so', async () => {
    const { kept } = await open(folder);
    const file = await openBenchmarkFile(path, { sideCar: folder });
    truncateSync(kept!, 100);
    appendFileSync(path, 'x');
    expect(() => answers(file)).toThrow(expect.objectContaining({ code: 'CHANGED' }));
    file.dispose();
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

describe('columns', () => {
  const FIRST: ColumnRequest = { hp: '12', dataset: 'cifar10-valid', field: 'train_losses', epoch: 0 };
  const SECOND: ColumnRequest = { hp: '12', dataset: 'cifar10-valid', field: 'eval_acc1es', set: 'x-valid', epoch: 1 };
  const columnsFile = () => join(folder, readdirSync(folder).find((name) => name.endsWith('.nb201-columns'))!);

  /** Opens the file, which has a side-car, asks it for columns, and waits until they are kept. */
  async function ask(...requests: ColumnRequest[]) {
    const file = await openBenchmarkFile(path, { sideCar: folder });
    const columns = [];
    for (const request of requests) columns.push(await readColumn(file, request));
    await sideCarKept(file);
    file.dispose();
    return columns;
  }

  /** The same of a file that says nothing any more once it is open: only what is kept of it answers. */
  async function askKept(request: ColumnRequest) {
    const whole = readFileSync(path);
    const { atime, mtime } = statSync(path);
    const file = await openBenchmarkFile(path, { sideCar: folder });
    truncateSync(path, 10);
    try {
      return await readColumn(file, request);
    } finally {
      file.dispose();
      writeFileSync(path, whole);
      utimesSync(path, atime, mtime);
    }
  }

  beforeEach(async () => {
    // A time of whole seconds, which can be set again.
    utimesSync(path, 1e9, 1e9);
    await open(folder);
  });

  it('are kept beside the side-car once they were read, and not read again', async () => {
    await expect(askKept(FIRST)).rejects.toThrow(expect.objectContaining({ code: 'CHANGED' }));
    const [first] = await ask(FIRST);
    expect(first!.values.length).toBeGreaterThan(3);
    expect(await askKept(FIRST)).toEqual(first);
    await expect(askKept(SECOND)).rejects.toThrow(expect.objectContaining({ code: 'CHANGED' }));
    const [again, second] = await ask(FIRST, SECOND);
    expect(again).toEqual(first);
    expect(await askKept(FIRST)).toEqual(first);
    expect(await askKept(SECOND)).toEqual(second);
    expect(second).not.toEqual(first);
  });

  it('are those of all processes that read some', async () => {
    const one = await openBenchmarkFile(path, { sideCar: folder });
    const other = await openBenchmarkFile(path, { sideCar: folder });
    const first = await readColumn(one, FIRST);
    await sideCarKept(one);
    const second = await readColumn(other, SECOND);
    await sideCarKept(other);
    for (const file of [one, other]) file.dispose();
    expect(await askKept(FIRST)).toEqual(first);
    expect(await askKept(SECOND)).toEqual(second);
  });

  it('are the last 64', async () => {
    const fields = ['train_losses', 'train_acc1es', 'train_acc5es', 'train_times', 'flop', 'params'] as const;
    const requests = Array.from({ length: 72 }, (_, i) => ({
      ...FIRST,
      field: fields[i % 6]!,
      epoch: Math.floor(i / 6),
    }));
    await ask(...requests);
    await expect(askKept(requests[0]!)).rejects.toThrow(expect.objectContaining({ code: 'CHANGED' }));
    expect((await askKept(requests[8]!)).values.length).toBeGreaterThan(3);
    expect((await askKept(requests[71]!)).values.length).toBeGreaterThan(3);
  });

  it('are read and kept anew where any byte of them is damaged', async () => {
    const [right] = await ask(FIRST);
    const whole = readFileSync(columnsFile());
    const damaged = [...whole.keys()].map((at) => flipped(whole, at));
    for (const bytes of [...damaged, whole.subarray(0, 70), Buffer.alloc(0), Buffer.concat([whole, Buffer.alloc(8)])]) {
      writeFileSync(columnsFile(), bytes);
      const [found] = await ask(FIRST);
      expect(found).toEqual(right);
      expect(readFileSync(columnsFile())).toEqual(whole);
    }
  });

  it('of the file as it was before are not taken', async () => {
    await ask(FIRST);
    utimesSync(path, 1e9, 1e9 + 60);
    await open(folder);
    await expect(askKept(FIRST)).rejects.toThrow(expect.objectContaining({ code: 'CHANGED' }));
  });

  it('are not kept where no side-car is', async () => {
    const file = await openBenchmarkFile(path, { sideCar: false });
    await readColumn(file, FIRST);
    await sideCarKept(file);
    file.dispose();
    expect(readdirSync(folder).filter((name) => name.endsWith('columns'))).toEqual([]);
  });
});
