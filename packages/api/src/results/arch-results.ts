import { type PythonValue, Tuple } from '@nas-bench-201/core-native';
import { QueryError } from '../errors.js';
import { fixed } from '../python-format.js';
import type { PythonRandom } from '../random/python-random.js';
import { AVERAGING, meanOverTrials, type Reference } from './averaging.js';
import { informationLines } from './information.js';
import { type EpochInfo, type MeasuredEpoch, ResultsCount } from './results-count.js';
import type { TrialData } from './trial-data.js';

/** What a network costs: means over the trials of a data set. */
export type ComputeCosts = {
  /** FLOPs of one image, in millions. */
  flops: number;
  /** Parameters, in millions. */
  params: number;
  /** Seconds for a batch of 256; null where none was measured. */
  latency: number | null;
} & {
  /** Seconds, mean over the epochs or total, of training and of each evaluation set; null where not recorded. */
  [T in `T-${string}@epoch` | `T-${string}@total`]: number | null;
};

/** What was measured after one epoch; a mean over trials has a mean epoch, too. */
export type Metrics = EpochInfo;

/**
 * Which trials answer: `false` averages over all, `true` picks one at random, a number is a trial's seed.
 * (The reference's `is_random`.)
 */
export type TrialChoice = boolean | number;

type Seeds = { name: string; seeds: number[] };

/** What `ArchResults` starts from, and never changes. */
export interface ResultsSource {
  readonly archIndex: number;
  readonly archStr: string;
  /** Whether the weights were cleared. */
  readonly cleared: boolean;
  /** `dataset_seed`, in its order. */
  readonly datasets: readonly { name: string; seeds: ArrayLike<number> }[];
  readonly trialCount: number;
  /** The number of the last trial with this key; -1 where there is none. */
  find(dataset: string, seed: number): number;
  key(number: number): { dataset: string; seed: number };
  data(number: number): TrialData;
}

/** Trials that are there already as such a source. */
export function resultsOf(
  head: Pick<ResultsSource, 'archIndex' | 'archStr' | 'cleared' | 'datasets'>,
  trials: readonly { dataset: string; seed: number; data: TrialData }[],
): ResultsSource {
  return {
    ...head,
    trialCount: trials.length,
    find: (dataset, seed) => trials.findLastIndex((t) => t.dataset === dataset && t.seed === seed),
    key: (number) => trials[number]!,
    data: (number) => trials[number]!.data,
  };
}

/**
 * All trials of one architecture with one set of hyper-parameters (nas_201_api's `ArchResults`). It is a copy: what is
 * reset here changes no answer of the API that it came from.
 */
export class ArchResults {
  /** Whether the weights were cleared. */
  clearNetDone: boolean;
  readonly #source: ResultsSource;
  readonly #reference: Reference;
  /** Trials of the source that were asked for. */
  readonly #results: (ResultsCount | undefined)[] = [];
  #added: { dataset: string; seed: number; result: ResultsCount }[] | undefined;
  /** Its own once a trial was added. */
  #datasets: Seeds[] | undefined;

  constructor(source: ResultsSource, reference: Reference = 'nas-bench-201') {
    this.clearNetDone = source.cleared;
    this.#source = source;
    this.#reference = reference;
  }

  get archIndex(): number {
    return this.#source.archIndex;
  }

  get archStr(): string {
    return this.#source.archStr;
  }

  #seedsBy(dataset: string): ArrayLike<number> | undefined {
    return (this.#datasets ?? this.#source.datasets).findLast((d) => d.name === dataset)?.seeds;
  }

  #result(number: number): ResultsCount {
    this.#results[number] ??= new ResultsCount(this.#source.data(number), this.#reference);
    return this.#results[number];
  }

  /** Every trial, in the file's order. */
  get #trials(): { dataset: string; seed: number; result: ResultsCount }[] {
    const own = Array.from({ length: this.#source.trialCount }, (_, number) => {
      const { dataset, seed } = this.#source.key(number);
      return { dataset, seed, result: this.#result(number) };
    });
    return [...own, ...(this.#added ?? [])];
  }

  #seeds(dataset: string): number[] {
    const seeds = this.#seedsBy(dataset);
    if (!seeds) {
      const there = this.getDatasetNames().map((name) => `'${name}'`);
      throw new QueryError(
        'UNKNOWN_DATASET',
        `architecture ${this.archIndex} has no '${dataset}' here; it has ${there.join(', ')}`,
      );
    }
    return Array.from(seeds);
  }

  #trial(dataset: string, seed: number): ResultsCount {
    const added = this.#added?.find((t) => t.dataset === dataset && t.seed === seed);
    if (added) return added.result;
    const number = this.#source.find(dataset, seed);
    if (number >= 0) return this.#result(number);
    const seeds = Array.from(this.#seedsBy(dataset) ?? []);
    throw new QueryError(
      'UNKNOWN_SEED',
      `architecture ${this.archIndex} has no trial with seed ${seed} on '${dataset}'; its seeds are ${seeds.join(', ') || 'none'}`,
    );
  }

  #trialsOf(dataset: string): ResultsCount[] {
    return this.#seeds(dataset).map((seed) => this.#trial(dataset, seed));
  }

  /** The number of trials. */
  get numTrials(): number {
    return this.#source.trialCount + (this.#added?.length ?? 0);
  }

  getDatasetNames(): string[] {
    return [...new Set((this.#datasets ?? this.#source.datasets).map((d) => d.name))];
  }

  /** The seeds of a data set's trials. @throws QueryError */
  getDatasetSeeds(dataset: string): number[] {
    return this.#seeds(dataset);
  }

  /** All trials of a data set by seed, or the one of a seed. @throws QueryError */
  query(dataset: string): Map<number, ResultsCount>;
  query(dataset: string, seed: number): ResultsCount;
  query(dataset: string, seed?: number | null): Map<number, ResultsCount> | ResultsCount;
  query(dataset: string, seed?: number | null): Map<number, ResultsCount> | ResultsCount {
    if (seed !== undefined && seed !== null) return this.#trial(dataset, seed);
    return new Map(this.#seeds(dataset).map((s) => [s, this.#trial(dataset, s)]));
  }

  /** FLOPs, parameters, latency and times: means over the trials of a data set. @throws QueryError */
  getComputeCosts(dataset: string): ComputeCosts {
    const trials = this.#trialsOf(dataset);
    const { mean } = AVERAGING[this.#reference];
    const cost = (of: (trial: ResultsCount) => number) => mean(this.#consistent(dataset, trials.map(of)));
    const latencies = trials.map((t) => t.getLatency()).filter((seconds) => seconds > 0);
    const out = {
      flops: cost((t) => t.flop),
      params: cost((t) => t.params),
      latency: latencies.length ? mean(latencies) : null,
    } as ComputeCosts;
    const times = new Map<keyof ReturnType<ResultsCount['getTimes']>, (number | null)[]>();
    for (const trial of trials) {
      for (const [key, seconds] of Object.entries(trial.getTimes()) as [`T-${string}@epoch`, number | null][]) {
        if (!times.has(key)) times.set(key, []);
        times.get(key)!.push(seconds);
      }
    }
    for (const [key, seconds] of times) {
      const values = seconds.map((value) => (value === null ? null : { value, single: false }));
      out[key] = meanOverTrials(values, this.#reference);
    }
    return out;
  }

  /** NATS-Bench: where trials disagree about the network, the one with seed 888 is right. */
  #consistent(dataset: string, values: number[]): number[] {
    if (this.#reference === 'nas-bench-201' || new Set(values.map((v) => fixed(v, 5))).size < 2) return values;
    const at = this.#seeds(dataset).indexOf(888);
    if (at < 0)
      throw new QueryError('BAD_VALUE', `the trials of architecture ${this.archIndex} disagree about its costs`);
    return [values[at]!];
  }

  /**
   * Loss, accuracy and times on a set after an epoch, by default the last.
   * @param isRandom see `TrialChoice`; default: the mean over all trials
   * @param random picks the trial where `isRandom` is true
   * @throws QueryError
   */
  getMetrics(
    dataset: string,
    setname: string,
    iepoch?: number | null,
    isRandom: TrialChoice = false,
    random?: PythonRandom,
  ): Metrics {
    const trials = this.#trialsOf(dataset);
    const infos = trials.map((t) => (setname === 'train' ? t.measuredTrain(iepoch) : t.measuredEval(setname, iepoch)));
    if (isRandom === false) return this.#average(infos);
    let at: number;
    if (isRandom === true) {
      if (!random) throw new QueryError('BAD_ARGUMENT', 'expected a PythonRandom to pick a trial with');
      at = random.randint(0, trials.length - 1);
    } else {
      at = this.#seeds(dataset).indexOf(isRandom);
      if (at < 0) this.#trial(dataset, isRandom);
    }
    const picked = infos[at]!;
    return {
      iepoch: picked.iepoch.value,
      loss: picked.loss.value,
      accuracy: picked.accuracy.value,
      cur_time: picked.cur_time?.value ?? null,
      all_time: picked.all_time?.value ?? null,
    };
  }

  /** @internal Whether every trial of a data set has results on an evaluation set after an epoch. */
  isEvaluated(dataset: string, set: string, iepoch?: number | null): boolean {
    return this.#trialsOf(dataset).every((trial) => trial.isEvaluated(set, iepoch));
  }

  #average(infos: readonly MeasuredEpoch[]): Metrics {
    const mean = (key: keyof MeasuredEpoch) =>
      meanOverTrials(
        infos.map((info) => info[key]),
        this.#reference,
      );
    return {
      iepoch: mean('iepoch')!,
      loss: mean('loss')!,
      accuracy: mean('accuracy')!,
      cur_time: mean('cur_time'),
      all_time: mean('all_time'),
    };
  }

  /** Seconds for a batch of 256, the mean over trials. @throws QueryError where a trial has none */
  getLatency(dataset: string): number {
    const latencies = this.#seeds(dataset).map((seed) => {
      const seconds = this.#trial(dataset, seed).getLatency();
      if (!(seconds > 0))
        throw new QueryError('NO_LATENCY', `no latency was measured on '${dataset}' with seed ${seed}`);
      return seconds;
    });
    let total = 0;
    for (const seconds of latencies) total += seconds;
    return total / latencies.length;
  }

  /** The number of epochs that the trials of a data set, or all trials, were trained for. @throws QueryError */
  getTotalEpoch(dataset?: string): number {
    const names = dataset === undefined ? this.getDatasetNames() : [dataset];
    const epochs = names.flatMap((name) => this.#trialsOf(name).map((t) => t.getTotalEpoch()));
    if (new Set(epochs).size !== 1) {
      throw new QueryError('BAD_VALUE', `expected trials of equally many epochs, found ${epochs.join(', ') || 'none'}`);
    }
    return epochs[0]!;
  }

  /**
   * The weights of one trial, or of all trials of a data set by seed; null after `clearParams`.
   * @throws QueryError `NO_WEIGHTS` where the file has had them cleared; it says which archive has them
   */
  getNetParam(dataset: string, seed?: number | null): PythonValue | Map<number, PythonValue> {
    if (seed !== undefined && seed !== null) return this.#trial(dataset, seed).getNetParam();
    return new Map(this.#seeds(dataset).map((s) => [s, this.#trial(dataset, s).getNetParam()]));
  }

  resetLatency(dataset: string, seed: number | null, latency: number): void {
    for (const trial of this.#chosen(dataset, seed)) trial.updateLatency([latency]);
  }
  resetPseudoTrainTimes(dataset: string, seed: number | null, estimatedPerEpochTime: number): void {
    for (const trial of this.#chosen(dataset, seed)) trial.resetPseudoTrainTimes(estimatedPerEpochTime);
  }
  resetPseudoEvalTimes(dataset: string, seed: number | null, evalName: string, estimatedPerEpochTime: number): void {
    for (const trial of this.#chosen(dataset, seed)) trial.resetPseudoEvalTimes(evalName, estimatedPerEpochTime);
  }
  #chosen(dataset: string, seed: number | null): ResultsCount[] {
    return seed === null ? this.#trialsOf(dataset) : [this.#trial(dataset, seed)];
  }

  /** Adds a trial. @throws QueryError where there is one with this seed */
  update(dataset: string, seed: number, result: ResultsCount): void {
    this.#datasets ??= this.#source.datasets.map(({ name, seeds }) => ({ name, seeds: Array.from(seeds) }));
    let entry = this.#datasets.findLast((d) => d.name === dataset);
    if (entry?.seeds.includes(seed)) {
      throw new QueryError(
        'BAD_ARGUMENT',
        `architecture ${this.archIndex} has a trial with seed ${seed} on '${dataset}'`,
      );
    }
    if (!entry) {
      entry = { name: dataset, seeds: [] };
      this.#datasets.push(entry);
    }
    entry.seeds.push(seed);
    entry.seeds.sort((a, b) => a - b);
    this.#added = [...(this.#added ?? []), { dataset, seed, result }];
    this.clearNetDone = false;
  }

  clearParams(): void {
    for (const { result } of this.#trials) result.clearParams();
    this.clearNetDone = true;
  }

  /** Prints latency, trials and times of every data set (the reference's `debug_test`). @throws QueryError */
  debugTest(): void {
    for (const dataset of this.getDatasetNames()) {
      console.log(`---->>>> ${dataset}\nThe latency on ${dataset} is ${this.getLatency(dataset)} s`);
      for (const [, result] of this.query(dataset))
        console.log(`  ==>> result = ${result}\n  ==>> cost =`, result.getTimes());
    }
  }

  /** The index in six digits, as in the names of the per-architecture files. */
  archIdxStr(): string {
    return String(this.archIndex).padStart(6, '0');
  }

  /** The lines that the reference prints for these results. */
  show(extraInfo: string | null = null): string[] {
    return informationLines(this, extraInfo, this.#reference);
  }

  /** The record by the reference's attribute names (its `state_dict`). */
  stateDict(): Map<PythonValue, PythonValue> {
    const results = new Map<PythonValue, PythonValue>();
    for (const { dataset, seed, result } of this.#trials) {
      const key = new Tuple();
      key.push(dataset, seed);
      results.set(key, result.stateDict());
    }
    return new Map<PythonValue, PythonValue>([
      ['arch_index', this.archIndex],
      ['arch_str', this.archStr],
      ['all_results', results],
      [
        'dataset_seed',
        new Map((this.#datasets ?? this.#source.datasets).map(({ name, seeds }) => [name, Array.from(seeds)])),
      ],
      ['clear_net_done', this.clearNetDone],
    ]);
  }

  /** From what `stateDict` gives, or a file of it holds (the reference's `create_from_state_dict`). @throws QueryError */
  static createFromStateDict(state: Map<PythonValue, PythonValue>, reference?: Reference): ArchResults {
    const results = state.get('all_results');
    const seeds = state.get('dataset_seed');
    if (!(results instanceof Map) || !(seeds instanceof Map)) {
      throw new QueryError('BAD_VALUE', 'expected a state with all_results and dataset_seed');
    }
    const trials = [...results].map(([key, value]) => {
      if (!(key instanceof Tuple) || !(value instanceof Map)) {
        throw new QueryError('BAD_VALUE', 'expected trials as dicts by (data set, seed)');
      }
      const data = ResultsCount.dataOf(value);
      return { dataset: String(key[0]), seed: Number(key[1]), data };
    });
    const datasets = [...seeds].map(([name, list]) => ({ name: String(name), seeds: (list as number[]).map(Number) }));
    const head = {
      archIndex: Number(state.get('arch_index') ?? -1),
      archStr: String(state.get('arch_str')),
      cleared: state.get('clear_net_done') === true,
      datasets,
    };
    return new ArchResults(resultsOf(head, trials), reference);
  }

  /** The text that the reference prints for an architecture's results. */
  toString(): string {
    const clear = this.clearNetDone ? 'True' : 'False';
    return `ArchResults(arch-index=${this.archIndex}, arch=${this.archStr}, ${this.numTrials} runs, clear=${clear})`;
  }
}
