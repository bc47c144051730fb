import type { TrialChoice } from './arch-results.js';
import { meanOf, type Reference } from './averaging.js';

/** Where the numbers of a set's row are, as the file gives them. */
export const ROW = { set: 0, timed: 1, loss: 2, accuracy: 3, time: 4, all: 5, size: 6 } as const;
/** And those before a trial's rows. */
const TRIAL = { seed: 0, latency: 1, epochs: 2, rows: 3, size: 4 } as const;

/** An answer of `getMoreInfo` by its keys. */
export type Info = Record<string, number | null>;

/** The sets of a data set that `getMoreInfo` calls by these names, as the file's numbers; `NO_SET` where it has none. */
export interface InfoSets {
  valid: number;
  test: number;
  valtest: number;
  /** Whether an answer must have `valid`. */
  needsValid: boolean;
}
export const NO_SET = -2;
const TRAINING = -1;

/** More trials than this are added in another order by NumPy. */
const FEW_TRIALS = 7;

/** Sums over trials of training and of the three sets, filled and used within one call. */
const loss = new Float64Array(4);
const accuracy = new Float64Array(4);
const seconds = new Float64Array(4);
const found = new Uint8Array(4);
const timed = new Uint8Array(4);

/**
 * The last epoch of a data set's trials, without reading the file: from what was collected when it was walked. It is a
 * view of an array of numbers and lives for one question: tens of thousands of answers that are kept cost the garbage
 * collector more than making them anew.
 */
export class LastEpoch {
  constructor(
    /** Of many; this one's are those that `NativeBenchmarkFile.finals` wrote from `begin` on. */
    readonly numbers: Float64Array,
    readonly begin: number,
    readonly sets: InfoSets,
  ) {}

  get seeds(): number[] {
    return this.#ofTrials(TRIAL.seed);
  }

  #ofTrials(what: number): number[] {
    const out: number[] = [];
    let at = this.begin + 1;
    for (let t = this.numbers[this.begin]!; t > 0; t--) {
      out.push(this.numbers[at + what]!);
      at += TRIAL.size + this.numbers[at + TRIAL.rows]! * ROW.size;
    }
    return out;
  }

  /**
   * The answer of `getMoreInfo`. Undefined where the trials are not all of a kind, or have no such seed: then
   * `ArchResults` knows the answer, or why there is none.
   */
  info(choice: TrialChoice): Info | undefined {
    if (choice === false) return this.#make(null);
    return typeof choice === 'number' ? this.#make(choice) : undefined;
  }

  /** Of the trial with a seed, or with null the mean over all. */
  #make(seed: number | null): Info | undefined {
    const { numbers } = this;
    const { valid, test, valtest, needsValid } = this.sets;
    const trials = numbers[this.begin]!;
    if (trials < 1 || trials > FEW_TRIALS) return undefined;
    for (let slot = 0; slot < 4; slot++) {
      found[slot] = 0;
      timed[slot] = 0;
    }
    let at = this.begin + 1;
    const epochs = numbers[at + TRIAL.epochs]!;
    let chosen = -1;
    for (let t = 0; t < trials; t++) {
      if (numbers[at + TRIAL.epochs] !== epochs) return undefined;
      // Of two with one seed the first counts.
      const one = chosen < 0 && numbers[at + TRIAL.seed] === seed;
      if (one) chosen = t;
      const rows = numbers[at + TRIAL.rows]!;
      at += TRIAL.size;
      for (const end = at + rows * ROW.size; at < end; at += ROW.size) {
        const set = numbers[at]!;
        const slot = set === TRAINING ? 0 : set === valid ? 1 : set === test ? 2 : set === valtest ? 3 : -1;
        if (slot < 0) continue;
        timed[slot]! += numbers[at + ROW.timed]!;
        if (found[slot]!++ === 0 || one) {
          loss[slot] = numbers[at + ROW.loss]!;
          accuracy[slot] = numbers[at + ROW.accuracy]!;
          seconds[slot] = numbers[at + ROW.all]!;
        } else if (seed === null) {
          loss[slot]! += numbers[at + ROW.loss]!;
          accuracy[slot]! += numbers[at + ROW.accuracy]!;
          seconds[slot]! += numbers[at + ROW.all]!;
        }
      }
    }
    if (seed !== null && chosen < 0) return undefined;
    for (let slot = 0; slot < 4; slot++) if (timed[slot] !== 0 && timed[slot] !== found[slot]) return undefined;
    if (found[0] !== trials || (needsValid && found[1] !== trials)) return undefined;
    return infoOf(trials, seed === null ? trials : 1, epochs);
  }

  /** Seconds for a batch of 256, the mean over the trials that have one. */
  latency(reference: Reference): number | null {
    const measured = this.#ofTrials(TRIAL.latency).filter((value) => value > 0);
    return measured.length > 0 ? meanOf(measured, reference) : null;
  }
}

/** The answer, out of sums over `count` trials; of the sets that all `trials` have. */
function infoOf(trials: number, count: number, epochs: number): Info {
  const all = (slot: number): number | null => (timed[slot] === 0 ? null : seconds[slot]! / count);
  const per = (slot: number): number | null => (timed[slot] === 0 ? null : seconds[slot]! / count / epochs);
  const out: Info = {
    'train-loss': loss[0]! / count,
    'train-accuracy': accuracy[0]! / count,
    'train-per-time': per(0),
    'train-all-time': all(0),
  };
  if (found[1] === trials) {
    out['valid-loss'] = loss[1]! / count;
    out['valid-accuracy'] = accuracy[1]! / count;
    out['valid-per-time'] = per(1);
    out['valid-all-time'] = all(1);
  }
  if (found[2] === trials) {
    out['test-loss'] = loss[2]! / count;
    out['test-accuracy'] = accuracy[2]! / count;
    out['test-per-time'] = per(2);
    out['test-all-time'] = all(2);
  }
  if (found[3] === trials) {
    out['valtest-loss'] = loss[3]! / count;
    out['valtest-accuracy'] = accuracy[3]! / count;
    out['valtest-per-time'] = per(3);
    out['valtest-all-time'] = all(3);
  }
  return out;
}
