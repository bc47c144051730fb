import type { NativeSweepBatch, PythonValue } from '@nas-bench-201/core-native';

/**
 * Every number of every trial of some architectures, in index order, as flat arrays. Rows refer to other rows by number;
 * [n] says how many there are. The arrays are the receiver's: nothing uses them again.
 */
export interface SweepBatch {
  /** What `hp`, `dataset` and `set` call by number. Grows from batch to batch; a number keeps its meaning. */
  names: readonly string[];
  /** [A] The architectures. */
  indexes: Int32Array;
  /** [S] What one set of hyper-parameters gave for one architecture. */
  states: {
    /** Row of `indexes`. */
    architecture: Int32Array;
    /** Name: '12', '200', '01' or '90'. */
    hp: Int32Array;
    /** The record's own `arch_index`. */
    archIndex: Int32Array;
    archStr: string[];
    /** `clear_net_done`, as 0 or 1. */
    cleared: Uint8Array;
    /** `dataset_seed` in the record's order. */
    seeds: { dataset: string; seeds: Float64Array }[][];
  };
  /** [T] */
  trials: {
    /** Row of `states`. */
    state: Int32Array;
    /** Name. */
    dataset: Int32Array;
    /** Of the record's key (data set, seed). */
    seed: Float64Array;
    epochs: Int32Array;
    /** Millions; NaN where the record has none. */
    flop: Float64Array;
    /** Millions; NaN where the record has none. */
    params: Float64Array;
    /** 0: the record has no `latency`, 1: it is None, 3: it is a list. */
    latencyState: Uint8Array;
    /** [T + 1] Where it is in `latencies`. */
    latencyFirst: Uint32Array;
    /** [T * 7] For each of `CURVE_FIELDS` 0: missing, 1: None, 2: an empty dict, 3: a dict. */
    fields: Uint8Array;
    /** The attributes `name`, `seed`, `arch_config` and `eval_names`, those that the record has; where they were asked for. */
    attributes?: Map<string, PythonValue>[];
  };
  /** Seconds for a batch of 256. */
  latencies: Float64Array;
  /** [C] By trial, then by field, sets in the order of the record. */
  curves: {
    /** Row of `trials`. */
    trial: Uint32Array;
    /** In `CURVE_FIELDS`. */
    field: Uint8Array;
    /** Name; -1: training. */
    set: Int32Array;
    /** [C + 1] Where its numbers are in `values`: one for each epoch of its trial. */
    first: Uint32Array;
  };
  values: Float64Array;
  /** For each value 0: missing, 1: there, 2: there, as a 32-bit float; absent where all are 1. */
  presence?: Uint8Array;
  /** Of training curves that are not in the order of their epochs: all numbers in the record's order. */
  inOrder?: { curve: number; values: Float64Array }[];
}

/** Numbers for names, the same in all batches of a sweep, whichever file they come from. */
export class Names {
  readonly list: string[] = [];
  readonly #numbers = new Map<string, number>();

  number(name: string): number {
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.list.length;
      this.list.push(name);
      this.#numbers.set(name, number);
    }
    return number;
  }
}

/** Puts the numbers of `names` in the place of the file's. */
export function renamed(batch: NativeSweepBatch, fileNames: readonly string[], names: Names): SweepBatch {
  const numbers = [...fileNames, ...batch.moreNames].map((name) => names.number(name));
  if (numbers.some((number, i) => number !== i)) {
    for (const column of [batch.states.hp, batch.trials.dataset, batch.curves.set]) {
      for (let i = 0; i < column.length; i++) if (column[i]! >= 0) column[i] = numbers[column[i]!]!;
    }
  }
  const { architecture, hp, archIndex, archStr, cleared, seeds } = batch.states;
  const { state, dataset, seed, epochs, flop, params, latencyState, latencyFirst, fields } = batch.trials;
  return {
    names: names.list,
    indexes: batch.indexes,
    states: { architecture, hp, archIndex, archStr, cleared, seeds },
    trials: { state, dataset, seed, epochs, flop, params, latencyState, latencyFirst, fields },
    latencies: batch.latencies,
    curves: batch.curves,
    values: batch.values,
    ...(batch.presence && { presence: batch.presence }),
    ...(batch.inOrder && { inOrder: batch.inOrder }),
  };
}
