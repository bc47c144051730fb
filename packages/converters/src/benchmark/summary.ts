import {
  type ArchitectureRecord,
  CURVE_FIELDS,
  type CurveRecord,
  meanOverTrials,
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

/** The rows of an architecture, in the order of its record. */
export function summaryRows(
  record: ArchitectureRecord,
  reference: Reference,
  epoch: 'last' | number = 'last',
): SummaryRow[] {
  return record.states.flatMap((state) =>
    state.datasets.map(({ name, seeds }) => {
      const trials = Array.from(seeds, (seed) => state.trials.find((t) => t.dataset === name && t.seed === seed));
      return row(
        record.index,
        state,
        name,
        trials.filter((t) => t !== undefined),
        reference,
        epoch,
      );
    }),
  );
}

function row(
  index: number,
  state: StateRecord,
  dataset: string,
  trials: readonly TrialRecord[],
  reference: Reference,
  wanted: 'last' | number,
): SummaryRow {
  const epochOf = (trial: TrialRecord) => (wanted === 'last' ? trial.epochs - 1 : wanted);
  const epochs = new Set(trials.map(epochOf));
  const of = (pick: (trial: TrialRecord) => Measured | undefined) =>
    trials.length ? mean(trials.map(pick), reference) : null;
  const cost = (value: number) => (Number.isNaN(value) ? undefined : { value, single: false });
  const latencies = trials.map(latencyOf).filter((seconds) => seconds > 0);
  const measured = SUMMARY_SETS.flatMap(([column, set]) => {
    const part = column === 'train' ? 'train' : 'eval';
    const number = (field: number, pick: typeof at) => of((trial) => pick(curveOf(trial, field, set), epochOf(trial)));
    return [
      number(FIELD[`${part}_acc1es`], at),
      number(FIELD[`${part}_losses`], at),
      number(FIELD[`${part}_times`], total),
    ];
  });
  return [
    index,
    state.archStr,
    state.hp,
    dataset,
    trials.length,
    epochs.size === 1 ? [...epochs][0]! : null,
    of((trial) => cost(trial.flop)),
    of((trial) => cost(trial.params)),
    latencies.length ? meanOverTrials(latencies.map(cost) as Measured[], reference) : null,
    ...measured,
  ];
}

function latencyOf({ latency }: TrialRecord): number {
  if (!latency) return -1;
  let seconds = 0;
  for (const one of latency) seconds += one;
  return seconds / latency.length;
}
