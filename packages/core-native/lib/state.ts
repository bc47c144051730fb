import { native } from './errors.js';
import type { NativeBenchmarkFile } from './native.js';

/** What a trial says besides its curves. */
export interface TrialHead {
  dataset: string;
  seed: number;
  epochs: number;
  /** Millions. */
  flop: number;
  /** Millions. */
  params: number;
  /** Seconds for a batch of 256, the mean of what was measured; -1 where nothing was. */
  meanLatency: number;
}

/** The seeds of a data set's trials. */
export interface DatasetSeeds {
  name: string;
  seeds: number[];
}

/** Where the numbers stand, as the file gives them: the state's own, then its data sets, then its trials. */
const HEAD = { archIndex: 0, cleared: 1, datasets: 2, trials: 3, size: 4 } as const;
const TRIAL = { dataset: 0, seed: 1, epochs: 2, flop: 3, params: 4, meanLatency: 5, size: 6 } as const;

/**
 * What one set of hyper-parameters gave for an architecture, as far as it is known without reading a curve. It is kept as
 * numbers, of which objects are made when they are asked for.
 */
export class TrialsState {
  #datasets: DatasetSeeds[] | undefined;
  #archStr: string | undefined;
  readonly #numbers: readonly number[];

  constructor(
    readonly file: NativeBenchmarkFile,
    readonly index: number,
    readonly hp: string,
    numbers: readonly number[],
    /** The file's names. */
    readonly names: readonly string[],
  ) {
    this.#numbers = numbers;
  }

  /** The record's own `arch_index`. */
  get archIndex(): number {
    return this.#numbers[HEAD.archIndex]!;
  }
  /** Whether the weights were cleared. */
  get cleared(): boolean {
    return this.#numbers[HEAD.cleared] === 1;
  }
  get archStr(): string {
    this.#archStr ??= native(() => this.file.archStr(this.index, this.hp))!;
    return this.#archStr;
  }
  get trialCount(): number {
    return this.#numbers[HEAD.trials]!;
  }

  /** `dataset_seed`, in the record's order. */
  get datasets(): readonly DatasetSeeds[] {
    if (!this.#datasets) {
      this.#datasets = [];
      let at: number = HEAD.size;
      for (let d = 0; d < this.#numbers[HEAD.datasets]!; d++) {
        const seeds: number[] = [];
        const end = at + 2 + this.#numbers[at + 1]!;
        for (let i = at + 2; i < end; i++) seeds.push(this.#numbers[i]!);
        this.#datasets.push({ name: this.names[this.#numbers[at]!]!, seeds });
        at = end;
      }
    }
    return this.#datasets;
  }

  #trialAt(number: number): number {
    return this.#numbers.length - (this.trialCount - number) * TRIAL.size;
  }

  /** The number of the last trial of a data set with a seed, as in any dict; -1 where there is none. */
  find(dataset: string, seed: number): number {
    const name = this.names.indexOf(dataset);
    for (let number = this.trialCount - 1; number >= 0; number--) {
      const at = this.#trialAt(number);
      if (this.#numbers[at + TRIAL.seed] === seed && this.#numbers[at + TRIAL.dataset] === name) return number;
    }
    return -1;
  }

  trial(number: number): TrialHead {
    const at = this.#trialAt(number);
    return {
      dataset: this.names[this.#numbers[at + TRIAL.dataset]!]!,
      seed: this.#numbers[at + TRIAL.seed]!,
      epochs: this.#numbers[at + TRIAL.epochs]!,
      flop: this.#numbers[at + TRIAL.flop]!,
      params: this.#numbers[at + TRIAL.params]!,
      meanLatency: this.#numbers[at + TRIAL.meanLatency]!,
    };
  }

  /** Every trial, in the file's order. */
  get trials(): TrialHead[] {
    return Array.from({ length: this.trialCount }, (_, number) => this.trial(number));
  }
}

let scratch = new Float64Array(1024);

/**
 * What one set of hyper-parameters gave for an architecture; undefined where the file has no such state.
 * @param names the file's, where they are at hand
 * @throws ReadError
 */
export function stateOf(
  file: NativeBenchmarkFile,
  index: number,
  hp: string,
  names: readonly string[] = native(() => file.names()),
): TrialsState | undefined {
  let size = native(() => file.state(index, hp, scratch));
  if (size > scratch.length) {
    scratch = new Float64Array(size);
    size = native(() => file.state(index, hp, scratch));
  }
  if (size === 0) return undefined;
  // A plain array: the memory of a typed one lies elsewhere, which for so few numbers costs more than they do.
  const numbers: number[] = [];
  for (let i = 0; i < size; i++) numbers.push(scratch[i]!);
  return new TrialsState(file, index, hp, numbers, names);
}
