import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ArchitectureRecord, CURVE_FIELDS, type Dataset, type HpName, NASBench201API } from 'nas-bench-201';
import { describe, expect, it } from 'vitest';
import {
  type ConvertOptions,
  convert,
  openBenchmark,
  parseIndexes,
  SUMMARY_COLUMNS,
  sourceOfApi,
} from '../src/index.js';
import { BENCHMARKS, existsSync, FIXTURES, itWith, REAL, temporaryFolder, V1_1 } from './support/files.js';

const folder = temporaryFolder();
let count = 0;

/** What is left of FILEv1.1 in a converted file. */
async function selected(options: ConvertOptions): Promise<ArchitectureRecord[]> {
  const path = join(folder, `${count++}.pb`);
  await convert(V1_1, path, options);
  const source = await openBenchmark(path);
  const records: ArchitectureRecord[] = [];
  for await (const some of source.records()) records.push(...some);
  source.close();
  return records;
}
const trials = (records: readonly ArchitectureRecord[]) =>
  records.flatMap(({ states }) => states.flatMap((s) => s.trials));
const curves = (records: readonly ArchitectureRecord[]) => trials(records).flatMap((trial) => trial.curves);

describe('a selection', () => {
  it('of architectures, as people write them', async () => {
    expect(parseIndexes('0-3, 284,2')).toEqual([0, 1, 2, 3, 284]);
    for (const bad of ['', '3-1', 'a', '1,,2', '-1', '0-99999999']) expect(() => parseIndexes(bad)).toThrow(/0-99,284/);
    const records = await selected({ archs: parseIndexes('0-9') });
    expect(records.map(({ index }) => index)).toEqual([0, 3, 9]);
    await expect(selected({ archs: [60] })).rejects.toThrow(/from 0 to 59, found 60/);
    await expect(selected({ archs: [59] })).rejects.toMatchObject({ code: 'BAD_SELECTION' });
  });

  it('of hyper-parameters and data sets', async () => {
    const records = await selected({ hp: ['200'], datasets: ['cifar100', 'cifar10'] });
    expect(records).toHaveLength(5);
    expect(new Set(records.flatMap(({ states }) => states.map(({ hp }) => hp)))).toEqual(new Set(['200']));
    expect(new Set(trials(records).map(({ dataset }) => dataset))).toEqual(new Set(['cifar10', 'cifar100']));
    expect(records[0]!.states[0]!.datasets.map(({ name }) => name).sort()).toEqual(['cifar10', 'cifar100']);
  });

  it('of sets and fields', async () => {
    const sets = curves(await selected({ sets: ['x-valid'] }));
    expect(new Set(sets.map(({ set }) => set))).toEqual(new Set(['x-valid']));
    const training = await selected({ sets: ['train'] });
    expect(new Set(curves(training).map(({ set }) => set))).toEqual(new Set(['']));
    expect(trials(training)[0]!.attributes.get('eval_names')).toEqual([]);
    const losses = curves(await selected({ fields: ['eval_losses', 'train_losses'] }));
    expect(new Set(losses.map(({ field }) => CURVE_FIELDS[field]))).toEqual(new Set(['eval_losses', 'train_losses']));
  });

  it('of epochs: the last, or one', async () => {
    const whole = curves(await selected({}));
    for (const [epochs, at] of [
      ['last', (length: number) => length - 1],
      [5, () => 5],
    ] as const) {
      const chosen = curves(await selected({ epochs }));
      for (const { field, values, presence } of chosen) {
        const epoch = at(values.length);
        // Times are added up to the epoch that is asked for.
        const first = CURVE_FIELDS[field]!.endsWith('times') ? 0 : epoch;
        expect([...presence!.keys()].filter((e) => presence![e])).toEqual(
          Array.from({ length: epoch - first + 1 }, (_, i) => first + i),
        );
      }
      // The rest of a curve is gone, what is left of it is what it was.
      const last = whole.filter(
        (c) => c.values.length > at(c.values.length) && (c.presence?.[at(c.values.length)] ?? 1),
      );
      expect(chosen.map(({ values }) => values[at(values.length)])).toEqual(
        last.map((c) => c.values[at(c.values.length)]),
      );
    }
  });

  it('leaves a file that the API answers from', async () => {
    const path = join(folder, 'last.parquet');
    await convert(V1_1, path, { epochs: 'last', hp: ['12'] });
    const [part, whole] = [await NASBench201API.open(path), await NASBench201API.open(V1_1)];
    const of = (api: NASBench201API) => api.getMoreInfo(3, 'cifar100', { hp: '12', isRandom: false });
    expect(of(part)).toEqual(of(whole));
    expect(await part.findBest('cifar100', 'test')).toEqual(await whole.findBest('cifar100', 'test'));
    expect(() => part.getMoreInfo(3, 'cifar100', { hp: '200', isRandom: false })).toThrow(/hp '200'/);
    part.close();
    whole.close();
  });
});

describe('the summary', () => {
  const column = (name: string) => SUMMARY_COLUMNS.findIndex((c) => c.name === name);

  async function rowsOf(file: string, options: ConvertOptions = {}): Promise<string[][]> {
    const path = join(folder, `${count++}.csv`);
    await convert(file, path, options);
    const [title, ...rows] = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(title).toBe(SUMMARY_COLUMNS.map(({ name }) => name).join(','));
    return rows.map((row) => row.split(','));
  }

  const SETS = { x_valid: 'valid', x_test: 'test', ori_test: 'valtest' } as const;

  async function likeTheApi(file: string): Promise<void> {
    const api = await NASBench201API.open(file, { onWarning: () => {} });
    const rows = await rowsOf(file);
    expect(rows.length).toBeGreaterThan(5);
    for (const row of rows) {
      const [index, , hp, dataset] = row as [string, string, HpName, Dataset];
      const number = (name: string) => (row[column(name)] === '' ? null : Number(row[column(name)]));
      const info = api.getMoreInfo(Number(index), dataset, { hp, isRandom: false }) as Record<string, number | null>;
      const costs = api.reference === 'nas-bench-201' && api.getCostInfo(Number(index), dataset, { hp });
      expect(number('train_accuracy')).toBe(info['train-accuracy']);
      expect(number('train_loss')).toBe(info['train-loss']);
      expect(number('train_seconds')).toBe(info['train-all-time']);
      expect(number('trials')).toBe(api.seeds(Number(index), dataset, { hp }).length);
      if (costs) {
        expect(number('flops')).toBe(costs.flops);
        expect(number('params')).toBe(costs.params);
        expect(number('latency')).toBe(costs.latency);
      }
      if (dataset.startsWith('cifar10') && dataset !== 'cifar100') continue;
      for (const [set, name] of Object.entries(SETS)) {
        expect(number(`${set}_accuracy`)).toBe(info[`${name}-accuracy`] ?? null);
        expect(number(`${set}_seconds`)).toBe(info[`${name}-all-time`] ?? null);
      }
    }
    api.close();
  }

  it("has the API's answers: FILEv1.1", () => likeTheApi(V1_1));
  it("has the API's answers: FILEv1.0", () => likeTheApi(FIXTURES[1]!));
  it("has the API's answers: NATS-Bench", () => likeTheApi(join(BENCHMARKS, 'NATS-tss-v1_0-small.pickle.pbz2')));
  for (const file of REAL)
    itWith(existsSync(file), file, `has the API's answers: real records, ${file}`, () => likeTheApi(file));

  it('is the same by the short way and from the records', async () => {
    for (const file of FIXTURES) {
      const source = sourceOfApi(await NASBench201API.open(file));
      const [short, long] = [join(folder, `${count++}.csv`), join(folder, `${count++}.csv`)];
      await convert(source, short);
      const { knownSummary: _, ...slow } = source;
      await convert(slow, long);
      expect(readFileSync(short, 'utf8')).toBe(readFileSync(long, 'utf8'));
      source.close();
    }
  });

  it('is the same of a converted file, and may be of another epoch', async () => {
    const pb = join(folder, 'v1_1.pb');
    await convert(V1_1, pb);
    expect(await rowsOf(pb)).toEqual(await rowsOf(V1_1));
    const [row] = await rowsOf(V1_1, { archs: [9], hp: ['200'], datasets: ['cifar10'], epochs: 49 });
    const api = await NASBench201API.open(V1_1);
    const info = api.getMoreInfo(9, 'cifar10', { hp: '200', iepoch: 49, isRandom: false });
    expect(Number(row![column('ori_test_accuracy')])).toBe(info['test-accuracy']);
    expect(Number(row![column('train_seconds')])).toBe(info['train-all-time']);
    expect(row![column('epoch')]).toBe('49');
    api.close();
  });

  it('counts what it wrote, and tells how far it is', async () => {
    const seen: number[] = [];
    const done = await convert(V1_1, join(folder, 'counted.jsonl'), {
      onProgress: ({ architectures, total }) => {
        seen.push(architectures);
        expect(total).toBe(5);
      },
    });
    expect(done).toMatchObject({ format: 'jsonl', architectures: 5, trials: 57, rows: 0 });
    expect(done.bytes).toBe(readFileSync(join(folder, 'counted.jsonl')).length);
    expect(seen.at(-1)).toBe(5);
  });

  it('says that weights are left behind, where there were any', async () => {
    const [without, withWeights] = [join(folder, 'w1.jsonl'), join(folder, 'w2.jsonl')];
    const warnings: string[] = [];
    const onWarning = (message: string) => void warnings.push(message);
    await convert(V1_1, without, { onWarning });
    expect(warnings).toEqual([]);
    writeFileSync(
      withWeights,
      readFileSync(without, 'utf8').replace('"clear_net_done":true', '"clear_net_done":false'),
    );
    await convert(withWeights, join(folder, 'w.pb'), { onWarning });
    expect(warnings).toEqual(['weights are not converted']);
  });
});
