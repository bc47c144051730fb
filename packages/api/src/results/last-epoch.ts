import type { Metrics, TrialChoice } from './arch-results.js';
import { meanOf, meanOverTrials, type Reference } from './averaging.js';

/** As `NativeBenchmarkFile.finals` fills them. */
export interface Finals {
  trials: number;
  rows: Float64Array;
  /** Of the sets, by number. */
  names: readonly string[];
}

/** Where the numbers of a set's row are, as the file gives them. */
export const ROW = { set: 0, timed: 1, loss: 2, accuracy: 3, time: 4, all: 5, size: 6 } as const;
/** And those before a trial's rows. */
const SEED = 0;
const LATENCY = 1;
const EPOCHS = 2;
const COUNT = 3;
const HEAD = 4;

/**
 * The last epoch of a data set's trials, as `ArchResults.getMetrics` gives it, without reading the file: from what was
 * collected when it was walked. Thousands of these are kept, so it is one array of numbers and little else.
 */
export class LastEpoch {
  readonly seeds: number[] = [];
  /** What was answered of it, by the choice of trials: not to be handed out. */
  readonly answers = new Map<TrialChoice, Record<string, number | null>>();
  readonly #numbers: number[];
  /** Where each trial begins. */
  readonly #trials: number[] = [];
  readonly #names: readonly string[];
  readonly #reference: Reference;
  #latency: number | null | undefined;

  constructor({ trials, rows, names }: Finals, reference: Reference) {
    this.#reference = reference;
    this.#names = names;
    let end = 0;
    for (let t = 0; t < trials; t++) {
      this.#trials.push(end);
      this.seeds.push(rows[end + SEED]!);
      end += HEAD + rows[end + COUNT]! * ROW.size;
    }
    this.#numbers = Array.from(rows.subarray(0, end));
  }

  /** Where a trial's row of a set is, or -1. */
  #row(trial: number, set: number): number {
    const first = this.#trials[trial]! + HEAD;
    const end = first + this.#numbers[first - HEAD + COUNT]! * ROW.size;
    for (let row = first; row < end; row += ROW.size) if (this.#numbers[row + ROW.set] === set) return row;
    return -1;
  }

  /** Undefined where a trial has no such set. @throws QueryError where only some trials have times */
  metrics(set: string, choice: TrialChoice): Metrics | undefined {
    const number = set === 'train' ? -1 : this.#names.indexOf(set);
    if (number === -1 && set !== 'train') return undefined;
    const rows: number[] = [];
    for (let t = 0; t < this.#trials.length; t++) {
      const row = this.#row(t, number);
      if (row < 0) return undefined;
      rows.push(row);
    }
    const numbers = this.#numbers;
    if (typeof choice === 'number') {
      const trial = this.seeds.indexOf(choice);
      const row = rows[trial]!;
      const timed = numbers[row + ROW.timed] === 1;
      return {
        iepoch: numbers[this.#trials[trial]! + EPOCHS]! - 1,
        loss: numbers[row + ROW.loss]!,
        accuracy: numbers[row + ROW.accuracy]!,
        cur_time: timed ? numbers[row + ROW.time]! : null,
        all_time: timed ? numbers[row + ROW.all]! : null,
      };
    }
    let epochs = 0;
    for (const trial of this.#trials) epochs += numbers[trial + EPOCHS]!;
    return {
      iepoch: epochs / rows.length - 1,
      loss: this.#mean(rows, ROW.loss)!,
      accuracy: this.#mean(rows, ROW.accuracy)!,
      cur_time: this.#mean(rows, ROW.time),
      all_time: this.#mean(rows, ROW.all),
    };
  }

  #mean(rows: readonly number[], of: number): number | null {
    const numbers = this.#numbers;
    if (of === ROW.time || of === ROW.all) {
      const timed = rows.map((row) => numbers[row + ROW.timed] === 1);
      if (timed.includes(false)) {
        const times = rows.map((row, t) => (timed[t] ? { value: numbers[row + of]!, single: false } : null));
        return meanOverTrials(times, this.#reference);
      }
    }
    return meanOf(
      rows.map((row) => numbers[row + of]!),
      this.#reference,
    );
  }

  /** Seconds for a batch of 256, the mean over the trials that have one. */
  latency(): number | null {
    if (this.#latency === undefined) {
      const seconds = this.#trials.map((trial) => this.#numbers[trial + LATENCY]!).filter((value) => value > 0);
      this.#latency = seconds.length > 0 ? meanOf(seconds, this.#reference) : null;
    }
    return this.#latency;
  }
}
