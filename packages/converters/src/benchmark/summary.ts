import {
  type ArchitectureRecord,
  CURVE_FIELDS,
  type CurveRecord,
  DATASETS,
  type Dataset,
  type HpName,
  meanOf,
  meanOverTrials,
  type NASBench201API,
  type Reference,
  type TrialRecord,
} from 'nas-bench-201';
import type { BenchmarkHeader } from './source.js';

/** What a column of the summary holds. */
type SummaryType = 'integer' | 'number' | 'text';
export interface SummaryColumn {
  name: string;
  type: SummaryType;
  /** For people. */
  about: string;
}

/** The sets that there are columns of, as the columns are named and as the records name them. */
export const SUMMARY_SETS = [
  ['train', ''],
  ['x_valid', 'x-valid'],
  ['x_test', 'x-test'],
  ['ori_test', 'ori-test'],
] as const;

const SET_NAMES: Record<string, string> = { train: 'the training images' };
const ofSet = (column: string, set: string) => SET_NAMES[column] ?? `the set ${set}`;

/** One row an architecture, set of hyper-parameters and data set. Means over its trials, after the last epoch. */
export const SUMMARY_COLUMNS: readonly SummaryColumn[] = [
  { name: 'index', type: 'integer', about: "the architecture's index" },
  { name: 'architecture', type: 'text', about: "the architecture's string" },
  {
    name: 'hp',
    type: 'text',
    about: 'hyper-parameters by their number of epochs: 12, 200; 01, 12, 90 in the size space',
  },
  { name: 'dataset', type: 'text', about: 'what it was trained on' },
  { name: 'trials', type: 'integer', about: 'how many trials the means are over' },
  { name: 'epoch', type: 'integer', about: 'the epoch after which it was measured, from 0' },
  { name: 'flops', type: 'number', about: 'FLOPs of one image, in millions' },
  { name: 'params', type: 'number', about: 'parameters, in millions' },
  { name: 'latency', type: 'number', about: 'seconds for a batch of 256' },
  ...SUMMARY_SETS.flatMap(([column, set]): SummaryColumn[] => [
    { name: `${column}_accuracy`, type: 'number', about: `top-1 accuracy on ${ofSet(column, set)}, in per cent` },
    { name: `${column}_loss`, type: 'number', about: `loss on ${ofSet(column, set)}` },
    {
      name: `${column}_seconds`,
      type: 'number',
      about: `seconds on ${ofSet(column, set)}, of all epochs up to this one`,
    },
  ]),
];

/** A row: one value a column, null for what was not recorded. */
export type SummaryRow = (number | string | null)[];

const FIELD = Object.fromEntries(CURVE_FIELDS.map((name, field) => [name, field])) as Record<
  (typeof CURVE_FIELDS)[number],
  number
>;

interface Measured {
  value: number;
  single: boolean;
}

/** The mean as the reference's `get_metrics` makes it, or null where a trial has no such number. */
function mean(values: readonly (Measured | undefined)[], reference: Reference): number | null {
  const known = values.filter((v) => v !== undefined);
  return known.length === values.length && known.length > 0 ? meanOverTrials(known, reference) : null;
}

const curveOf = (trial: TrialRecord, field: number, set: string) =>
  trial.curves.find((curve) => curve.field === field && curve.set === set);

function at(curve: CurveRecord | undefined, epoch: number): Measured | undefined {
  const presence = curve && epoch < curve.values.length ? (curve.presence?.[epoch] ?? 1) : 0;
  return presence === 0 ? undefined : { value: curve!.values[epoch]!, single: presence === 2 };
}

/** Epochs 0 to `epoch`, added one after the other as Python's `sum` does. */
function total(curve: CurveRecord | undefined, epoch: number): Measured | undefined {
  if (!curve || epoch >= curve.values.length) return undefined;
  let value = 0;
  for (let e = 0; e <= epoch; e++) {
    if (curve.presence?.[e] === 0) return undefined;
    value += curve.values[e]!;
  }
  return { value, single: false };
}

/** By hyper-parameters, and then as the data sets are listed everywhere. */
const hpOrder = (a: { hp: string }, b: { hp: string }) => Number(a.hp) - Number(b.hp);
function datasetOrder(a: { dataset: string }, b: { dataset: string }): number {
  const place = ({ dataset }: { dataset: string }) =>
    DATASETS.includes(dataset as Dataset) ? DATASETS.indexOf(dataset as Dataset) : DATASETS.length;
  return place(a) - place(b);
}

/** What trials cost, and the epochs that are looked at: one number a trial. */
interface TrialCosts {
  flop: readonly number[];
  params: readonly number[];
  epochs: readonly number[];
  /** Seconds; not above 0 where none was measured. */
  latency: readonly number[];
}

/** What was measured on a set: accuracy, loss, seconds. */
type OnSet = readonly [accuracy: number | null, loss: number | null, seconds: number | null];

/** One row, from what its trials cost and what was measured on each of `SUMMARY_SETS`. */
function row(
  { index, archStr, hp, dataset }: { index: number; archStr: string; hp: string; dataset: string },
  { flop, params, epochs, latency }: TrialCosts,
  measured: readonly OnSet[],
  reference: Reference,
): SummaryRow {
  const mean = (values: readonly number[]) => {
    const known = values.length > 0 ? meanOf(values, reference) : Number.NaN;
    return Number.isNaN(known) ? null : known;
  };
  const epoch = epochs.length > 0 && epochs.every((e) => e === epochs[0]) ? epochs[0]! : null;
  const latencies = latency.filter((seconds) => seconds > 0);
  const costs = [mean(flop), mean(params), mean(latencies)];
  const out: SummaryRow = [index, archStr, hp, dataset, epochs.length, epoch, ...costs];
  for (const on of measured) out.push(...on);
  return out;
}

/** The rows of an architecture. */
export function summaryRows(
  record: ArchitectureRecord,
  { metaArchs, reference }: Pick<BenchmarkHeader, 'metaArchs' | 'reference'>,
  epoch: 'last' | number = 'last',
): SummaryRow[] {
  const { index } = record;
  const archStr = metaArchs[index] ?? '';
  return record.states.toSorted(hpOrder).flatMap(({ hp, datasets, trials: all }) => {
    const parts = datasets.map(({ name, seeds }) => ({ dataset: name, seeds }));
    return parts.sort(datasetOrder).map(({ dataset, seeds }) => {
      const found = Array.from(seeds, (seed) => all.findLast((t) => t.dataset === dataset && t.seed === seed));
      const trials = found.filter((t) => t !== undefined);
      return recordRow({ index, archStr, hp, dataset }, trials, reference, epoch);
    });
  });
}

function recordRow(
  of: { index: number; archStr: string; hp: string; dataset: string },
  trials: readonly TrialRecord[],
  reference: Reference,
  wanted: 'last' | number,
): SummaryRow {
  const epochOf = (trial: TrialRecord) => (wanted === 'last' ? trial.epochs - 1 : wanted);
  const costs = {
    flop: trials.map(({ flop }) => flop),
    params: trials.map(({ params }) => params),
    epochs: trials.map(epochOf),
    latency: trials.map(latencyOf),
  };
  const measured = SUMMARY_SETS.map(([column, set]): OnSet => {
    const part = column === 'train' ? 'train' : 'eval';
    const number = (field: number, pick: typeof at) =>
      mean(
        trials.map((trial) => pick(curveOf(trial, field, set), epochOf(trial))),
        reference,
      );
    return [
      number(FIELD[`${part}_acc1es`], at),
      number(FIELD[`${part}_losses`], at),
      number(FIELD[`${part}_times`], total),
    ];
  });
  return row(of, costs, measured, reference);
}

/** As Python's `sum` and division give it. */
function latencyOf({ latency }: TrialRecord): number {
  if (!latency) return -1;
  let seconds = 0;
  for (const one of latency) seconds += one;
  return seconds / latency.length;
}

/**
 * The rows of an architecture from what the API knows without reading its curves; undefined where anything about it is
 * unusual.
 */
export function knownSummaryRows(
  api: NASBench201API,
  index: number,
  hps: readonly HpName[],
  datasets: readonly string[] | undefined,
): SummaryRow[] | undefined {
  const rows: SummaryRow[] = [];
  for (const hp of hps) {
    const known = api.lastEpochs(index, { hp });
    if (!known) return undefined;
    for (const { dataset, epochs, flop, params, latency, sets } of known.sort(datasetOrder)) {
      if (datasets && !datasets.includes(dataset)) continue;
      const measured = SUMMARY_SETS.map(([, name]): OnSet => {
        const own = sets.find(({ set }) => set === name);
        const mean = (values: readonly number[] | null | undefined) => (values ? meanOf(values, api.reference) : null);
        return [mean(own?.accuracy), mean(own?.loss), mean(own?.seconds)];
      });
      const costs = { flop, params, latency, epochs: epochs.map((count) => count - 1) };
      rows.push(row({ index, archStr: api.arch(index), hp, dataset }, costs, measured, api.reference));
    }
  }
  return rows;
}
