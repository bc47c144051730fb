// Damaged files in our own formats: one typed error that names the file, or what was written; never a crash or a hang.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NASBench201API, ReadError } from 'nas-bench-201';
import { describe, expect, it } from 'vitest';
import { convert, openBenchmark } from '../src/index.js';
import { BENCHMARKS, temporaryFolder } from './support/files.js';

const folder = temporaryFolder();
const SMALL = join(BENCHMARKS, 'v1_1-protocol2.pkl');

/** Reads all of it. */
async function read(path: string): Promise<number> {
  const source = await openBenchmark(path);
  try {
    let records = 0;
    for await (const some of source.records()) records += some.length;
    return records;
  } finally {
    source.close();
  }
}

/** The same numbers each time. */
function* numbers(seed: number): Generator<number, never> {
  let state = seed;
  for (;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

for (const extension of ['pb', 'jsonl', 'parquet', 'jsonl.gz', 'pb.zst']) {
  describe(`.${extension}`, () => {
    const path = join(folder, `whole.${extension}`);
    const broken = join(folder, `broken.${extension}`);

    async function outcome(bytes: Uint8Array): Promise<'read' | 'refused'> {
      writeFileSync(broken, bytes);
      try {
        await read(broken);
        return 'read';
      } catch (error) {
        expect(error, String((error as Error).stack)).toBeInstanceOf(ReadError);
        expect((error as ReadError).file).toBe(broken);
        expect((error as ReadError).message).toContain(`${broken}: byte `);
        return 'refused';
      }
    }

    it('that ends early is refused, wherever it ends', async () => {
      await convert(SMALL, path, { force: true });
      const bytes = readFileSync(path);
      const random = numbers(1);
      const ends = Array.from({ length: 60 }, () => Math.floor(random.next().value * (bytes.length - 2)));
      // Where a message or a line ends, a shorter file is a smaller benchmark.
      for (const end of [0, 1, 2, 7, ...ends, bytes.length - 2]) {
        if (await outcome(bytes.subarray(0, end)).then((found) => found === 'read')) {
          expect(extension).toMatch(/^(pb|jsonl)/);
        }
      }
    });

    it('with bytes changed at random is read or refused', async () => {
      await convert(SMALL, path, { force: true });
      const bytes = readFileSync(path);
      const random = numbers(2);
      let refused = 0;
      for (let round = 0; round < 150; round++) {
        const damaged = Buffer.from(bytes);
        for (let i = 0; i <= round % 4; i++) {
          damaged[Math.floor(random.next().value * bytes.length)] = Math.floor(random.next().value * 256);
        }
        if ((await outcome(damaged)) === 'refused') refused++;
      }
      expect(refused).toBeGreaterThan(0);
    });

    it('that is something else is refused', async () => {
      for (const other of ['', '{}', '<!DOCTYPE html>', 'PAR1', '\x89PNG\r\n\x1a\n']) {
        expect(await outcome(Buffer.from(other, 'latin1')), other).toBe('refused');
      }
    });
  });
}

describe('hostile lengths', () => {
  it('are refused before memory is asked for', async () => {
    const path = join(folder, 'long.pb');
    writeFileSync(path, Buffer.from('0affffffff0f00', 'hex'));
    await expect(read(path)).rejects.toMatchObject({ code: 'BAD_LENGTH' });
    const line = join(folder, 'epochs.jsonl');
    const trial = {
      epochs: 100_000,
      eval_acc1es: Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`${i}@0`, 1])),
    };
    const state = { arch_index: 0, arch_str: '', all_results: { cifar10: { 1: trial } }, dataset_seed: {} };
    const header = { meta_archs: ['a'], evaluated_indexes: [] };
    writeFileSync(line, `${JSON.stringify(header)}\n${JSON.stringify({ index: 0, less: state })}\n`);
    await expect(read(line)).rejects.toThrow(/at most 10000000 numbers/);
  });

  it('a file that is closed says so', async () => {
    for (const extension of ['pb', 'parquet']) {
      const path = join(folder, `closed.${extension}`);
      await convert(SMALL, path);
      const api = await NASBench201API.open(path);
      api.close();
      expect(() => api.getMoreInfo(2, 'cifar10', { isRandom: false })).toThrow(/closed/);
    }
  });
});
