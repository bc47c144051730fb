import { CURVE_FIELDS, type PythonValue } from '@nas-bench-201/core-native';
import { QueryError } from '../errors.js';
import { unknownSet } from '../names.js';
import { fixed } from '../python-format.js';
import { AVERAGING, type Reference } from './averaging.js';
import { type Curves, checkEpoch, emptyField, type Field, type Measured, Series } from './series.js';
import { meanLatencyOf, PlainTrial, type TrialData } from './trial-data.js';

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

/** The curve of a metric on a set, in the order of `CURVE_FIELDS`. */
export function curveField(metric: CurveMetric, set: string): number {
  return CURVE_FIELDS.indexOf(fieldOf(metric, set));
}

function fieldOf(metric: CurveMetric, set: string): keyof Curves {
  return set === 'train' ? TRAIN_FIELDS[metric] : (EVAL_FIELDS[metric as keyof typeof EVAL_FIELDS] ?? 'train_acc5es');
}

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
  #latency: readonly number[] | null | undefined;
  #evalNames: string[] | undefined;
  #netStateDict: PythonValue | undefined;
  #weightsCleared = false;

  readonly #reference: Reference;

  constructor(data: TrialData, reference: Reference = 'nas-bench-201') {
    this.#data = data;
    this.#reference = reference;
  }

  /** A trial from its parts: the reference's constructor. Evaluation results are added by `updateEval`. */
  static create(parts: {
    name: string;
    stateDict?: PythonValue;
    trainAccs: ReadonlyMap<number, number>;
    trainLosses: ReadonlyMap<number, number>;
    /** Millions. */
    params: number;
    /** Millions. */
    flop: number;
    archConfig: ReadonlyMap<PythonValue, PythonValue>;
    seed: PythonValue;
    epochs: number;
    /** Seconds for a batch of 256. */
    latency: readonly number[] | null;
  }): ResultsCount {
    return ResultsCount.createFromStateDict(
      new Map<PythonValue, PythonValue>([
        ['name', parts.name],
        ['net_state_dict', parts.stateDict ?? null],
        ['train_acc1es', new Map(parts.trainAccs)],
        ['train_acc5es', null],
        ['train_losses', new Map(parts.trainLosses)],
        ['train_times', null],
        ['arch_config', new Map(parts.archConfig)],
        ['params', parts.params],
        ['flop', parts.flop],
        ['seed', parts.seed],
        ['epochs', parts.epochs],
        ['latency', parts.latency && [...parts.latency]],
        ['eval_names', []],
        ['eval_acc1es', new Map()],
        ['eval_times', new Map()],
        ['eval_losses', new Map()],
      ]),
    );
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
    return this.#latency === undefined ? this.#data.latency : this.#latency;
  }
  get archConfig(): Map<PythonValue, PythonValue> {
    return this.#data.attributes().get('arch_config') as Map<PythonValue, PythonValue>;
  }
  get evalNames(): readonly string[] {
    return this.#evalNames ?? this.#data.evalNames;
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
    const field = this.#field(fieldOf(metric, set));
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
    return this.#latency === undefined ? this.#data.meanLatency : meanLatencyOf(this.#latency);
  }

  /** Replaces what was measured on the training images, by epoch; null for what was not recorded. */
  updateTrainInfo(
    trainAcc1es: ReadonlyMap<number, number>,
    trainAcc5es: ReadonlyMap<number, number> | null,
    trainLosses: ReadonlyMap<number, number>,
    trainTimes: ReadonlyMap<number, number> | null,
  ): void {
    const field = (values: ReadonlyMap<number, number> | null): Field =>
      values ? { state: 'dict', series: new Map([['', this.#series(values)]]) } : emptyField('none');
    this.#changed.train_acc1es = field(trainAcc1es);
    this.#changed.train_acc5es = field(trainAcc5es);
    this.#changed.train_losses = field(trainLosses);
    this.#changed.train_times = field(trainTimes);
  }

  /** Forgets all evaluation results. */
  resetEval(): void {
    this.#evalNames = [];
    for (const name of ['eval_acc1es', 'eval_losses', 'eval_times'] as const) this.#changed[name] = emptyField('empty');
  }

  /**
   * Adds the sets that `accs` has, by 'set@epoch'. Every epoch must be in all three.
   * @throws QueryError for a set that is there already, or an epoch that is missing
   */
  updateEval(
    accs: ReadonlyMap<string, number>,
    losses: ReadonlyMap<string, number>,
    times: ReadonlyMap<string, number>,
  ): void {
    for (const name of new Set([...accs.keys()].map((key) => key.split('@')[0]!))) {
      const of = (values: ReadonlyMap<string, number>) =>
        new Map(
          Array.from({ length: this.epochs }, (_, epoch) => {
            const value = values.get(`${name}@${epoch}`);
            if (value === undefined) throw new QueryError('UNKNOWN_EPOCH', `expected a value of ${name}@${epoch}`);
            return [epoch, value] as const;
          }),
        );
      this.#addSet(name, of(accs), of(losses), of(times));
    }
  }

  /** Adds a set whose results are known at some epochs, without times (the reference's `update_OLD_eval`). @throws QueryError */
  updateOldEval(name: string, accs: ReadonlyMap<number, number>, losses: ReadonlyMap<number, number>): void {
    this.#addSet(name, accs, losses);
  }

  #addSet(
    name: string,
    accs: ReadonlyMap<number, number>,
    losses: ReadonlyMap<number, number>,
    times?: ReadonlyMap<number, number>,
  ): void {
    if (this.evalNames.includes(name)) throw new QueryError('BAD_ARGUMENT', `the set '${name}' has results already`);
    this.#evalNames = [...this.evalNames, name];
    const add = (field: 'eval_acc1es' | 'eval_losses' | 'eval_times', values: ReadonlyMap<number, number>) => {
      const series = new Map(this.#field(field).series).set(name, this.#series(values));
      this.#changed[field] = { state: 'dict', series };
    };
    add('eval_acc1es', accs);
    add('eval_losses', losses);
    if (times) add('eval_times', times);
  }

  #series(values: ReadonlyMap<number, number>): Series {
    return Series.from(
      [...values].map(([epoch, value]) => [epoch, { value, single: false }] as const),
      this.epochs,
    );
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

  /** @internal Whether there are a loss and an accuracy on an evaluation set after an epoch, by default the last. */
  isEvaluated(set: string, iepoch?: number | null): boolean {
    const epoch = iepoch ?? this.epochs - 1;
    const has = (name: keyof Curves) => this.#field(name).series.get(set)?.has(epoch) === true;
    return has('eval_losses') && has('eval_acc1es');
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

  /**
   * The trained weights: a state dict, a `Tensor` by name in the file's order, or null after `clearParams`. Tensors are
   * read when their `data` is asked for.
   * @throws QueryError `NO_WEIGHTS` where the file has had them cleared; it says which archive has them
   */
  getNetParam(): PythonValue {
    return this.#weightsCleared ? null : (this.#netStateDict ?? this.#data.weights());
  }

  clearParams(): void {
    this.#weightsCleared = true;
  }

  /** How to build the network that was trained. */
  getConfig(): NetworkConfig;
  /** The same with the architecture as `str2structure` makes it of its string. */
  getConfig<T>(str2structure: (text: string) => T): Record<string, string | number | T>;
  getConfig<T>(str2structure?: ((text: string) => T) | null): NetworkConfig | Record<string, string | number | T> {
    const config = this.#config();
    if (!str2structure) return config;
    const { genotype, arch_str, ...rest } = { genotype: '', arch_str: '', ...config };
    return { ...rest, genotype: str2structure(genotype || arch_str) };
  }

  #config(): NetworkConfig {
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
    if (this.#latency !== undefined) out.set('latency', this.#latency && [...this.#latency]);
    if (this.#weightsCleared) out.set('net_state_dict', null);
    const changed: [keyof Curves, () => Map<PythonValue, PythonValue> | null][] = [
      ['train_acc1es', () => this.trainAcc1es],
      ['train_acc5es', () => this.trainAcc5es],
      ['train_losses', () => this.trainLosses],
      ['train_times', () => this.trainTimes],
      ['eval_acc1es', () => this.evalAcc1es],
      ['eval_losses', () => this.evalLosses],
      ['eval_times', () => this.evalTimes],
    ];
    for (const [name, value] of changed) if (this.#changed[name]) out.set(name, value());
    if (this.#evalNames) out.set('eval_names', [...this.#evalNames]);
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
    cur_time: epoch.cur_time?.value ?? null,
    all_time: epoch.all_time?.value ?? null,
  };
}
