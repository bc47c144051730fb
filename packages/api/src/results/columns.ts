import { type ColumnRequest, type NativeColumn, PRESENCE } from '@nas-bench-201/core-native';
import { type Dataset, EPOCHS_OF_HP, type HpName, type HpOption, type SetOf } from '../names.js';
import { meanOfMeasured, type Reference } from './averaging.js';
import type { ResultsCount } from './results-count.js';

/** A number that every architecture has. `per-time` and `all-time` as in `MoreInfo`; costs as in `ComputeCosts`. */
export type ColumnMetric = 'accuracy' | 'loss' | 'per-time' | 'all-time' | 'flops' | 'params' | 'latency';

export interface ColumnOptions<D extends Dataset> extends HpOption {
  metric: ColumnMetric;
  /** Of accuracy, loss and times. */
  set?: SetOf<D> | undefined;
  /** The epoch, from 0. Default: the last. */
  iepoch?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** One number of every trial of every architecture. */
export interface TrialColumn {
  /** The trials of architecture i stand from starts[i] to before starts[i + 1], in the order of the file's seeds. */
  starts: Uint32Array;
  /** NaN where the file has none. */
  values: Float64Array;
}

/** The count of an architecture that has no record. */
const NO_RECORD = 255;

const COLUMN_FIELDS: Record<ColumnMetric, (training: boolean) => ColumnRequest['field']> = {
  accuracy: (training) => (training ? 'train_acc1es' : 'eval_acc1es'),
  loss: (training) => (training ? 'train_losses' : 'eval_losses'),
  'per-time': (training) => (training ? 'train_times' : 'eval_times'),
  'all-time': (training) => (training ? 'train_times' : 'eval_times'),
  flops: () => 'flop',
  params: () => 'params',
  latency: () => 'latency',
};

type Request = Omit<ColumnOptions<Dataset>, keyof HpOption | 'signal'>;

export function columnRequest(dataset: Dataset, hp: HpName, options: Request): ColumnRequest {
  const { metric, set = 'train', iepoch } = options;
  return {
    hp,
    dataset,
    field: COLUMN_FIELDS[metric](set === 'train'),
    set: set === 'train' ? '' : set,
    epoch: iepoch ?? -1,
    cumulative: metric === 'per-time' || metric === 'all-time',
  };
}

/** Where each architecture's trials stand in a column's values, and where they end. */
function startsOf({ counts }: NativeColumn): Uint32Array {
  const starts = new Uint32Array(counts.length + 1);
  for (let i = 0; i < counts.length; i++) starts[i + 1] = starts[i]! + (counts[i] === NO_RECORD ? 0 : counts[i]!);
  return starts;
}

/** How many epochs there were by then. */
export function epochsBy(hp: HpName, iepoch: number | undefined): number {
  return iepoch === undefined ? EPOCHS_OF_HP[hp] : iepoch + 1;
}

export function trialColumnOf(
  column: NativeColumn,
  hp: HpName,
  { metric, iepoch }: ColumnOptions<Dataset>,
): TrialColumn {
  const divisor = metric === 'per-time' ? epochsBy(hp, iepoch) : 1;
  const known = (value: number, trial: number) =>
    column.presence[trial] === PRESENCE.missing ? Number.NaN : value / divisor;
  return { starts: startsOf(column), values: column.values.map(known) };
}

/** The mean over each architecture's trials; NaN where it has none, or one of them has not this number. */
export function meansOf(
  column: NativeColumn,
  metric: ColumnMetric,
  epochs: number,
  reference: Reference,
): Float64Array {
  const { counts, values, presence } = column;
  const out = new Float64Array(counts.length).fill(Number.NaN);
  const trials: number[] = [];
  let at = 0;
  for (let index = 0; index < counts.length; index++) {
    const count = counts[index]!;
    if (count === NO_RECORD) continue;
    trials.length = 0;
    let [missing, singles] = [false, true];
    for (const end = at + count; at < end; at++) {
      const is = presence[at];
      if (is === PRESENCE.missing) missing = true;
      // A latency that was not measured is no latency of 0.
      if (metric === 'latency' && !(values[at]! > 0)) continue;
      if (is !== PRESENCE.single) singles = false;
      trials.push(values[at]!);
    }
    if (missing || trials.length === 0) continue;
    const mean = meanOfMeasured(trials, singles, reference);
    out[index] = metric === 'per-time' ? mean / epochs : mean;
  }
  return out;
}

/** A trial's number; NaN where its times were not recorded. @throws QueryError where it has no such set or epoch */
export function numberOfTrial(trial: ResultsCount, { metric, set = 'train', iepoch }: Request): number {
  if (metric === 'flops') return trial.flop;
  if (metric === 'params') return trial.params;
  if (metric === 'latency') return trial.getLatency();
  const info = set === 'train' ? trial.getTrain(iepoch) : trial.getEval(set, iepoch);
  if (metric === 'accuracy' || metric === 'loss') return info[metric];
  const seconds = info.all_time ?? Number.NaN;
  return metric === 'all-time' ? seconds : seconds / (info.iepoch + 1);
}
