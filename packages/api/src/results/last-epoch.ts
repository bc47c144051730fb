import type { Metrics, TrialChoice } from './arch-results.js';
import { meanOverTrials, type Reference } from './averaging.js';

/** As `NativeBenchmarkFile.finals` fills them. */
export interface Finals {
  trials: number;
  rows: Float64Array;
  /** Of the sets, by number. */
  names: readonly string[];
}

interface Row {
  loss: number;
  accuracy: number;
  time: number | null;
  all: number | null;
}

/**
 * The last epoch of a data set's trials, as `ArchResults.getMetrics` gives it, without reading the file: from what was
 * collected when it was walked.
 */
export class LastEpoch {
  readonly seeds: number[] = [];
  readonly #latencies: number[] = [];
  readonly #sets: Map<string, Row>[] = [];
  readonly #epochs: number[] = [];
  readonly #reference: Reference;

  constructor({ trials, rows, names }: Finals, reference: Reference) {
    this.#reference = reference;
    let at = 0;
    for (let t = 0; t < trials; t++) {
      this.seeds.push(rows[at]!);
      this.#latencies.push(rows[at + 1]!);
      this.#epochs.push(rows[at + 2]!);
      const count = rows[at + 3]!;
      at += 4;
      const sets = new Map<string, Row>();
      for (let r = 0; r < count; r++, at += 6) {
        const timed = rows[at + 1] === 1;
        sets.set(rows[at] === -1 ? 'train' : names[rows[at]!]!, {
          loss: rows[at + 2]!,
          accuracy: rows[at + 3]!,
          time: timed ? rows[at + 4]! : null,
          all: timed ? rows[at + 5]! : null,
        });
      }
      this.#sets.push(sets);
    }
  }

  /** Undefined where a trial has no such set. @throws QueryError where only some trials have times */
  metrics(set: string, choice: TrialChoice): Metrics | undefined {
    const rows: Row[] = [];
    for (const sets of this.#sets) {
      const row = sets.get(set);
      if (!row) return undefined;
      rows.push(row);
    }
    if (typeof choice === 'number') {
      const trial = this.seeds.indexOf(choice);
      const { loss, accuracy, time, all } = rows[trial]!;
      return { iepoch: this.#epochs[trial]! - 1, loss, accuracy, cur_time: time, all_time: all };
    }
    return {
      iepoch: this.#epochs.reduce((sum, epochs) => sum + epochs, 0) / rows.length - 1,
      loss: this.#mean(rows, 'loss')!,
      accuracy: this.#mean(rows, 'accuracy')!,
      cur_time: this.#mean(rows, 'time'),
      all_time: this.#mean(rows, 'all'),
    };
  }

  #mean(rows: readonly Row[], key: keyof Row): number | null {
    return meanOverTrials(
      rows.map((row) => (row[key] === null ? null : { value: row[key], single: false })),
      this.#reference,
    );
  }

  /** Seconds for a batch of 256, the mean over the trials that have one. */
  latency(): number | null {
    const known = this.#latencies.filter((seconds) => seconds > 0).map((value) => ({ value, single: false }));
    return meanOverTrials(known, this.#reference);
  }
}
