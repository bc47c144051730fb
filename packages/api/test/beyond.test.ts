// What the API answers beyond the reference, and how it fails.
import { execFileSync } from 'node:child_process';
import { appendFileSync, copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CURVE_FIELDS, openBenchmarkFile, type PythonValue, stateOf } from '@nas-bench-201/core-native';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ArchResults,
  type Dataset,
  type Hp,
  NASBench201API,
  openArchitecture,
  publishedArchitectures,
  QueryError,
  ReadError,
  ResultsCount,
} from '../src/index.js';
import { PlainTrial } from '../src/results/trial-data.js';
import { BENCHMARKS } from './support/ask.js';
import { itWith, SHARED } from './support/shared.js';

const named = (start: string) => join(BENCHMARKS, readdirSync(BENCHMARKS).find((f) => f.startsWith(start))!);
const V1_1 = named('NAS-Bench-201-v1_1');
const V1_0 = named('NAS-Bench-201-v1_0');
const quiet = { onWarning: () => {} };

async function failure(work: () => unknown): Promise<QueryError | ReadError> {
  try {
    await work();
  } catch (error) {
    return error as QueryError;
  }
  throw new Error('expected a failure');
}

describe('a benchmark that is open', () => {
  let api: NASBench201API;
  beforeAll(async () => {
    api = await NASBench201API.open(V1_1, quiet);
  });
  afterAll(() => api.close());

  it('reports progress, and stops when it is aborted', async () => {
    const seen: number[] = [];
    await NASBench201API.open(V1_1, { ...quiet, onProgress: ({ bytes, total }) => seen.push(bytes / total) });
    expect(seen.at(-1)).toBe(1);
    await expect(NASBench201API.open(V1_1, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
      'enough',
    );
  });

  it('gives one number of every architecture as a column, as getMoreInfo and getCostInfo give it', async () => {
    for (const dataset of ['cifar10-valid', 'cifar10', 'cifar100', 'ImageNet16-120'] as const) {
      for (const hp of [12, 200] as const) {
        const set = dataset === 'cifar10' ? 'ori-test' : 'x-valid';
        const prefix = dataset === 'cifar10' ? 'test' : 'valid';
        for (const metric of ['accuracy', 'loss', 'per-time', 'all-time'] as const) {
          const column = await api.column(dataset, { metric, set: set as 'train', hp });
          const train = await api.column(dataset, { metric, hp, iepoch: 3 });
          for (const index of api.evaluatedIndexes) {
            const info: Record<string, number | null> = api.getMoreInfo(index, dataset, { hp, isRandom: false });
            expect(column[index]).toBe(info[`${prefix}-${metric}`]);
            const early: Record<string, number | null> = api.getMoreInfo(index, dataset, {
              hp,
              isRandom: false,
              iepoch: 3,
            });
            expect(train[index]).toBe(early[`train-${metric}`]);
          }
          expect(column.filter((v) => !Number.isNaN(v)).length).toBe(api.evaluatedIndexes.length);
        }
        for (const metric of ['flops', 'params', 'latency'] as const) {
          const column = await api.column(dataset, { metric, hp });
          for (const index of api.evaluatedIndexes)
            expect(column[index]).toBe(api.getCostInfo(index, dataset, { hp })[metric]);
        }
      }
    }
  });

  it('gives a whole curve, and the curve ends where getTrain and getEval say', () => {
    for (const index of api.evaluatedIndexes) {
      for (const [, trial] of api.queryByIndex(index, 'cifar100', { hp: 200 })) {
        const accuracy = trial.curve('accuracy');
        expect(accuracy).toBeInstanceOf(Float64Array);
        expect(accuracy.length).toBe(200);
        expect(accuracy[199]).toBe(trial.getTrain().accuracy);
        expect(trial.curve('loss', 'ori-test')[199]).toBe(trial.getEval('ori-test').loss);
        expect(trial.trainLosses.get(7)).toBe(trial.getTrain(7).loss);
      }
    }
    expect(() => api.queryByIndex(0, 'cifar10').values().next().value!.curve('accuracy', 'x-valid')).toThrow(/x-valid/);
  });

  it("means by 'valid' and 'test' what the paper's tables mean", async () => {
    const { valid, test } = api.paperAccuracy(0, 'cifar10');
    expect(valid).toBe(api.getMoreInfo(0, 'cifar10-valid', { hp: 200, isRandom: false })['valid-accuracy']);
    expect(test).toBe(api.getMoreInfo(0, 'cifar10', { hp: 200, isRandom: false })['test-accuracy']);
    const [best, accuracy] = await api.findBest('cifar10', 'valid', { hp: 200 });
    expect(accuracy).toBe(api.paperAccuracy(best, 'cifar10').valid);
  });

  it('lists seeds, and never fills a missing one from another', async () => {
    const seeds = api.seeds(0, 'cifar10', { hp: 200 });
    expect(seeds.length).toBeGreaterThan(0);
    const error = await failure(() => api.getMoreInfo(0, 'cifar10', { hp: 200, seed: 4 }));
    expect(error).toMatchObject({ code: 'UNKNOWN_SEED' });
    expect(error.message).toContain(seeds.join(', '));
  });

  it('warns once where recorded costs cannot be right, and gives the true ones', async () => {
    const warnings: string[] = [];
    using own = await NASBench201API.open(V1_1, { onWarning: (message) => warnings.push(message) });
    own.getCostInfo(0, 'cifar10', { hp: 200 });
    expect(own.costWarning(0, 'cifar10', { hp: 200 })).toBeNull();
    // One of its three trials carries another network's costs.
    own.getCostInfo(41, 'cifar10', { hp: 200 });
    own.getCostInfo(41, 'cifar10', { hp: 200 });
    expect(warnings).toHaveLength(1);
    const { recorded, actual } = own.costWarning(41, 'cifar10', { hp: 200 })!;
    const right = own.getCostInfo(41, 'cifar10', { hp: 12 });
    expect(actual.flops).toBeCloseTo(right.flops, 5);
    expect(actual.params).toBeCloseTo(right.params, 6);
    expect(warnings[0]).toContain(String(recorded.flops));
  });

  it('is seeded as Python is', async () => {
    using own = await NASBench201API.open(V1_1, { ...quiet, seed: 7 });
    const first = Array.from({ length: 5 }, () => own.random());
    own.seed(7);
    expect(Array.from({ length: 5 }, () => own.random())).toEqual(first);
    expect(first).toEqual([20, 9, 25, 41, 3]); // random.seed(7); [random.randint(0, 59) for _ in range(5)]
  });

  it('checks the MD5 that its name tells', async () => {
    expect(await api.verify()).toMatchObject({ matches: true, expected: V1_1.slice(-10, -4) });
    const folder = mkdtempSync(join(tmpdir(), 'nb201-'));
    const copy = join(folder, 'NAS-Bench-201-v1_1-000000.pth');
    copyFileSync(V1_1, copy);
    using other = await NASBench201API.open(copy, quiet);
    expect((await other.verify()).matches).toBe(false);
    const plain = join(folder, 'results.pth');
    copyFileSync(V1_1, plain);
    using unnamed = await NASBench201API.open(plain, quiet);
    expect(await failure(() => unnamed.verify())).toMatchObject({ code: 'BAD_ARGUMENT' });
    rmSync(folder, { recursive: true });
  });

  it('hands out copies: what is reset in one changes no other answer', () => {
    const before = api.getLatency(0, 'cifar10', { hp: 200 });
    const results = api.queryMetaInfoByIndex(0, { hp: 200 });
    results.resetLatency('cifar10', null, 123);
    results.resetPseudoTrainTimes('cifar10', null, 1);
    expect(results.getLatency('cifar10')).toBe(123);
    expect(api.getLatency(0, 'cifar10', { hp: 200 })).toBe(before);
  });

  it('takes hp as a number or a text, and as version 1.3 asked', () => {
    const info = (options: { hp?: Hp; use12EpochsResult?: boolean }) =>
      api.getMoreInfo(0, 'cifar10', { ...options, isRandom: false });
    expect(info({ hp: 200 })).toEqual(info({ hp: '200' }));
    expect(info({ use12EpochsResult: false })).toEqual(info({ hp: 200 }));
    expect(info({ use12EpochsResult: true })).toEqual(info({ hp: '12' }));
    expect(info({})).toEqual(info({ hp: 12 }));
  });

  it('finds architectures by anything that has a tostr()', () => {
    expect(api.queryIndexByArch({ tostr: () => api.arch(9) })).toBe(9);
    expect([...api]).toEqual(publishedArchitectures().slice(0, 60));
  });

  const wrong: [question: string, code: string, ask: (a: NASBench201API) => unknown, says: RegExp][] = [
    ['an index that is out of range', 'UNKNOWN_ARCHITECTURE', (a) => a.arch(60), /0 to 59/],
    ['an index that is no integer', 'UNKNOWN_ARCHITECTURE', (a) => a.getMoreInfo(0.5, 'cifar10'), /0\.5/],
    [
      'an architecture that is not in the space',
      'UNKNOWN_ARCHITECTURE',
      (a) => a.getMoreInfo('|none~0|', 'cifar10'),
      /none~0/,
    ],
    ['an architecture without results', 'NOT_EVALUATED', (a) => a.getMoreInfo(1, 'cifar10'), /1/],
    ['a data set that does not exist', 'UNKNOWN_DATASET', (a) => a.getMoreInfo(0, 'mnist' as Dataset), /cifar10-valid/],
    [
      'a set that the data set has not',
      'UNKNOWN_SET',
      (a) => a.queryMetaInfoByIndex(0).getMetrics('cifar10', 'x-valid'),
      /cifar10-valid/,
    ],
    ['a set that nothing has', 'UNKNOWN_SET', (a) => a.findBest('cifar100', 'x-vaild' as 'x-valid'), /'x-valid'/],
    ['an epoch that was not trained', 'UNKNOWN_EPOCH', (a) => a.getMoreInfo(0, 'cifar10', { iepoch: 12 }), /0 to 11/],
    ['an epoch that is no integer', 'UNKNOWN_EPOCH', (a) => a.getMoreInfo(0, 'cifar10', { iepoch: 1.5 }), /1\.5/],
    [
      'hyper-parameters that do not exist',
      'UNKNOWN_HP',
      (a) => a.getMoreInfo(0, 'cifar10', { hp: 13 as 12 }),
      /12 or 200/,
    ],
    [
      'hyper-parameters that the file has not',
      'UNKNOWN_HP',
      (a) => a.getMoreInfo(0, 'cifar10', { hp: 90 }),
      /'12', '200'/,
    ],
    ['a seed that the trial has not', 'UNKNOWN_SEED', (a) => a.getMoreInfo(0, 'cifar10', { isRandom: 5 }), /111/],
    [
      'the best on a set of another data set',
      'UNKNOWN_SET',
      (a) => a.findBest('cifar10', 'x-valid' as 'valid'),
      /cifar10-valid/,
    ],
    ['statistics of a file with gaps', 'NOT_EVALUATED', (a) => a.statistics('cifar10'), /no results/],
    ['a folder that does not exist', 'NO_FILE', (a) => a.reload('/nowhere', 0), /nowhere/],
  ];
  for (const [question, code, ask, says] of wrong) {
    it(`answers ${question} with ${code}`, async () => {
      const error = await failure(() => ask(api));
      expect(error).toBeInstanceOf(QueryError);
      expect(error.code).toBe(code);
      expect(error.message).toMatch(says);
    });
  }

  it('says that FILEv1.0 has no times', async () => {
    using old = await NASBench201API.open(V1_0, quiet);
    const [index] = old.evaluatedIndexes;
    expect(await failure(() => old.simulateTrainEval(index!, 'cifar10', { hp: 200 }))).toMatchObject({
      code: 'NO_TIMES',
    });
    const info = old.getMoreInfo(index!, 'cifar100', { hp: 200, isRandom: false });
    expect(info['train-all-time']).toBeNull();
    expect(info['test-accuracy']).toBeTypeOf('number');
    expect(old.getMoreInfo(index!, 'cifar100', { hp: 200, isRandom: false, iepoch: 7 })).not.toHaveProperty(
      'test-accuracy',
    );
  });
});

describe('a number of every trial', () => {
  const metrics = ['accuracy', 'loss', 'per-time', 'all-time', 'flops', 'params', 'latency'] as const;

  it.each([V1_1, join(BENCHMARKS, 'irregular.pth'), join(BENCHMARKS, 'NATS-tss-v1_0-small-simple')])(
    'is what each trial answers by itself: %s',
    async (path) => {
      using api = await NASBench201API.open(path, quiet);
      // A folder knows what it has once it was read.
      for (const index of api.metaArchs.keys()) api.queryInfoStrByArch(index);
      let compared = 0;
      for (const metric of metrics) {
        for (const set of ['train', 'ori-test'] as const) {
          const { starts, values } = await api.trialColumn('cifar10', { metric, set, hp: '12' });
          expect(starts.at(-1)).toBe(values.length);
          for (const index of api.evaluatedIndexes) {
            const results = api.queryMetaInfoByIndex(index, { hp: '12' });
            const seeds = results.getDatasetNames().includes('cifar10') ? results.getDatasetSeeds('cifar10') : [];
            const column = values.slice(starts[index], starts[index + 1]);
            expect(column).toHaveLength(seeds.length);
            seeds.forEach((seed, i) => {
              const trial = results.query('cifar10', seed);
              const costs = { flops: trial.flop, params: trial.params, latency: trial.getLatency() };
              let expected = Number.NaN;
              if (metric in costs) expected = costs[metric as 'flops'];
              else {
                const info = set === 'train' ? trial.getTrain() : trial.getEval(set);
                const seconds = info.all_time ?? Number.NaN;
                if (metric === 'all-time') expected = seconds;
                else if (metric === 'per-time') expected = seconds / (info.iepoch + 1);
                else expected = info[metric as 'loss'];
              }
              expect(column[i], `${metric} of ${set}, architecture ${index}, seed ${seed}`).toBe(expected);
              compared++;
            });
          }
        }
      }
      expect(compared).toBeGreaterThan(20);
    },
  );

  it('is none where the file has no such set, and an error where there is no such data set', async () => {
    using api = await NASBench201API.open(V1_1, quiet);
    const { values } = await api.trialColumn('cifar10', { metric: 'accuracy', set: 'x-valid' as 'train', hp: '12' });
    expect(values.every(Number.isNaN)).toBe(true);
    await expect(api.trialColumn('mnist' as 'cifar10', { metric: 'loss' })).rejects.toMatchObject({
      code: 'UNKNOWN_DATASET',
    });
  });
});

describe('files', () => {
  it('are read by address as they are decoded', async () => {
    for (const file of [
      V1_1,
      V1_0,
      named('irregular.pth'),
      named('instances'),
      named('v1_1-protocol0'),
      named('v1_1-protocol4.pkl'),
    ]) {
      const benchmark = await openBenchmarkFile(file);
      for (const index of benchmark.recordIndexes()) {
        for (const hp of benchmark.hyperParameters(index)) {
          for (const [t] of stateOf(benchmark, index, hp)!.trials.entries()) {
            const decoded = new PlainTrial(benchmark.value(index, hp, t) as Map<PythonValue, PythonValue>).curves();
            for (const [f, field] of benchmark.curves(index, hp, t)!.entries()) {
              const plain = decoded[CURVE_FIELDS[f]!];
              expect(['missing', 'none', 'empty', 'dict'][field.state]).toBe(plain.state);
              expect(field.curves.map((c) => c.set)).toEqual([...plain.series.keys()]);
              for (const curve of field.curves) {
                const series = plain.series.get(curve.set)!;
                expect(curve.values).toEqual(series.values);
                for (let e = 0; e < curve.values.length; e++) expect(curve.presence?.[e] !== 0).toBe(series.has(e));
              }
            }
          }
        }
      }
      benchmark.dispose();
    }
  });

  it('of one architecture open by themselves', async () => {
    const results = await openArchitecture(join(BENCHMARKS, 'archive', '000003-FULL.pth'));
    expect([...results.keys()]).toEqual(['12', '200']);
    expect(results.get('200')!.archIndex).toBe(3);
    expect(await failure(() => NASBench201API.open(join(BENCHMARKS, 'archive', '000003-FULL.pth')))).toMatchObject({
      code: 'NOT_A_BENCHMARK',
    });
    expect(await failure(() => openArchitecture(V1_1))).toMatchObject({ code: 'BAD_RECORD' });
  });

  it('keep their answers through stateDict and back', async () => {
    using api = await NASBench201API.open(V1_1, quiet);
    for (const hp of [12, 200] as const) {
      const results = api.queryMetaInfoByIndex(0, { hp });
      const again = ArchResults.createFromStateDict(results.stateDict());
      expect(String(again)).toBe(String(results));
      expect(again.show()).toEqual(results.show());
      for (const dataset of results.getDatasetNames()) {
        expect(again.getComputeCosts(dataset)).toEqual(results.getComputeCosts(dataset));
        for (const [seed, trial] of results.query(dataset)) {
          expect(String(ResultsCount.createFromStateDict(trial.stateDict()))).toBe(String(again.query(dataset, seed)));
        }
      }
    }
  });

  it('that change while they are open are noticed by whatever reads them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nb201-'));
    const file = join(folder, 'F.pth');
    copyFileSync(V1_1, file);
    using api = await NASBench201API.open(file, quiet);
    const ask = (iepoch?: number) => api.getMoreInfo(0, 'cifar10', { iepoch, isRandom: false });
    const before = ask();
    appendFileSync(file, 'x');
    expect(await failure(() => ask(3))).toMatchObject({ code: 'CHANGED', file });
    // The last epoch was collected when the file was opened, and is still that file's.
    expect(ask()).toEqual(before);
    rmSync(folder, { recursive: true });
  });

  it('that were closed say so', async () => {
    const api = await NASBench201API.open(V1_1, quiet);
    api.close();
    api.close();
    expect(await failure(() => api.getMoreInfo(0, 'cifar10', { isRandom: false }))).toMatchObject({ code: 'DISPOSED' });
  });

  it('cut short anywhere are one typed error', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nb201-'));
    const whole = readFileSync(named('v1_1-protocol2'));
    const file = join(folder, 'cut.pkl');
    for (let size = 0; size < whole.length; size += 1 + Math.floor(size / 97)) {
      writeFileSync(file, whole.subarray(0, size));
      const error = await failure(() => NASBench201API.open(file));
      expect(error, `cut at ${size}`).toBeInstanceOf(ReadError);
      expect((error as ReadError).file).toBe(file);
    }
    rmSync(folder, { recursive: true });
  });

  it('with damage are a typed error or other numbers, never a crash', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nb201-'));
    const file = join(folder, 'bad.pkl');
    let state = 88;
    const random = (n: number) => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      return state % n;
    };
    for (const name of [
      'v1_1-protocol2',
      'v1_1-protocol0',
      'v1_1-protocol4.pkl',
      'irregular.pth',
      'irregular-zip',
      'instances',
    ]) {
      const whole = readFileSync(named(name));
      for (let i = 0; i < 60; i++) {
        const bytes = Buffer.from(whole);
        for (let flips = 1 + random(3); flips > 0; flips--) bytes[random(bytes.length)]! ^= 1 << random(8);
        writeFileSync(file, bytes);
        try {
          using api = await NASBench201API.open(file, quiet);
          for (const index of api.evaluatedIndexes) {
            for (const hp of [12, 200] as const) {
              api.getMoreInfo(index, 'cifar100', { hp, isRandom: false });
              api.queryMetaInfoByIndex(index, { hp }).stateDict();
            }
          }
          await api.findBest('cifar10', 'test');
        } catch (error) {
          if (!(error instanceof ReadError) && !(error instanceof QueryError)) throw error;
        }
      }
    }
    rmSync(folder, { recursive: true });
  });
});

describe('records that are readable, but wrong', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nb201-wrong-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  // CPython's pickler writes what `change` makes of a good benchmark of one architecture.
  function wrong(change: string): string {
    const file = join(folder, `${change.replace(/\W+/g, '-').slice(0, 60)}.pkl`);
    const program = `
import pickle, sys
trial = {"name": "cifar10", "net_state_dict": None, "train_acc1es": {0: 50.0}, "train_acc5es": None, "train_losses": {0: 1.5},
         "train_times": None, "arch_config": {"channel": 16, "num_cells": 5, "arch_str": "|a~0|", "class_num": 10}, "params": 0.1,
         "flop": 7.0, "seed": "0777", "epochs": 1, "latency": None, "eval_names": ["ori-test"], "eval_acc1es": {"ori-test@0": 40.0},
         "eval_losses": {"ori-test@0": 2.0}, "eval_times": {}}
state = {"arch_index": 0, "arch_str": "|a~0|", "all_results": {("cifar10", 777): trial}, "dataset_seed": {"cifar10": [777]},
         "clear_net_done": True}
file = {"meta_archs": ["|a~0|", "|b~0|"], "total_archs": 2, "arch2infos": {0: {"full": state, "less": state}}, "evaluated_indexes": [0]}
exec(sys.argv[1])
open(sys.argv[2], "wb").write(pickle.dumps(file, 2))`;
    execFileSync('python3', ['-c', program, change, file]);
    return file;
  }
  const ask = async (file: string) => {
    using api = await NASBench201API.open(file, quiet);
    return api.getMoreInfo(0, 'cifar10', { hp: 200, isRandom: false });
  };

  it('answer where only one thing is asked that is right', async () => {
    expect(await ask(wrong('pass'))).toMatchObject({ 'train-accuracy': 50, 'test-accuracy': 40 });
    expect(await ask(wrong('file["evaluated_indexes"] = [0, 77]'))).toMatchObject({ 'test-accuracy': 40 });
    expect((await ask(wrong('trial["eval_acc1es"]["ori-test@0"] = float("nan")')))['test-accuracy']).toBeNaN();
    expect(await ask(wrong('trial["eval_losses"] = {}'))).not.toHaveProperty('test-accuracy');
  });

  const cases: [change: string, code: string][] = [
    ['file["meta_archs"] = ["|a~0|", "|a~0|"]', 'BAD_VALUE'],
    ['file["meta_archs"] = "|a~0|"', 'BAD_RECORD'],
    ['file["meta_archs"] = [1, 2]', 'BAD_RECORD'],
    ['del file["meta_archs"]', 'NOT_A_BENCHMARK'],
    ['del file["arch2infos"]', 'NOT_A_BENCHMARK'],
    ['file["arch2infos"] = [state]', 'NOT_A_BENCHMARK'],
    ['file["arch2infos"] = {"0": {"full": state}}', 'NOT_A_BENCHMARK'],
    ['file["arch2infos"] = {0: [state]}', 'BAD_RECORD'],
    ['file["arch2infos"] = {0: {"full": [state]}}', 'BAD_RECORD'],
    ['file["arch2infos"] = {1: {"full": state, "less": state}}', 'NOT_EVALUATED'],
    ['file["arch2infos"][0] = {"less": state}', 'UNKNOWN_HP'],
    ['file["evaluated_indexes"] = ["0"]', 'BAD_RECORD'],
    ['file = [file]', 'NOT_A_BENCHMARK'],
    ['file = {"weights": 1}', 'NOT_A_BENCHMARK'],
    ['del state["all_results"]', 'BAD_RECORD'],
    ['del state["dataset_seed"]', 'BAD_RECORD'],
    ['state["all_results"] = {"cifar10": trial}', 'BAD_RECORD'],
    ['state["dataset_seed"] = {"cifar10": [777, 888]}', 'UNKNOWN_SEED'],
    ['state["dataset_seed"] = {"cifar10": ["777"]}', 'BAD_RECORD'],
    ['del trial["epochs"]', 'BAD_RECORD'],
    ['trial["epochs"] = "one"', 'BAD_RECORD'],
    ['trial["epochs"] = 2', 'UNKNOWN_EPOCH'],
    ['trial["train_losses"] = {0: "small"}', 'BAD_RECORD'],
    ['trial["train_losses"] = [1.5]', 'BAD_RECORD'],
    ['trial["train_losses"] = None', 'UNKNOWN_EPOCH'],
    ['del trial["train_acc1es"]', 'UNKNOWN_EPOCH'],
    ['trial["train_times"] = {}', 'UNKNOWN_EPOCH'],
  ];
  for (const [change, code] of cases) {
    it(`fail with ${code} after ${change}`, async () => {
      const error = await failure(() => ask(wrong(change)));
      expect(error instanceof QueryError || error instanceof ReadError, String(error)).toBe(true);
      expect(error.code, error.message).toBe(code);
    });
  }

  it('may be closed while they are read', async () => {
    const api = await NASBench201API.open(V1_1, quiet);
    const column = api.column('cifar10', { metric: 'all-time', iepoch: 5 });
    api.close();
    expect((await column).length).toBe(60);
  });
});

describe('real records of NATS-Bench', () => {
  const folder = join(SHARED, 'real', 'NATS-tss-v1_0-3ffb9-simple');
  itWith(folder, 'have the published costs and accuracies', async () => {
    using api = await NASBench201API.open(folder);
    expect(api.length).toBe(15625);
    expect([...api]).toEqual(publishedArchitectures());
    expect(api.costWarning(284, 'cifar10', { hp: 200 })).toBeNull();
    const costs = api.getCostInfo(284, 'cifar10', { hp: 200 });
    expect(costs.flops).toBeCloseTo(11.71521, 9);
    expect(costs.params).toBeCloseTo(0.101306, 9);
    const rows = readFileSync(join(SHARED, 'real', 'accuracies.csv'), 'utf8')
      .trim()
      .split(/\r?\n/);
    const header = rows[0]!.split(',');
    for (const index of [0, 284]) {
      const row = Object.fromEntries(rows[index + 1]!.split(',').map((value, i) => [header[i], value]));
      for (const dataset of ['cifar10', 'cifar100', 'ImageNet16-120'] as const) {
        expect(api.paperAccuracy(index, dataset).test).toBeCloseTo(Number(row[`${dataset}_test_200`]), 5);
        const short = api.paperAccuracy(index, dataset, { hp: 12 });
        expect(short.valid).toBeCloseTo(Number(row[`${dataset}_valid_12`]), 5);
        expect(short.test).toBeCloseTo(Number(row[`${dataset}_test_12`]), 5);
      }
      expect(api.unique(index)).toBe(row.unique);
    }
    expect(api.isomorphs(0)).toContain(0);
    expect(new Set([...api].map((arch) => api.unique(arch))).size).toBe(6466);
  });
});
