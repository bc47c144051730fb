import type { TrialChoice } from './arch-results.js';

/** What `NativeBenchmarkFile.lastEpoch` wrote: this, the seeds, and an answer for the mean and for each trial. */
const HEAD = { trials: 0, sets: 1, latency: 2, size: 3 } as const;
/** Which sets there are besides training. */
const SETS = { valid: 1, test: 2, valtest: 4 } as const;
/** Of training, valid, test and valtest: loss, accuracy, seconds an epoch and in all. */
const ANSWER = 16;

/** An answer of `getMoreInfo` by its keys. */
export type Info = Record<string, number | null>;

/**
 * The last epoch of a data set's trials, without reading the file: from what was collected when it was walked. It is a
 * view of an array of numbers and lives for one question: tens of thousands of answers that are kept cost the garbage
 * collector more than making them anew.
 */
export class LastEpoch {
  constructor(
    /** Of many; this one's stand from `begin` on. */
    readonly numbers: Float64Array,
    readonly begin: number,
  ) {}

  get seeds(): number[] {
    const out: number[] = [];
    const first = this.begin + HEAD.size;
    for (let i = first; i < first + this.numbers[this.begin]!; i++) out.push(this.numbers[i]!);
    return out;
  }

  /**
   * The answer of `getMoreInfo`, of one trial or the mean over all. Undefined where there is no such seed: then
   * `ArchResults` knows why there is no answer.
   */
  info(choice: TrialChoice): Info | undefined {
    const { numbers, begin } = this;
    const trials = numbers[begin + HEAD.trials]!;
    const first = begin + HEAD.size;
    const answers = first + trials;
    if (choice === false) return infoOf(numbers, answers, numbers[begin + HEAD.sets]!);
    if (typeof choice !== 'number') return undefined;
    // Of two with one seed the first counts.
    for (let t = 0; t < trials; t++) {
      if (numbers[first + t] === choice)
        return infoOf(numbers, answers + (t + 1) * ANSWER, numbers[begin + HEAD.sets]!);
    }
    return undefined;
  }

  /** Seconds for a batch of 256, the mean over the trials that have one. */
  get latency(): number | null {
    const latency = this.numbers[this.begin + HEAD.latency]!;
    return latency < 0 ? null : latency;
  }
}

const orNull = (seconds: number): number | null => (Number.isNaN(seconds) ? null : seconds);

function infoOf(numbers: Float64Array, at: number, sets: number): Info {
  const out: Info = {
    'train-loss': numbers[at]!,
    'train-accuracy': numbers[at + 1]!,
    'train-per-time': orNull(numbers[at + 2]!),
    'train-all-time': orNull(numbers[at + 3]!),
  };
  if (sets & SETS.valid) {
    out['valid-loss'] = numbers[at + 4]!;
    out['valid-accuracy'] = numbers[at + 5]!;
    out['valid-per-time'] = orNull(numbers[at + 6]!);
    out['valid-all-time'] = orNull(numbers[at + 7]!);
  }
  if (sets & SETS.test) {
    out['test-loss'] = numbers[at + 8]!;
    out['test-accuracy'] = numbers[at + 9]!;
    out['test-per-time'] = orNull(numbers[at + 10]!);
    out['test-all-time'] = orNull(numbers[at + 11]!);
  }
  if (sets & SETS.valtest) {
    out['valtest-loss'] = numbers[at + 12]!;
    out['valtest-accuracy'] = numbers[at + 13]!;
    out['valtest-per-time'] = orNull(numbers[at + 14]!);
    out['valtest-all-time'] = orNull(numbers[at + 15]!);
  }
  return out;
}
