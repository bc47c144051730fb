// What a sweep gives, against the records decoded as plain values.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  CURVE_FIELDS,
  type NativeBenchmarkFile,
  openBenchmarkFile,
  type PythonValue,
} from '@nas-bench-201/core-native';
import { describe, expect, it } from 'vitest';
import { NASBench201API, openArchitecture, QueryError, type SweepBatch } from '../src/index.js';
import { measured } from '../src/results/trial-data.js';
import { BENCHMARKS } from './support/ask.js';

const FILES = readdirSync(BENCHMARKS).filter((name) => name !== 'archive');

type Plain = Map<PythonValue, PythonValue>;

const STATES = { missing: 0, none: 1, empty: 2, dict: 3 };

/** {set: {epoch: number}} of a curve's dict. */
function numbersOf(dict: Plain, epochs: number): Map<string, Map<number, number>> {
  const out = new Map<string, Map<number, number>>();
  for (const [key, item] of dict) {
    const [, set, epoch] = /^(?:(.*)@)?(\d+)$/s.exec(String(key)) ?? [];
    if (epoch === undefined || Number(epoch) >= epochs) continue;
    const name = set ?? 'training';
    if (!out.has(name)) out.set(name, new Map());
    out.get(name)!.set(Number(epoch), measured(item)!.value);
  }
  return out;
}

/** Checks every number of a batch; returns how many there were. */
function check(batch: SweepBatch, recordOf: (index: number) => { file: NativeBenchmarkFile; at: number }): number {
  const { names, indexes, states, trials, curves, values, presence } = batch;
  let numbers = 0;
  let curve = 0;
  for (let t = 0; t < trials.state.length; t++) {
    const s = trials.state[t]!;
    const { file, at } = recordOf(indexes[states.architecture[s]!]!);
    const hp = names[states.hp[s]!]!;
    const state = file.value(at, hp) as Plain;
    expect(states.archStr[s]).toBe(state.get('arch_str'));
    expect(states.archIndex[s]).toBe(Number(state.get('arch_index')));
    expect(states.cleared[s]).toBe(state.get('clear_net_done') === true ? 1 : 0);
    const seeds = [...(state.get('dataset_seed') as Plain)].map(([name, list]) => [name, [...(list as number[])]]);
    expect(states.seeds[s]!.map((d) => [d.dataset, [...d.seeds]])).toEqual(seeds);
    const dataset = names[trials.dataset[t]!]!;
    const key = [...(state.get('all_results') as Plain).keys()].findIndex((k) => {
      const [name, seed] = [...(k as Iterable<PythonValue>)];
      return name === dataset && Number(seed) === trials.seed[t];
    });
    const record = file.value(at, hp, key) as Plain;
    expect(trials.epochs[t]).toBe(measured(record.get('epochs'))!.value);
    expect(trials.flop[t]).toBe(measured(record.get('flop'))?.value ?? Number.NaN);
    expect(trials.params[t]).toBe(measured(record.get('params'))?.value ?? Number.NaN);
    const latency = record.get('latency');
    expect(trials.latencyState[t]).toBe(latency === undefined ? 0 : latency === null ? 1 : 3);
    if (Array.isArray(latency)) {
      const seconds = batch.latencies.subarray(trials.latencyFirst[t]!, trials.latencyFirst[t + 1]!);
      expect([...seconds]).toEqual(latency.map((item) => measured(item)!.value));
    }
    for (const name of ['name', 'seed', 'arch_config', 'eval_names']) {
      expect(trials.attributes![t]!.get(name)).toEqual(record.get(name));
    }
    for (const [f, name] of CURVE_FIELDS.entries()) {
      const dict = record.get(name) as Plain | null | undefined;
      const expected = dict === undefined ? 'missing' : dict === null ? 'none' : dict.size === 0 ? 'empty' : 'dict';
      expect(trials.fields[t * CURVE_FIELDS.length + f]).toBe(STATES[expected]);
      const sets = dict ? numbersOf(dict, trials.epochs[t]!) : new Map<string, Map<number, number>>();
      for (; curve < curves.trial.length && curves.trial[curve] === t && curves.field[curve] === f; curve++) {
        const set = curves.set[curve]! < 0 ? 'training' : names[curves.set[curve]!]!;
        const first = curves.first[curve]!;
        expect(curves.first[curve + 1]! - first).toBe(trials.epochs[t]);
        const curveNumbers = sets.get(set)!;
        const epochs = Array.from({ length: trials.epochs[t]! }, (_, e) => e);
        const there = epochs.filter((e) => (presence?.[first + e] ?? 1) !== 0);
        expect(there.map((e) => [e, values[first + e]])).toEqual(
          epochs.flatMap((e) => (curveNumbers.has(e) ? [[e, curveNumbers.get(e)!]] : [])),
        );
        // As plain values NumPy's 32-bit floats are numbers like all others.
        const singles = there.filter((e) => presence?.[first + e] === 2);
        expect(singles.filter((e) => Math.fround(values[first + e]!) !== values[first + e])).toEqual([]);
        numbers += there.length;
        const inOrder = batch.inOrder?.find((o) => o.curve === curve);
        const all = dict && set === 'training' ? [...dict.values()].map((item) => measured(item)!.value) : [];
        if (inOrder) expect([...inOrder.values]).toEqual(all);
        else if (set === 'training') expect([...values.subarray(first, first + all.length)]).toEqual(all);
        sets.delete(set);
      }
      expect([...sets.keys()], name).toEqual([]);
    }
  }
  expect(curve).toBe(curves.trial.length);
  return numbers;
}

describe('a sweep has every number of every trial', () => {
  for (const name of FILES.filter((file) => !file.endsWith('simple'))) {
    it(`of ${name}`, async () => {
      const path = join(BENCHMARKS, name);
      using api = await NASBench201API.open(path);
      const file = await openBenchmarkFile(path);
      const seen: number[] = [];
      let numbers = 0;
      for await (const batch of api.sweep({ attributes: true, threads: 2 })) {
        seen.push(...batch.indexes);
        numbers += check(batch, (index) => ({ file, at: index }));
      }
      expect(seen).toEqual([...file.recordIndexes()]);
      expect(numbers).toBeGreaterThan(0);
    });
  }

  for (const name of FILES.filter((file) => file.endsWith('simple'))) {
    it(`of the folder ${name}`, async () => {
      const path = join(BENCHMARKS, name);
      using api = await NASBench201API.open(path);
      const files = new Map<number, NativeBenchmarkFile>();
      let numbers = 0;
      for await (const batch of api.sweep({ attributes: true })) {
        for (const index of batch.indexes) {
          files.set(index, await openBenchmarkFile(join(path, `${String(index).padStart(6, '0')}.pickle.pbz2`)));
        }
        numbers += check(batch, (index) => ({ file: files.get(index)!, at: files.get(index)!.recordIndexes()[0]! }));
      }
      expect(files.size).toBeGreaterThan(1);
      expect(numbers).toBeGreaterThan(0);
    });
  }
});

describe('a sweep of a part', () => {
  const path = join(BENCHMARKS, FILES.find((file) => file.startsWith('NAS-Bench-201-v1_1'))!);

  it('has the architectures, hyper-parameters and data sets that were asked for', async () => {
    using api = await NASBench201API.open(path);
    const [first, second] = api.evaluatedIndexes as [number, number];
    const batches: SweepBatch[] = [];
    for await (const batch of api.sweep({ archs: [second, first], hp: ['12'], datasets: ['cifar100'] })) {
      batches.push(batch);
    }
    const [{ names, indexes, states, trials }] = batches as [SweepBatch];
    expect([...indexes]).toEqual([second, first]);
    expect([...states.hp].map((hp) => names[hp])).toEqual(['12', '12']);
    expect(new Set([...trials.dataset].map((dataset) => names[dataset]))).toEqual(new Set(['cifar100']));
    expect(trials.state.length).toBeGreaterThan(0);
  });

  it('refuses an architecture that is not in the space', async () => {
    using api = await NASBench201API.open(path);
    expect(() => api.sweep({ archs: [15625] })).toThrow(QueryError);
  });

  it('can be left early and aborted', async () => {
    using api = await NASBench201API.open(path);
    for await (const batch of api.sweep()) {
      expect(batch.values.length).toBeGreaterThan(0);
      break;
    }
    const reason = new Error('enough');
    const sweep = api.sweep({ signal: AbortSignal.abort(reason) });
    await expect(sweep.next()).rejects.toBe(reason);
  });

  it('has what was reloaded in the place of the file', async () => {
    using api = await NASBench201API.open(path);
    const archive = join(BENCHMARKS, 'archive');
    const index = Number(readdirSync(archive)[0]!.slice(0, 6));
    await api.reload(archive, index);
    const own = await openArchitecture(join(archive, `${String(index).padStart(6, '0')}-FULL.pth`));
    for await (const { indexes, states, trials, names } of api.sweep({ archs: [index], hp: ['200'] })) {
      expect([...indexes]).toEqual([index]);
      const expected = own
        .get('200')!
        .getDatasetNames()
        .flatMap((d) => own.get('200')!.getDatasetSeeds(d)).length;
      expect(trials.state.length).toBe(expected);
      expect(names[states.hp[0]!]).toBe('200');
    }
  });
});
