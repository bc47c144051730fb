import {
  type ArchitectureRecord,
  type ArchResults,
  CURVE_FIELDS,
  type CurveRecord,
  DATASETS,
  type Dataset,
  type HpName,
  type LastEpoch,
  type Metrics,
  meanOverTrials,
  type NASBench201API,
  QueryError,
  type Reference,
  type StateRecord,
  type TrialRecord,
} from 'nas-bench-201';

/** What a column of the summary holds. */
export type SummaryType = 'integer' | 'number' | 'text';
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
  return known.length === values.length ? meanOverTrials(known, reference) : null;
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
function datasetOrder(a: string, b: string): number {
  const place = (name: string) => (DATASETS.indexOf(name as Dataset) + DATASETS.length + 1) % (DATASETS.length + 1);
  const [first, second] = [place(a), place(b)];
  return first - second;
}

interface TrialCosts {
  flop: number;
  params: number;
  epoch: number;
  /** Seconds; not above 0 where none was measured. */
  latency: number;
}

/** What was measured on a set: accuracy, loss, seconds. */
type OnSet = readonly [accuracy: number | null, loss: number | null, seconds: number | null];

/** One row, from what its trials cost and what was measured on each of `SUMMARY_SETS`. */
function row(
  { index, archStr, hp, dataset }: { index: number; archStr: string; hp: string; dataset: string },
  trials: readonly TrialCosts[],
  measured: readonly OnSet[],
  reference: Reference,
): SummaryRow {
  const epochs = new Set(trials.map(({ epoch }) => epoch));
  const cost = (values: readonly number[]) =>
    values.length > 0 && !values.some(Number.isNaN)
      ? meanOverTrials(
          values.map((value) => ({ value, single: false })),
          reference,
        )
      : null;
  return [
    index,
    archStr,
    hp,
    dataset,
    trials.length,
    epochs.size === 1 ? [...epochs][0]! : null,
    cost(trials.map(({ flop }) => flop)),
    cost(trials.map(({ params }) => params)),
    cost(trials.map(({ latency }) => latency).filter((seconds) => seconds > 0)),
    ...measured.flat(),
  ];
}

/** The rows of an architecture. */
export function summaryRows(
  record: ArchitectureRecord,
  reference: Reference,
  epoch: 'last' | number = 'last',
): SummaryRow[] {
  return record.states.toSorted(hpOrder).flatMap((state) => {
    const datasets = state.datasets.toSorted((a, b) => datasetOrder(a.name, b.name));
    return datasets.map(({ name, seeds }) => {
      const trials = Array.from(seeds, (seed) => state.trials.findLast((t) => t.dataset === name && t.seed === seed));
      return recordRow(
        record.index,
        state,
        name,
        trials.filter((t) => t !== undefined),
        reference,
        epoch,
      );
    });
  });
}

function recordRow(
  index: number,
  { archStr, hp }: StateRecord,
  dataset: string,
  trials: readonly TrialRecord[],
  reference: Reference,
  wanted: 'last' | number,
): SummaryRow {
  const epochOf = (trial: TrialRecord) => (wanted === 'last' ? trial.epochs - 1 : wanted);
  const costs = trials.map((trial) => ({
    flop: trial.flop,
    params: trial.params,
    epoch: epochOf(trial),
    latency: latencyOf(trial),
  }));
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
  return row({ index, archStr, hp, dataset }, costs, measured, reference);
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
    const results = resultsOf(api, index, hp);
    for (const dataset of results?.getDatasetNames().sort(datasetOrder) ?? []) {
      if (datasets && !datasets.includes(dataset)) continue;
      const last = api.lastEpoch(index, dataset, { hp });
      if (!last) return undefined;
      const trials = [...results!.query(dataset).values()];
      const costs = trials.map((trial) => ({
        flop: trial.flop,
        params: trial.params,
        epoch: trial.epochs - 1,
        latency: trial.getLatency(),
      }));
      const measured = SUMMARY_SETS.map(([column, set]): OnSet | undefined => {
        const metrics = metricsOf(last, column === 'train' ? 'train' : set);
        return metrics === null ? [null, null, null] : metrics && [metrics.accuracy, metrics.loss, metrics.all_time];
      });
      if (measured.includes(undefined)) return undefined;
      const of = { index, archStr: results!.archStr, hp, dataset };
      rows.push(row(of, costs, measured as OnSet[], api.reference));
    }
  }
  return rows;
}

function resultsOf(api: NASBench201API, index: number, hp: HpName): ArchResults | undefined {
  try {
    return api.queryMetaInfoByIndex(index, { hp });
  } catch (error) {
    if (error instanceof QueryError) return undefined;
    throw error;
  }
}

/** Null where there is no such set, undefined where some trials have times and others have not. */
function metricsOf(last: LastEpoch, set: string): Metrics | null | undefined {
  try {
    return last.metrics(set, false) ?? null;
  } catch (error) {
    if (error instanceof QueryError) return undefined;
    throw error;
  }
}
