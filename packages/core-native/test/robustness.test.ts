import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytes } from '../../../test-fixtures/malformed/make.mjs';
import { openTorch, type PythonValue, ReadError, readTorch, type Tensor } from '../dist/index.js';
import { reader } from '../dist/native.js';

const fixtures = fileURLToPath(new URL('../../../test-fixtures/', import.meta.url));
const addon = new URL('../dist/index.js', import.meta.url).href;
const run = promisify(execFile);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'nb201-robustness-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (notation: string) => readTorch(new Uint8Array(bytes(notation)));

/** A pickle that takes a good part of a second: a list of so many lists. */
function slowFile(name: string, count = 1_500_000): string {
  const file = path.join(folder, name);
  writeFileSync(file, bytes(`5d [5d 4b 01 61 61]*${count} 2e`));
  return file;
}

describe('keys that mean something to JavaScript objects are only keys', () => {
  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'then', '0', 'length'])('%s', async (key) => {
    const name = `8c ${key.length.toString(16).padStart(2, '0')} '${key}'`;
    const dict = (await read(`7d ${name} 7d ${name} 4b 01 73 73 2e`)) as Map<PythonValue, PythonValue>;
    expect([...dict.keys()]).toEqual([key]);
    expect([...(dict.get(key) as Map<PythonValue, PythonValue>).entries()]).toEqual([[key, 1]]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();

    // As what an instance would have got for its __dict__, and as a name.
    const object = await read(`'c${key}' 0a '${key}' 0a 29 81 7d ${name} 7d 8c 08 'polluted' 88 73 73 62 2e`);
    expect(object).toMatchObject({ callee: { module: key, qualifiedName: key } });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(Object.getPrototypeOf(object).constructor.name).toBe('PythonObject');
  });

  it('a value with a method named then is no promise', async () => {
    expect(await read("7d 8c 04 'then' 'ca' 0a 'b' 0a 73 2e")).toBeInstanceOf(Map);
  });
});

describe('numbers and keys', () => {
  it('integers are numbers up to 2^53 - 1 and bigints beyond', async () => {
    const around = await read(
      '28 8a 07 ff*6 1f 8a 07 00*6 20 8a 07 01 00*5 e0 8a 07 00*6 e0 8a 08 ff*7 7f 8a 08 00*7 80 8a 09 00*7 80 00 6c 2e',
    );
    expect(around).toEqual([
      Number.MAX_SAFE_INTEGER,
      2n ** 53n,
      Number.MIN_SAFE_INTEGER,
      -(2n ** 53n),
      2n ** 63n - 1n,
      -(2n ** 63n),
      2n ** 63n,
    ]);
  });

  it('big integers are one key where they are one number', async () => {
    const dict = (await read('7d 8a 09 00*8 01 4b 01 73 8a 09 00*8 01 4b 02 73 2e')) as Map<PythonValue, PythonValue>;
    expect([...dict]).toEqual([[2n ** 64n, 2]]);
  });

  // Python's dict takes 1, 1.0 and True for one key. Maps keep booleans apart, and so does what is read.
  it('1 and 1.0 are one key, True is another', async () => {
    const dict = (await read("7d 28 4b 01 8c 01 'a' 47 3f f0 00*6 8c 01 'b' 88 8c 01 'c' 75 2e")) as Map<
      PythonValue,
      PythonValue
    >;
    expect([...dict]).toEqual([
      [1, 'b'],
      [true, 'c'],
    ]);
  });
});

describe('what is asked for wrongly is a TypeError', () => {
  const pickle = () => new Uint8Array(bytes('4b 01 2e'));
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a number', 3],
    ['an object', {}],
    ['a URL', new URL('file:///tmp/x.pth')],
    ['an ArrayBuffer', new ArrayBuffer(3)],
    ['a SharedArrayBuffer', new SharedArrayBuffer(3)],
    ['a DataView', new DataView(new ArrayBuffer(3))],
    ['numbers of two bytes', new Uint16Array(3)],
    ['floats', new Float64Array(3)],
    ['an array', [0x4e, 0x2e]],
    ['a path with a NUL', 'x\0.pth'],
  ])('%s as the file', async (_, source) => {
    await expect(openTorch(source as string)).rejects.toThrow(TypeError);
    await expect(readTorch(source as string)).rejects.toThrow(TypeError);
  });

  it.each<[string, unknown]>([
    ['text', 'deep'],
    ['a number', 3],
    ['a depth that is text', { maxDepth: '3' }],
    ['a depth that is no number', { maxDepth: Number.NaN }],
    ['a negative size', { maxPickleBytes: -1 }],
    ['null', { maxDecompressedBytes: null }],
  ])('%s as the limits', async (_, limits) => {
    await expect(openTorch(pickle(), limits as object)).rejects.toThrow(TypeError);
    await expect(openTorch(`${fixtures}values/several.pkl`, limits as object)).rejects.toThrow(TypeError);
  });

  it('the native class takes nobody else for itself', () => {
    const { TorchFile } = reader as unknown as { TorchFile: { new (...args: unknown[]): unknown; prototype: object } };
    expect(() => new TorchFile()).toThrow();
    expect(() => new TorchFile({})).toThrow();
    for (const method of ['values', 'describe', 'storage'] as const) {
      const stolen = (TorchFile.prototype as Record<string, () => unknown>)[method]!;
      for (const self of [{}, null, undefined, 3, new Map()]) expect(() => stolen.call(self)).toThrow();
    }
  });
});

describe('bytes in memory', () => {
  it('are read from a Buffer, a part of one, and shared memory', async () => {
    const buffer = bytes('ff ff 4b 01 2e');
    expect(await readTorch(buffer.subarray(2))).toBe(1);
    const shared = new Uint8Array(new SharedArrayBuffer(3));
    shared.set(buffer.subarray(2));
    expect(await readTorch(shared)).toBe(1);
  });

  it('may be changed or transferred as soon as they were given', async () => {
    const source = new Uint8Array(bytes("43 05 'hello' 2e"));
    const value = readTorch(source);
    structuredClone(source.buffer, { transfer: [source.buffer] });
    expect(Buffer.from((await value) as Uint8Array).toString()).toBe('hello');
    await expect(readTorch(source)).rejects.toMatchObject({ code: 'TRUNCATED', file: '<memory>', offset: 0 });
  });
});

describe('limits', () => {
  it('of depth', async () => {
    const nested = '5d*30 61*29 2e';
    await expect(openTorch(new Uint8Array(bytes(nested)), { maxDepth: 29 })).rejects.toMatchObject({
      code: 'TOO_DEEP',
    });
    await expect(openTorch(new Uint8Array(bytes(nested)), { maxDepth: 30 })).resolves.toBeDefined();
  });

  it('of depth, however large, never cost the process its stack', async () => {
    for (const pickle of ['5d*200000 61*199999 2e', '29 85*199999 2e', '[7d 4b 01]*100000 4e 73*100000 2e']) {
      const limits = { maxDepth: Number.POSITIVE_INFINITY };
      await expect(openTorch(new Uint8Array(bytes(pickle)), limits)).rejects.toMatchObject({ code: 'TOO_DEEP' });
    }
  });

  it('of what is decoded as a whole', async () => {
    const file = `${fixtures}values/rich-protocol4.pkl`;
    await expect(openTorch(file, { maxPickleBytes: 1000 })).rejects.toMatchObject({ code: 'LIMIT' });
    await expect(openTorch(file, { maxPickleBytes: 1_000_000 })).resolves.toBeDefined();
  });

  it('of what bzip2 unpacks to', async () => {
    const file = `${fixtures}benchmark/v1_1-protocol4.pickle.pbz2`;
    await expect(openTorch(file, { maxDecompressedBytes: 1000 })).rejects.toMatchObject({ code: 'LIMIT' });
  });
});

describe('a file that changes', () => {
  it.each<[string, (file: string) => void]>([
    ['shrinks', (file) => truncateSync(file, 100)],
    [
      'is written to',
      (file) => {
        writeFileSync(file, readFileSync(file));
        utimesSync(file, new Date(), new Date(1e12));
      },
    ],
  ])('while its tensors are unread: it %s', async (_, change) => {
    const file = path.join(folder, 'changing.pth');
    copyFileSync(`${fixtures}values/one-tensor-legacy.pth`, file);
    const tensor = (await readTorch(file)) as Tensor;
    change(file);
    let error: unknown;
    try {
      tensor.toTypedArray();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ReadError);
    expect(error).toMatchObject({ code: 'CHANGED', file });
  });

  it('can be removed: what is open stays open', async () => {
    const file = path.join(folder, 'removed.pth');
    copyFileSync(`${fixtures}values/one-tensor-legacy.pth`, file);
    const tensor = (await readTorch(file)) as Tensor;
    rmSync(file);
    expect([...tensor.toTypedArray()]).toEqual([0, 1, 2, 3]);
  });
});

describe('names of files', () => {
  it.each(['naïve 日本 𝔘.pkl', "quote ' and space.pkl", '-dash.pkl', 'percent%20.pkl'])('%s', async (name) => {
    const file = path.join(folder, name);
    writeFileSync(file, 'I1\n.');
    expect(await readTorch(file)).toBe(1);
    writeFileSync(file, 'Ix\n.');
    await expect(readTorch(file)).rejects.toMatchObject({ code: 'BAD_TEXT', file });
  });

  it('may be relative', async () => {
    const relative = path.relative(process.cwd(), `${fixtures}values/several.pkl`);
    expect((await openTorch(relative)).values).toHaveLength(4);
  });
});

describe('at the same time', () => {
  it('one file many times', async () => {
    const file = `${fixtures}values/rich-protocol4.pkl`;
    const all = await Promise.all(Array.from({ length: 20 }, () => openTorch(file)));
    for (const { values } of all) expect(values).toEqual(all[0]!.values);
  });

  it('good and bad ones', async () => {
    const bad = path.join(folder, 'bad.pkl');
    writeFileSync(bad, bytes('80 02 ff'));
    const all = await Promise.allSettled(
      Array.from({ length: 40 }, (_, i) => readTorch(i % 2 ? bad : `${fixtures}values/no-tensor-legacy.pth`)),
    );
    expect(all.map((result) => result.status)).toEqual(
      Array.from({ length: 40 }, (_, i) => (i % 2 ? 'rejected' : 'fulfilled')),
    );
  });
});

describe('in other threads and at the end of processes', () => {
  const work = (body: string) => `
    import { parentPort, workerData } from 'node:worker_threads';
    import { openTorch, readTorch, ReadError } from ${JSON.stringify(addon)};
    ${body}`;
  const start = (body: string, workerData?: unknown) =>
    new Worker(new URL(`data:text/javascript,${encodeURIComponent(work(body))}`), { workerData });

  it('a Worker reads as the main thread does', async () => {
    const worker = start(
      `const { values } = await openTorch(workerData.good);
       const error = await openTorch(workerData.bad).catch((e) => e);
       parentPort.postMessage([values.length, error instanceof ReadError, error.code]);`,
      { good: `${fixtures}values/several.pkl`, bad: `${fixtures}values` },
    );
    const answer = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    expect(answer).toEqual([4, true, 'NOT_A_FILE']);
    await worker.terminate();
  });

  it('Workers that are terminated while they load take nothing with them', async () => {
    const file = slowFile('terminated.pkl');
    for (let i = 0; i < 8; i++) {
      const worker = start(`parentPort.postMessage('ready'); for (;;) await readTorch(workerData);`, file);
      await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
      await new Promise((resolve) => setTimeout(resolve, 40 * i));
      await worker.terminate();
    }
    expect(await readTorch(`${fixtures}values/no-tensor-legacy.pth`)).toBeInstanceOf(Map);
  }, 60_000);

  it.each([0, 30, 150, 400])(
    'process.exit %d ms into a load is clean',
    async (delay) => {
      const file = slowFile(`exit-${delay}.pkl`);
      const script = `
      import { readTorch } from ${JSON.stringify(addon)};
      readTorch(${JSON.stringify(file)}).catch(() => {});
      setTimeout(() => process.exit(7), ${delay});`;
      const ended = await run(process.execPath, ['--input-type=module', '-e', script]).catch((error) => error);
      expect({ code: ended.code, signal: ended.signal, stderr: ended.stderr }).toEqual({
        code: 7,
        signal: null,
        stderr: '',
      });
    },
    30_000,
  );
});

describe('memory', () => {
  it('stays flat over many loads, of good files and of bad ones', async () => {
    const good = slowFile('flat.pkl', 100_000);
    const bad = path.join(folder, 'flat-bad.pkl');
    writeFileSync(bad, bytes('5d [5d 4b 01 61 61]*100000 ff'));
    // RSS moves with what V8 and malloc keep: after 20 loads they have what they need, and a leak would go on growing by
    // several megabytes a load.
    const script = `
      import { openTorch, readTorch } from ${JSON.stringify(addon)};
      const load = async (times) => {
        for (let i = 0; i < times; i++) {
          await readTorch(${JSON.stringify(good)});
          await readTorch(${JSON.stringify(bad)}).catch(() => {});
          for (const v of (await readTorch(${JSON.stringify(`${fixtures}values/tensors-zip.pth`)})).values()) v.storage?.bytes();
          globalThis.gc();
          await new Promise((resolve) => setImmediate(resolve));
        }
        globalThis.gc();
        return process.memoryUsage().rss;
      };
      const before = await load(20);
      const after = await load(50);
      console.log(JSON.stringify({ before, after }));`;
    const { stdout } = await run(process.execPath, ['--expose-gc', '--input-type=module', '-e', script]);
    const { before, after } = JSON.parse(stdout) as { before: number; after: number };
    expect((after - before) / 2 ** 20).toBeLessThan(60);
  }, 120_000);
});
