import {
  CURVE_FIELDS,
  type CurveRecord,
  FIELD_STATE,
  type PythonValue,
  type StateRecord,
  type TrialRecord,
} from 'nas-bench-201';
import { valueJson } from '../benchmark/attributes.js';
import { decodeJson } from '../json/decode.js';
import { CURVE_COLUMNS } from './columns.js';

/**
 * What a row of the table of trials has no column for, so that the table still holds everything:
 * - `fields`: what the record has under the seven names of curves, where the columns do not tell it: 0 no such
 *   attribute, 1 None, 2 an empty dict, 3 a dict
 * - `no_latency`: the record has no such attribute
 * - `single`: epochs whose number is a 32-bit float, by column
 * - `in_order`: all numbers of a curve in the order of the record's dict, where that is not the order of the epochs
 * - `curves`: those of sets without columns, as [field, set, numbers, presence]
 * - `arch_index`, `dataset_seed`: the record's own, where they are not what the rows say; in the first row of a record
 */
export interface Extra {
  fields?: number[];
  no_latency?: true;
  single?: Record<string, number[]>;
  in_order?: Record<string, number[]>;
  curves?: [field: number, set: string, values: number[], presence: number[] | null][];
  arch_index?: number;
  dataset_seed?: [string, number[]][];
}

const training = (field: number) => CURVE_FIELDS[field]!.startsWith('train');

/** The states of the fields as the columns tell them: for training no list is None, for evaluation an empty dict. */
function toldFields(curves: readonly CurveRecord[]): number[] {
  return CURVE_FIELDS.map((_, field) => {
    if (curves.some((curve) => curve.field === field)) return FIELD_STATE.dict;
    return training(field) ? FIELD_STATE.none : FIELD_STATE.empty;
  });
}

/** `dataset_seed` as the rows tell it: data sets as they come first, seeds ascending. */
function toldSeeds(trials: readonly { dataset: string; seed: number }[]): [string, number[]][] {
  const seeds = new Map<string, number[]>();
  for (const { dataset, seed } of trials) seeds.set(dataset, [...(seeds.get(dataset) ?? []), seed]);
  return [...seeds].map(([name, list]) => [name, list.sort((a, b) => a - b)]);
}

const columnOf = ({ field, set }: CurveRecord) => CURVE_COLUMNS.find((c) => c.field === field && c.set === set);

/** The JSON of what a row does not say otherwise; null where that is nothing. */
export function extraJson(index: number, state: StateRecord, trial: TrialRecord): string | null {
  const extra: Extra = {};
  const told = toldFields(trial.curves);
  if (told.some((field, i) => field !== trial.fields[i])) extra.fields = Array.from(trial.fields);
  if (trial.latency === undefined) extra.no_latency = true;
  for (const curve of trial.curves) {
    const { field, set, values, presence, inOrder } = curve;
    const column = columnOf(curve);
    if (!column) {
      extra.curves ??= [];
      extra.curves.push([field, set, Array.from(values), presence ? Array.from(presence) : null]);
    } else if (presence?.includes(2)) {
      extra.single ??= {};
      extra.single[column.name] = [...presence.keys()].filter((epoch) => presence[epoch] === 2);
    }
    if (column && inOrder) {
      extra.in_order ??= {};
      extra.in_order[column.name] = Array.from(inOrder);
    }
  }
  if (trial === state.trials[0]) {
    if (state.archIndex !== index) extra.arch_index = state.archIndex;
    const seeds = state.datasets.map(({ name, seeds }): [string, number[]] => [name, Array.from(seeds)]);
    if (JSON.stringify(seeds) !== JSON.stringify(toldSeeds(state.trials))) extra.dataset_seed = seeds;
  }
  if (Object.keys(extra).length === 0) return null;
  return valueJson(toValue(extra));
}

/** Plain data as what `valueJson` writes. */
function toValue(data: unknown): PythonValue {
  if (Array.isArray(data)) return data.map(toValue);
  if (typeof data !== 'object' || data === null) return data as PythonValue;
  return new Map(Object.entries(data).map(([name, item]) => [name, toValue(item)]));
}

function fromValue(value: PythonValue): unknown {
  if (Array.isArray(value)) return value.map(fromValue);
  return value instanceof Map ? Object.fromEntries([...value].map(([name, item]) => [name, fromValue(item)])) : value;
}

/** What `extraJson` wrote. @throws SyntaxError */
export function parseExtra(text: string | null | undefined): Extra {
  return text ? (fromValue(decodeJson(JSON.parse(text))) as Extra) : {};
}

/** A trial's curves with what `extra` says of them. */
export function withExtra(curves: readonly CurveRecord[], extra: Extra): CurveRecord[] {
  const out = curves.map((curve): CurveRecord => {
    const name = columnOf(curve)!.name;
    const single = extra.single?.[name];
    const inOrder = extra.in_order?.[name];
    let presence = curve.presence;
    if (single) {
      presence = presence ?? new Uint8Array(curve.values.length).fill(1);
      for (const epoch of single) presence[epoch] = 2;
    }
    return { ...curve, presence, inOrder: inOrder && Float64Array.from(inOrder) };
  });
  for (const [field, set, values, presence] of extra.curves ?? []) {
    out.push({
      field,
      set,
      values: Float64Array.from(values),
      presence: presence ? Uint8Array.from(presence) : undefined,
    });
  }
  return out.sort((a, b) => a.field - b.field);
}

/** What a trial's fields are, from its curves where `extra` does not say it. */
export const fieldsOf = (curves: readonly CurveRecord[], extra: Extra): number[] => extra.fields ?? toldFields(curves);

/** `dataset_seed` of the trials of a record, where `extra` of the first does not say it. */
export function seedsOf(trials: readonly TrialRecord[], extra: Extra): { name: string; seeds: number[] }[] {
  return (extra.dataset_seed ?? toldSeeds(trials)).map(([name, seeds]) => ({ name, seeds }));
}
