import { CURVE_FIELDS, FIELD_STATE, NDArray, PRESENCE, type PythonValue } from '@nas-bench-201/core-native';
import type { Reference } from '../results/averaging.js';

/** One curve of a trial: one number an epoch. */
export interface CurveRecord {
  /** Its place in `CURVE_FIELDS`. */
  field: number;
  /** The evaluation set; empty for training. */
  set: string;
  values: Float64Array;
  /** For each epoch 0 (missing), 1 (there) or 2 (there, as a 32-bit float); absent where all are 1. */
  presence?: Uint8Array | undefined;
  /** All numbers in the order of the record's dict, where that is not the order of the epochs. */
  inOrder?: Float64Array | undefined;
}

/** All numbers of one trial. */
export interface TrialRecord {
  dataset: string;
  seed: number;
  epochs: number;
  /** Millions; NaN where the record has none. */
  flop: number;
  /** Millions; NaN where the record has none. */
  params: number;
  /** Seconds for a batch of 256; null where it is None, undefined where there is no such attribute. */
  latency: Float64Array | null | undefined;
  /** One a field, in the order of `CURVE_FIELDS`. */
  fields: ArrayLike<number>;
  /** By field, the sets in the dict's order. */
  curves: readonly CurveRecord[];
  /** The other attributes by the reference's names (name, seed, arch_config, eval_names …); weights are never here. */
  attributes: ReadonlyMap<string, PythonValue>;
}

/** The trials of an architecture with one set of hyper-parameters. */
export interface StateRecord {
  /** '12', '200'; '01', '12', '90' in the size space. */
  hp: string;
  archIndex: number;
  archStr: string;
  /** Whether the weights were cleared. */
  cleared: boolean;
  /** `dataset_seed`, in its order. */
  datasets: readonly { name: string; seeds: ArrayLike<number> }[];
  trials: readonly TrialRecord[];
}

/** Everything that is known of one architecture. */
export interface ArchitectureRecord {
  index: number;
  states: readonly StateRecord[];
}

/** A benchmark's records, wherever they are kept: what `NASBench201API` answers from when the file is no pickle. */
export interface RecordStore {
  readonly metaArchs: readonly string[];
  /** In the order of the file that the records came from. */
  readonly evaluated: readonly number[];
  readonly reference: Reference;
  /** The architectures that there are records of, ascending. */
  readonly indexes: readonly number[];
  /** @throws ReadError */
  record(index: number): ArchitectureRecord | undefined;
  close(): void;
}

/** Attributes of a trial that a `TrialRecord` has by other names, or not at all. */
export const RECORDED_ATTRIBUTES: ReadonlySet<string> = new Set([
  ...CURVE_FIELDS,
  'epochs',
  'flop',
  'params',
  'latency',
  'net_state_dict',
]);

/** A 32-bit float as a value: NumPy's means of such are rounded to 32 bits, so they must stay what they are. */
export function singleFloat(value: number): NDArray {
  return new NDArray('<f4', [], false, new Uint8Array(Float32Array.of(value).buffer));
}

function measuredValue(value: number, presence: number | undefined): PythonValue {
  return presence === PRESENCE.single ? singleFloat(value) : value;
}

/** The epochs of a curve in the order of the dict that it came from. */
export function epochOrder({ values, presence, inOrder }: CurveRecord): number[] {
  const there = Array.from(values.keys()).filter((epoch) => presence?.[epoch] !== PRESENCE.missing);
  if (!inOrder) return there;
  // Any epoch that has the number will do: numbers that are alike cannot be told apart afterwards either.
  const waiting = new Map<number, number[]>();
  for (const epoch of there) {
    const same = waiting.get(values[epoch]!);
    if (same) same.push(epoch);
    else waiting.set(values[epoch]!, [epoch]);
  }
  let beyond = values.length;
  return Array.from(inOrder, (value) => waiting.get(value)?.shift() ?? beyond++);
}

function fieldValue(trial: TrialRecord, field: number): PythonValue {
  const dict = new Map<PythonValue, PythonValue>();
  for (const curve of trial.curves) {
    if (curve.field !== field) continue;
    const key = (epoch: number) => (curve.set === '' ? epoch : `${curve.set}@${epoch}`);
    epochOrder(curve).forEach((epoch, i) => {
      const value = curve.inOrder ? curve.inOrder[i]! : curve.values[epoch]!;
      dict.set(key(epoch), measuredValue(value, curve.presence?.[epoch]));
    });
  }
  return dict;
}

/** The trial as plain values by the reference's names (its `state_dict`), without weights. */
export function trialValue(trial: TrialRecord): Map<PythonValue, PythonValue> {
  const out = new Map<PythonValue, PythonValue>(trial.attributes);
  out.set('net_state_dict', null);
  out.set('epochs', trial.epochs);
  if (!Number.isNaN(trial.flop)) out.set('flop', trial.flop);
  if (!Number.isNaN(trial.params)) out.set('params', trial.params);
  if (trial.latency !== undefined) out.set('latency', trial.latency && Array.from(trial.latency));
  CURVE_FIELDS.forEach((name, field) => {
    const state = trial.fields[field];
    if (state) out.set(name, state === FIELD_STATE.none ? null : fieldValue(trial, field));
  });
  return out;
}
