/** Where the numbers of a set's row are in what `NativeBenchmarkFile.allFinals` wrote. */
const ROW = { set: 0, timed: 1, loss: 2, accuracy: 3, time: 4, all: 5, size: 6 } as const;

/** What was measured on one set after the last epoch: one number a trial. */
export interface SetAtEnd {
  /** Empty for training. */
  set: string;
  /** Top-1, in per cent. */
  accuracy: readonly number[];
  loss: readonly number[];
  /** Of all epochs; null where some trial has no times. */
  seconds: readonly number[] | null;
}

/** The trials of a data set after their last epoch: one number a trial, in the order of the record's seeds. */
export interface LastEpochs {
  dataset: string;
  epochs: readonly number[];
  /** Millions; NaN where the record has none. */
  flop: readonly number[];
  /** Millions; NaN where the record has none. */
  params: readonly number[];
  /** Mean seconds for a batch of 256; -1 where none was measured. */
  latency: readonly number[];
  /** Those that every trial has. */
  sets: readonly SetAtEnd[];
}

interface Gathered {
  accuracy: number[];
  loss: number[];
  seconds: number[];
}

/** What `NativeBenchmarkFile.allFinals` wrote. */
export function lastEpochsOf(datasets: number, rows: Float64Array, names: readonly string[]): LastEpochs[] {
  const out: LastEpochs[] = [];
  let at = 0;
  for (let d = 0; d < datasets; d++) {
    const dataset = names[rows[at]!]!;
    const trials = rows[at + 1]!;
    at += 2;
    const [epochs, flop, params, latency]: [number[], number[], number[], number[]] = [[], [], [], []];
    const sets = new Map<number, Gathered>();
    for (let t = 0; t < trials; t++) {
      latency.push(rows[at]!);
      epochs.push(rows[at + 1]!);
      flop.push(rows[at + 2]!);
      params.push(rows[at + 3]!);
      const count = rows[at + 4]!;
      at += 5;
      for (let r = 0; r < count; r++, at += ROW.size) {
        const number = rows[at + ROW.set]!;
        let set = sets.get(number);
        if (!set) {
          set = { accuracy: [], loss: [], seconds: [] };
          sets.set(number, set);
        }
        set.loss.push(rows[at + ROW.loss]!);
        set.accuracy.push(rows[at + ROW.accuracy]!);
        if (rows[at + ROW.timed] === 1) set.seconds.push(rows[at + ROW.all]!);
      }
    }
    const everywhere: SetAtEnd[] = [];
    for (const [number, { accuracy, loss, seconds }] of sets) {
      if (accuracy.length !== trials) continue;
      const set = number === -1 ? '' : names[number]!;
      everywhere.push({ set, accuracy, loss, seconds: seconds.length === trials ? seconds : null });
    }
    out.push({ dataset, epochs, flop, params, latency, sets: everywhere });
  }
  return out;
}
