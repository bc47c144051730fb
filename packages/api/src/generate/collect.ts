import { existsSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  DictStream,
  type NativeBenchmarkFile,
  openBenchmarkFile,
  type PythonValue,
  ReadError,
  writeTorch,
} from '@nas-bench-201/core-native';
import type { ArchitectureRecord, StateRecord, TrialRecord } from '../records/record.js';
import { writableInstances, writableRecord } from '../records/writable.js';
import { recordsOf } from '../sweep/records.js';
import { sweepPortions } from '../sweep/sweep.js';
import { GenerateError } from './errors.js';
import { latenciesOf } from './latency.js';
import type { GeneratedHp, Layout, Range } from './layout.js';
import { architectureAt } from './meta.js';
import { readRun, trialRecord } from './run-file.js';
import { paceOf, TIMED, withTimes } from './times.js';

export interface CollectOptions {
  /**
   * - `corrected`: all of an architecture's from its 12-epoch run on cifar10-valid with seed 777, in proportion to the
   *   images, as in FILEv1.1.
   * - `measured`: as each run took.
   */
  times: 'corrected' | 'measured';
  /** Whether architectures are collected anew that are collected already. */
  force?: boolean | undefined;
  signal?: AbortSignal | undefined;
  onArchitecture?: ((index: number) => void) | undefined;
  /** Of an architecture that is left out, and why. */
  onProblem?: ((index: number, error: Error) => void) | undefined;
}

const HPS = ['200', '12'] as const satisfies readonly GeneratedHp[];

/** The runs of one architecture. */
type Files = Record<GeneratedHp, { seed: number; path: string }[]>;

/**
 * Collects the runs of a range (`statistics.py --mode cal`): each architecture's files `FULL`, with weights, and `SIMPLE`,
 * then one of the whole range as the reference's merging reads it. An architecture with a run that cannot be read is
 * reported and left out. One that is collected already, and has no newer run, is not collected again.
 * @returns the architectures that were collected
 * @throws WriteError; the signal's reason
 */
export async function collectRange(
  layout: Layout,
  archs: readonly string[],
  range: Range,
  options: CollectOptions,
): Promise<number[]> {
  await mkdir(dirname(layout.architecture(0, 'FULL')), { recursive: true });
  const collected: number[] = [];
  for (const [index, files] of filesOf(layout, range)) {
    options.signal?.throwIfAborted();
    try {
      if (options.force || !isCollected(layout, index, files)) await collect(layout, archs, index, files, options);
      collected.push(index);
      options.onArchitecture?.(index);
    } catch (error) {
      if (!(error instanceof ReadError || error instanceof GenerateError)) throw error;
      options.onProblem?.(index, error);
    }
  }
  await writeRange(layout, archs, range, collected, options.signal);
  return collected;
}

function filesOf(layout: Layout, range: Range): Map<number, Files> {
  const out = new Map<number, Files>();
  for (const hp of HPS) {
    for (const { index, seed, path } of layout.finished(range, hp)) {
      if (!out.has(index)) out.set(index, { '200': [], '12': [] });
      out.get(index)![hp].push({ seed, path });
    }
  }
  return new Map([...out].sort(([a], [b]) => a - b));
}

// SIMPLE is written last.
function isCollected(layout: Layout, index: number, files: Files): boolean {
  const simple = statSync(layout.architecture(index, 'SIMPLE'), { throwIfNoEntry: false });
  if (!simple || !existsSync(layout.architecture(index, 'FULL'))) return false;
  const sources = [...HPS.flatMap((hp) => files[hp].map(({ path }) => path)), layout.latency(index)];
  return sources.every((path) => (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) < simple.mtimeMs);
}

async function collect(
  layout: Layout,
  archs: readonly string[],
  index: number,
  files: Files,
  { times, signal }: CollectOptions,
): Promise<void> {
  const arch = architectureAt(layout, archs, index);
  const weights = new Map<TrialRecord, PythonValue>();
  const latencies = await latenciesOf(layout, index);
  const read: StateRecord[] = [];
  for (const hp of HPS) {
    const trials: TrialRecord[] = [];
    for (const { seed, path } of files[hp]) {
      for (const [dataset, result] of (await readRun(path)).results) {
        const latency = latencies ? Float64Array.of(latencies[dataset]) : null;
        const trial = { ...trialRecord(path, dataset, seed, arch, result), latency };
        weights.set(trial, result.get('net_state_dict') ?? null);
        trials.push(trial);
      }
    }
    read.push(stateOf(index, arch, hp, trials));
  }
  const states = times === 'corrected' ? corrected(index, read, weights) : read;
  const record: ArchitectureRecord = { index, states };
  const full = writableRecord(record, 'nas-bench-201', (trial) => weights.get(trial));
  await writeTorch(layout.architecture(index, 'FULL'), full, { overwrite: true, signal });
  const simple = { index, states: states.map((state) => ({ ...state, cleared: true })) };
  await writeTorch(layout.architecture(index, 'SIMPLE'), writableRecord(simple, 'nas-bench-201'), {
    overwrite: true,
    signal,
  });
}

function stateOf(archIndex: number, archStr: string, hp: GeneratedHp, trials: TrialRecord[]): StateRecord {
  const seeds = new Map<string, number[]>();
  for (const { dataset, seed } of trials) seeds.set(dataset, [...(seeds.get(dataset) ?? []), seed]);
  const datasets = [...seeds].map(([name, list]) => ({ name, seeds: list }));
  return { hp, archIndex, archStr, cleared: false, datasets, trials };
}

function corrected(
  index: number,
  states: readonly StateRecord[],
  weights: Map<TrialRecord, PythonValue>,
): StateRecord[] {
  const timed = states
    .find(({ hp }) => hp === TIMED.hp)!
    .trials.find(({ dataset, seed }) => dataset === TIMED.dataset && seed === TIMED.seed);
  if (!timed) {
    throw new GenerateError(
      'NO_TIMES',
      `architecture ${index} has no run of ${TIMED.hp} epochs on ${TIMED.dataset} with seed ${TIMED.seed}, which the ` +
        'times of a benchmark come from (--times measured takes those of each run)',
    );
  }
  const pace = paceOf(timed);
  const timedAnew = (trial: TrialRecord) => {
    const out = withTimes(trial, pace);
    weights.set(out, weights.get(trial)!);
    return out;
  };
  return states.map((state) => ({ ...state, trials: state.trials.map(timedAnew) }));
}

async function writeRange(
  layout: Layout,
  archs: readonly string[],
  range: Range,
  indexes: readonly number[],
  signal?: AbortSignal,
): Promise<void> {
  async function* infos() {
    for (const index of indexes) {
      signal?.throwIfAborted();
      yield [index, writableInstances(await readSimple(layout.architecture(index, 'SIMPLE')))] as const;
    }
  }
  const whole = new DictStream([
    ['meta_archs', [...archs]],
    ['total_archs', archs.length],
    ['basestr', layout.base],
    ['arch2infos', new DictStream(infos())],
    ['evaluated_indexes', new Set(indexes)],
  ]);
  await writeTorch(layout.collected(range), whole, { overwrite: true, signal });
}

/** One architecture's record. @throws ReadError */
async function readSimple(path: string): Promise<ArchitectureRecord> {
  const file: NativeBenchmarkFile = await openBenchmarkFile(path, { sideCar: false });
  try {
    const indexes = Int32Array.from(file.recordIndexes());
    for await (const batch of sweepPortions([{ file, indexes, as: indexes }], { attributes: true, threads: 1 })) {
      return recordsOf(batch)[0]!;
    }
    throw new ReadError('BAD_RECORD', path, 0, `${path}: byte 0: expected the record of one architecture`);
  } finally {
    file.dispose();
  }
}
