// Answers about many architectures at once are those about each of them, on every way to them: collected at opening, read
// from curves of regular and irregular forms, from a side-car, from a folder.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type CurveMetric,
  DATASETS,
  type Dataset,
  type InfoOptions,
  NASBench201API,
  QueryError,
} from '../src/index.js';
import { BENCHMARKS } from './support/ask.js';

const named = (start: string) => join(BENCHMARKS, readdirSync(BENCHMARKS).find((f) => f.startsWith(start))!);
const FILES = ['NAS-Bench-201-v1_1', 'irregular.pth', 'v1_1-zip.pth', 'instances.pth', 'NATS-tss-v1_0-small-simple'];
const METRICS: [CurveMetric, string][] = [
  ['accuracy', 'train'],
  ['top5', 'train'],
  ['time', 'train'],
  ['loss', 'x-valid'],
  ['accuracy', 'ori-test'],
];

/** The answer, or the failure's code. */
async function outcome<T>(ask: () => T | Promise<T>): Promise<T | string> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof QueryError) return error.code;
    throw error;
  }
}

const folder = mkdtempSync(join(tmpdir(), 'nb201-batches-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe.each([...FILES.map((name) => [name, false] as const), [FILES[0]!, true], [FILES[1]!, true]] as const)(
  '%s, side-car: %s',
  (name, sideCar) => {
    let api: NASBench201API;
    let archs: number[];
    beforeAll(async () => {
      const options = { sideCar: sideCar && folder, onWarning() {} };
      api = await NASBench201API.open(named(name), options);
      if (sideCar) {
        await api.sideCarKept();
        api.close();
        api = await NASBench201API.open(named(name), options);
        expect(api.sideCar).not.toBeNull();
      }
      // Not in order, and one twice.
      archs = [...api.recordedIndexes].reverse();
      archs.push(archs[0]!);
    });
    afterAll(() => api.close());

    async function compare(dataset: Dataset, options: InfoOptions): Promise<boolean> {
      api.seed(3);
      const each = await outcome(() =>
        archs.map((arch): Record<string, number | null> => api.getMoreInfo(arch, dataset, options)),
      );
      const drawn = api.random();
      api.seed(3);
      const all = await outcome(() => api.getMoreInfos(archs, dataset, options));
      const what = `${dataset} ${JSON.stringify(options)}`;
      if (typeof each === 'string' || typeof all === 'string') {
        expect(all, what).toBe(each);
        return false;
      }
      expect(api.random(), what).toBe(drawn);
      expect(Object.keys(all).sort(), what).toEqual([...new Set(each.flatMap((info) => Object.keys(info)))].sort());
      for (const [key, column] of Object.entries(all)) {
        expect(Array.from(column), `${what} ${key}`).toEqual(each.map((info) => info[key] ?? Number.NaN));
      }
      return true;
    }

    it('gives the answers of getMoreInfo', async () => {
      let answered = 0;
      for (const dataset of DATASETS) {
        for (const hp of ['12', '200'] as const) {
          for (const iepoch of [undefined, 3]) {
            for (const isRandom of [false, true, 777] as const) {
              answered += Number(await compare(dataset, { hp, iepoch, isRandom }));
            }
          }
        }
      }
      expect(answered).toBeGreaterThan(4);
    });

    it('gives the curves of each trial', async () => {
      let rows = 0;
      for (const dataset of DATASETS) {
        for (const [metric, set] of METRICS) {
          const got = await outcome(() => api.curves(archs, dataset, { hp: '12', metric, set: set as 'train' }));
          if (typeof got === 'string') {
            expect(['UNKNOWN_SET', 'NO_TIMES']).toContain(got);
            for (const arch of archs) {
              const trials = await outcome(() => [...api.queryByIndex(arch, dataset, { hp: '12' }).values()]);
              if (typeof trials === 'string') continue;
              for (const trial of trials) expect(await outcome(() => trial.curve(metric, set))).toBe(got);
            }
            continue;
          }
          for (const [i, arch] of archs.entries()) {
            const trials = await outcome(() => [...api.queryByIndex(arch, dataset, { hp: '12' })]);
            const known = typeof trials === 'string' ? [] : trials;
            const first = got.starts[i]!;
            expect(got.starts[i + 1]).toBe(first + known.length);
            for (const [t, [seed, trial]] of known.entries()) {
              const row = Array.from(got.values.subarray((first + t) * got.epochs, (first + t + 1) * got.epochs));
              const curve = await outcome(() => Array.from(trial.curve(metric, set)));
              const padded = typeof curve === 'string' ? [] : curve;
              expect(got.seeds[first + t]).toBe(seed);
              expect(row).toEqual([...padded, ...Array(got.epochs - padded.length).fill(Number.NaN)]);
              rows++;
            }
          }
        }
      }
      expect(rows).toBeGreaterThan(4);
    });
  },
);

it('says which hyper-parameters there are where no architecture has those', async () => {
  const api = await NASBench201API.open(named('NAS-Bench-201-v1_1'), { onWarning() {} });
  const [index] = api.recordedIndexes;
  const asked = { hp: '90', isRandom: false } as const;
  const alone = await outcome(() => api.getMoreInfo(index!, 'cifar10', asked));
  expect(alone).toBe('UNKNOWN_HP');
  expect(await outcome(() => api.curves([index!], 'cifar10', { hp: '90' }))).toBe(alone);
  expect(await outcome(() => api.getMoreInfos([index!], 'cifar10', { ...asked, iepoch: 3 }))).toBe(alone);
  api.close();
});

it('stops with the reason of the signal', async () => {
  const api = await NASBench201API.open(named('NAS-Bench-201-v1_1'), { onWarning() {} });
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(api.getMoreInfos([0], 'cifar10', { signal })).rejects.toThrow('enough');
  await expect(api.getMoreInfos([0], 'cifar10', { signal, iepoch: 3 })).rejects.toThrow('enough');
  await expect(api.curves([0], 'cifar10', { signal })).rejects.toThrow('enough');
  await expect(api.getMoreInfos([api.length], 'cifar10')).rejects.toMatchObject({ code: 'UNKNOWN_ARCHITECTURE' });
  api.close();
});
