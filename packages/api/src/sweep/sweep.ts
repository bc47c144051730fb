import { availableParallelism } from 'node:os';
import {
  type Abortable,
  fromNative,
  type NativeBenchmarkFile,
  type NativeSweepBatch,
  native,
  type PythonValue,
} from '@nas-bench-201/core-native';
import type { HpName } from '../names.js';
import { Names, renamed, type SweepBatch } from './batch.js';

export interface SweepOptions {
  /** Default: all that have a record. */
  archs?: Iterable<number> | undefined;
  /** Default: all. */
  hp?: readonly HpName[] | undefined;
  /** Default: all. */
  datasets?: readonly string[] | undefined;
  /** Whether trials have their `attributes`. Default: no. */
  attributes?: boolean | undefined;
  /** Batches that are read at a time. Default: one a core, at most four. */
  threads?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** Architectures of one file, by their indices there, and the indices that they have here. */
export interface Portion {
  file: NativeBenchmarkFile;
  indexes: Int32Array;
  as: Int32Array;
}

/** Threads that Node has for such work, unless UV_THREADPOOL_SIZE says otherwise. */
const POOL = 4;

/**
 * Reads portions on other threads, some at a time and never more than are asked for, and gives them in their order.
 * @throws ReadError; the signal's reason where it was aborted
 */
export async function* sweepPortions(
  portions: Iterable<Portion>,
  { hp = [], datasets = [], attributes = false, threads, signal }: SweepOptions,
): AsyncGenerator<SweepBatch> {
  const atOnce = Math.max(1, threads ?? Math.min(availableParallelism(), POOL));
  const names = new Names();
  const inFlight: { portion: Portion; work: Abortable<NativeSweepBatch> }[] = [];
  const left = portions[Symbol.iterator]();
  const start = () => {
    const next = left.next();
    if (next.done) return;
    const portion = next.value;
    const request = { indexes: portion.indexes, hps: hp, datasets, configs: attributes };
    const work = native(() => portion.file.sweep(request));
    // Where the receiver stops early, nobody waits for it.
    work.promise.catch(() => {});
    inFlight.push({ portion, work });
  };
  try {
    // One more than threads: while the receiver uses a batch, the next is read.
    for (let i = 0; i <= atOnce; i++) start();
    for (let first = inFlight.shift(); first; first = inFlight.shift()) {
      const { portion, work } = first;
      const batch = await work.promise.catch((error: unknown) => {
        throw fromNative(error);
      });
      signal?.throwIfAborted();
      start();
      const fileNames = native(() => portion.file.names());
      const out = renamed(batch, fileNames, names);
      out.indexes = portion.as;
      if (attributes) out.trials.attributes = attributesOf(portion.file, batch, fileNames);
      yield out;
    }
  } finally {
    for (const { work } of inFlight) work.abort();
    await Promise.allSettled(inFlight.map(({ work }) => work.promise));
  }
}

const ATTRIBUTES = ['name', 'seed', 'arch_config', 'eval_names'];

function attributesOf(
  file: NativeBenchmarkFile,
  { indexes, states, trials }: NativeSweepBatch,
  names: readonly string[],
): Map<string, PythonValue>[] {
  return Array.from(trials.state, (state, t) => {
    const sets = Array.from(trials.evalSets.subarray(trials.evalFirst[t]!, trials.evalFirst[t + 1]!));
    const plain = trials.name[t]! >= 0 && trials.seedText[t]! >= 0 && !sets.includes(-1);
    if (!plain) {
      const index = indexes[states.architecture[state]!]!;
      const hp = names[states.hp[state]!]!;
      const all = native(() => file.value(index, hp, trials.number[t]!)) as Map<PythonValue, PythonValue>;
      return new Map(ATTRIBUTES.filter((name) => all.has(name)).map((name) => [name, all.get(name)!]));
    }
    return new Map<string, PythonValue>([
      ['name', names[trials.name[t]!]!],
      ['seed', names[trials.seedText[t]!]!],
      ['arch_config', trials.configs![t]!],
      ['eval_names', sets.map((set) => names[set]!)],
    ]);
  });
}
