import type { NativeSweepBatch, PythonValue } from '@nas-bench-201/core-native';

/** Architectures of a batch: some 5 MB of numbers. */
export const PORTION = 32;

/** What the file's own trials have besides, and what is made of it here. */
type FileColumns = 'number' | 'name' | 'seedText' | 'evalFirst' | 'evalSets' | 'configs';

/**
 * Every number of every trial of some architectures, in index order, as flat arrays. Rows refer to other rows by number;
 * [n] says how many there are. The arrays are the receiver's: nothing uses them again.
 */
export interface SweepBatch extends Omit<NativeSweepBatch, 'trials' | 'moreNames'> {
  /** What `hp`, `dataset` and `set` call by number. Grows from batch to batch; a number keeps its meaning. */
  names: readonly string[];
  /** [T] */
  trials: Omit<NativeSweepBatch['trials'], FileColumns> & {
    /** The attributes `name`, `seed`, `arch_config` and `eval_names`, those that the record has; where they were asked for. */
    attributes?: Map<string, PythonValue>[];
  };
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
  const { moreNames, trials, ...rest } = batch;
  const { number, name, seedText, evalFirst, evalSets, configs, ...columns } = trials;
  return { ...rest, names: names.list, trials: columns };
}
