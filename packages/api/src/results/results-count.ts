import type { PythonValue } from '@nas-bench-201/core-native';
import { QueryError } from '../errors.js';
import { unknownSet } from '../names.js';
import { fixed } from '../python-format.js';
import { AVERAGING, type Reference } from './averaging.js';
import { type Curves, checkEpoch, type Field, type Measured, Series } from './series.js';
import { PlainTrial, type TrialData } from './trial-data.js';

/** What was measured after one epoch. */
export interface EpochInfo {
  /** The epoch, from 0. */
  iepoch: number;
  loss: number;
  /** Top-1, in per cent. */
  accuracy: number;
  /** Seconds for this epoch; null where times were not recorded. */
  cur_time: number | null;
  /** Seconds for epochs 0 to `iepoch`; null where times were not recorded. */
  all_time: number | null;
}

/** Mean and total seconds of training and of each evaluation set; null where they were not recorded. */
export type TimeInfo = { [T in `T-${string}@epoch` | `T-${string}@total`]: number | null };

/** How to build the network (nas_201_api's `get_config`). */
export type NetworkConfig =
  | { name: 'infer.tiny'; C: number; N: number; arch_str: string; num_classes: number }
  | { name: 'infer.shape.tiny'; channels: string; genotype: string; num_classes: number };

/** The curves of a trial that can be asked for as a whole. */
export type CurveMetric = 'accuracy' | 'top5' | 'loss' | 'time';

const TRAIN_FIELDS: Record<CurveMetric, keyof Curves> = {
  accuracy: 'train_acc1es',
  top5: 'train_acc5es',
  loss: 'train_losses',
  time: 'train_times',
};
const EVAL_FIELDS: Record<Exclude<CurveMetric, 'top5'>, keyof Curves> = {
  accuracy: 'eval_acc1es',
  loss: 'eval_losses',
  time: 'eval_times',
};

/** An epoch's numbers with what NumPy needs to know of them. For ArchResults, which averages. */
export interface MeasuredEpoch {
  iepoch: Measured;
  loss: Measured;
  accuracy: Measured;
  cur_time: Measured | null;
  all_time: Measured | null;
}

const plain = (value: number): Measured => ({ value, single: false });

function asMap(series: Series | undefined): Map<number, number> {
  return new Map(series?.entries() ?? []);
}

/**
 * One trial: an architecture trained once, on one data set with one seed (nas_201_api's `ResultsCount`). It is a copy:
 * what is reset here changes no answer of the API that it came from.
 */
export class ResultsCount {
  readonly #data: TrialData;
  readonly #changed: Partial<Curves> = {};
  #latency: readonly number[] | null;
  #evalNames: string[] | undefined;
  #netStateDict: PythonValue | undefined;
  #weightsCleared = false;

  readonly #reference: Reference;

  constructor(data: TrialData, reference: Reference = 'nas-bench-201') {
    this.#data = data;
    this.#reference = reference;
    this.#latency = data.latency;
  }

  /** From what `stateDict` gives (the reference's `create_from_state_dict`). */
  static createFromStateDict(stateDict: Map<PythonValue, PythonValue>): ResultsCount {
    return new ResultsCount(ResultsCount.dataOf(stateDict));
  }

  /** @internal */
  static dataOf(stateDict: Map<PythonValue, PythonValue>): TrialData {
    return new PlainTrial(stateDict);
  }

  /** The data set's name. */
  get name(): string {
    return String(this.#data.attributes().get('name'));
  }
  /** The seed as the record writes it: '0777'. */
  get seed(): PythonValue {
    return this.#data.attributes().get('seed') ?? null;
  }
  get epochs(): number {
    return this.#data.epochs;
  }
  /** FLOPs of one image, in millions. */
  get flop(): number {
    return this.#data.flop;
  }
  /** Parameters, in millions. */
  get params(): number {
    return this.#data.params;
  }
  /** Measured seconds for a batch of 256. */
  get latency(): readonly number[] | null {
    return this.#latency;
  }
  get archConfig(): Map<PythonValue, PythonValue> {
    return this.#data.attributes().get('arch_config') as Map<PythonValue, PythonValue>;
  }
  get evalNames(): readonly string[] {
    this.#evalNames ??= ((this.#data.attributes().get('eval_names') as PythonValue[] | undefined) ?? []).map(String);
    return this.#evalNames;
  }

  #field(name: keyof Curves): Field {
    return this.#changed[name] ?? this.#data.curves()[name];
  }

  /** Top-1 accuracy on the training images, in per cent, by epoch. */
  get trainAcc1es(): Map<number, number> {
    return asMap(this.#field('train_acc1es').series.get(''));
  }
  /** Top-5 accuracy on the training images, in per cent, by epoch; null where it was not recorded. */
  get trainAcc5es(): Map<number, number> | null {
    const field = this.#field('train_acc5es');
    return field.state === 'none' || field.state === 'missing' ? null : asMap(field.series.get(''));
  }
  get trainLosses(): Map<number, number> {
    return asMap(this.#field('train_losses').series.get(''));
  }
  /** Seconds of training by epoch; null where times were not recorded. */
  get trainTimes(): Map<number, number> | null {
    const field = this.#field('train_times');
    return field.state === 'none' || field.state === 'missing' ? null : asMap(field.series.get(''));
  }
  /** Top-1 accuracy, in per cent, by 'set@epoch'. */
  get evalAcc1es(): Map<string, number> {
    return this.#bySetAndEpoch('eval_acc1es');
  }
  get evalLosses(): Map<string, number> {
    return this.#bySetAndEpoch('eval_losses');
  }
  /** Seconds of evaluation by 'set@epoch'; empty where times were not recorded. */
  get evalTimes(): Map<string, number> {
    return this.#bySetAndEpoch('eval_times');
  }

  #bySetAndEpoch(name: 'eval_acc1es' | 'eval_losses' | 'eval_times'): Map<string, number> {
    const out = new Map<string, number>();
    for (const [set, series] of this.#field(name).series) {
      for (const [epoch, value] of series.entries()) out.set(`${set}@${epoch}`, value);
    }
    return out;
  }

  /**
   * A whole curve: one number an epoch, NaN where an epoch is missing. `top5` is there for training alone.
   * @throws QueryError where the trial has no such curve
   */
  curve(metric: CurveMetric, set = 'train'): Float64Array {
    const field = this.#field(
      set === 'train' ? TRAIN_FIELDS[metric] : (EVAL_FIELDS[metric as keyof typeof EVAL_FIELDS] ?? 'train_acc5es'),
    );
    const series = field.series.get(set === 'train' ? '' : set);
    if (!series) {
      if (metric === 'time' && field.state !== 'dict')
        throw new QueryError('NO_TIMES', `this trial has no times on '${set}'`);
      throw unknownSet(this.name, set, ['train', ...this.#field('eval_acc1es').series.keys()]);
    }
    return series.complete ? series.values.slice() : series.values.map((v, e) => (series.has(e) ? v : Number.NaN));
  }

  /** Seconds for a batch of 256, the mean of what was measured; -1 where nothing was. */
  getLatency(): number {
    if (this.#latency === null) return -1;
    let total = 0;
    for (const seconds of this.#latency) total += seconds;
    return total / this.#latency.length;
  }

  updateLatency(latency: readonly number[]): void {
    this.#latency = [...latency];
  }

  getTotalEpoch(): number {
    return this.epochs;
  }

  getEvalSet(): string[] {
    return [...this.evalNames];
  }

  /** Mean and total seconds of training and of each evaluation set (`get_times`). */
  getTimes(): TimeInfo {
    const { mean, sum } = AVERAGING[this.#reference];
    const out: TimeInfo = {};
    const training = this.#field('train_times');
    const times = training.state === 'dict' || training.state === 'empty' ? training.series.get('')?.all() : undefined;
    out['T-train@epoch'] = times ? mean(times) : null;
    out['T-train@total'] = times ? sum(times) : null;
    for (const name of this.evalNames) {
      const series = this.#field('eval_times').series.get(name);
      const known = series?.complete ? series.values : undefined;
      out[`T-${name}@epoch`] = known ? mean(known) : null;
      out[`T-${name}@total`] = known ? sum(known) : null;
    }
    return out;
  }

  /** What was measured on the training images after an epoch, by default the last. @throws QueryError */
  getTrain(iepoch?: number | null): EpochInfo {
    return unwrap(this.measuredTrain(iepoch));
  }

  /** What was measured on an evaluation set after an epoch, by default the last. @throws QueryError */
  getEval(name: string, iepoch?: number | null): EpochInfo {
    return unwrap(this.measuredEval(name, iepoch));
  }

  /** @internal */
  measuredTrain(iepoch?: number | null): MeasuredEpoch {
    const epoch = iepoch ?? this.epochs - 1;
    checkEpoch(epoch, this.epochs);
    const times = this.#field('train_times');
    const time = times.series.get('');
    const known = times.state === 'dict' || times.state === 'empty';
    return this.#epoch(epoch, 'train', 'train_losses', 'train_acc1es', '', known, time);
  }

  /** @internal */
  measuredEval(name: string, iepoch?: number | null): MeasuredEpoch {
    const epoch = iepoch ?? this.epochs - 1;
    checkEpoch(epoch, this.epochs);
    const set = name === 'valid' ? 'x-valid' : name;
    const times = this.#field('eval_times');
    return this.#epoch(epoch, set, 'eval_losses', 'eval_acc1es', set, times.state === 'dict', times.series.get(set));
  }

  #epoch(
    epoch: number,
    set: string,
    losses: keyof Curves,
    accuracies: keyof Curves,
    key: string,
    timed: boolean,
    times: Series | undefined,
  ): MeasuredEpoch {
    const loss = this.#field(losses).series.get(key)?.at(epoch);
    const accuracy = this.#field(accuracies).series.get(key)?.at(epoch);
    const time = timed ? times?.at(epoch) : null;
    const all = timed ? times?.sumTo(epoch) : null;
    if (!loss || !accuracy || time === undefined || all === undefined) {
      const sets = this.#field('eval_acc1es').series;
      if (set !== 'train' && !sets.has(key)) throw unknownSet(this.name, set, ['train', ...sets.keys()]);
      throw new QueryError('UNKNOWN_EPOCH', `'${set}' of '${this.name}' was not recorded at epoch ${epoch}`);
    }
    return {
      iepoch: plain(epoch),
      loss,
      accuracy,
      cur_time: time,
      all_time: all === null ? null : plain(all),
    };
  }

  /** The trained weights: a state dict, or null where the file has them no more. */
  getNetParam(): PythonValue {
    return this.#weightsCleared ? null : (this.#netStateDict ?? this.#data.attributes().get('net_state_dict') ?? null);
  }

  clearParams(): void {
    this.#weightsCleared = true;
  }

  /** How to build the network that was trained. */
  getConfig(): NetworkConfig {
    const config = this.archConfig;
    const text = (key: string) => String(config.get(key));
    const number = (key: string) => Number(config.get(key));
    if (config.get('name') === 'infer.shape.tiny') {
      return {
        name: 'infer.shape.tiny',
        channels: text('channels'),
        genotype: text('genotype'),
        num_classes: number('class_num'),
      };
    }
    return {
      name: 'infer.tiny',
      C: number('channel'),
      N: number('num_cells'),
      arch_str: text('arch_str'),
      num_classes: number('class_num'),
    };
  }

  /** Pretends that training took this many seconds in every epoch. */
  resetPseudoTrainTimes(estimatedPerEpochTime: number): void {
    this.#changed.train_times = {
      state: 'dict',
      series: new Map([['', Series.constant(estimatedPerEpochTime, this.epochs)]]),
    };
  }

  /** Pretends that evaluation took this many seconds in every epoch. @throws QueryError for a set that it has not */
  resetPseudoEvalTimes(evalName: string, estimatedPerEpochTime: number): void {
    if (!this.evalNames.includes(evalName)) throw unknownSet(this.name, evalName, this.evalNames);
    const series = new Map(this.#field('eval_times').series);
    series.set(evalName, Series.constant(estimatedPerEpochTime, this.epochs));
    this.#changed.eval_times = { state: 'dict', series };
  }

  /** The record by the reference's attribute names, as the file has it (the reference's `state_dict`). */
  stateDict(): Map<PythonValue, PythonValue> {
    const out = new Map(this.#data.attributes());
    if (this.#latency !== this.#data.latency) out.set('latency', this.#latency && [...this.#latency]);
    if (this.#weightsCleared) out.set('net_state_dict', null);
    if (this.#changed.train_times) out.set('train_times', new Map(this.trainTimes));
    if (this.#changed.eval_times) out.set('eval_times', new Map(this.evalTimes));
    return out;
  }

  /** The text that the reference prints for a trial. */
  toString(): string {
    const sets = `[${this.evalNames.join(', ')}]`;
    const arch = String(this.archConfig.get('arch_str') ?? null);
    return (
      `ResultsCount(${this.name}, arch=${arch}, FLOP=${fixed(this.flop, 2)}M, Param=${fixed(this.params, 3)}MB, ` +
      `seed=${String(this.seed)}, ${this.evalNames.length} eval-sets: ${sets})`
    );
  }
}

function unwrap(epoch: MeasuredEpoch): EpochInfo {
  return {
    iepoch: epoch.iepoch.value,
    loss: epoch.loss.value,
    accuracy: epoch.accuracy.value,
    cur_time: epoch.cur_time && epoch.cur_time.value,
    all_time: epoch.all_time && epoch.all_time.value,
  };
}
