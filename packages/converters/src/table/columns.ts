import { CURVE_FIELDS, type CurveField } from 'nas-bench-201';
import { SUMMARY_COLUMNS, SUMMARY_SETS, type SummaryColumn } from '../benchmark/summary.js';

/** What a column of a table holds; a list is of numbers, any of which may be missing. */
export type ColumnType = 'integer' | 'long' | 'number' | 'text' | 'boolean' | 'list';
export interface TableColumn {
  name: string;
  type: ColumnType;
  /** Whether a row may have nothing there. */
  optional: boolean;
  /** For people. */
  about: string;
}

/** A curve that has a column of its own. */
export interface CurveColumn {
  name: string;
  field: number;
  set: string;
}

const EVAL_PARTS = [
  ['acc1es', 'top-1 accuracy, in per cent'],
  ['losses', 'loss'],
  ['times', 'seconds'],
] as const;
const TRAIN_PARTS = [EVAL_PARTS[0], ['acc5es', 'top-5 accuracy, in per cent'], EVAL_PARTS[1], EVAL_PARTS[2]] as const;

const curveColumns = SUMMARY_SETS.flatMap(([column, set]) => {
  const training = set === '';
  return (training ? TRAIN_PARTS : EVAL_PARTS).map(([part, about]) => ({
    name: `${column}_${part}`,
    field: CURVE_FIELDS.indexOf(`${training ? 'train' : 'eval'}_${part}` as CurveField),
    set,
    about: `${about}, ${training ? 'on the training images' : `on the set ${set}`}, by epoch`,
  }));
});

/** The curves that have columns. Those of other sets stand in `extra`. */
export const CURVE_COLUMNS: readonly CurveColumn[] = curveColumns;

const column = (name: string, type: ColumnType, about: string, optional = false): TableColumn => ({
  name,
  type,
  optional,
  about,
});

/** What a row of the table of trials has one value of, in this order. */
export const TRIAL_SCALARS: readonly TableColumn[] = [
  column('index', 'integer', "the architecture's index"),
  column('architecture', 'text', "the architecture's string"),
  column('hp', 'text', 'hyper-parameters by their number of epochs: 12, 200; 01, 12, 90 in the size space'),
  column('dataset', 'text', 'what it was trained on'),
  column('seed', 'long', 'the seed of the run'),
  column('epochs', 'integer', 'the number of epochs of the run'),
  column('flops', 'number', 'FLOPs of one image, in millions', true),
  column('params', 'number', 'parameters, in millions', true),
  column('clear_net_done', 'boolean', 'whether the weights were cleared'),
  column(
    'attributes',
    'text',
    "the record's other attributes (name, seed, arch_config, eval_names …) as a JSON object",
  ),
  column(
    'extra',
    'text',
    'what there is no column for, as a JSON object: in most files nothing (see `table/extra.ts`)',
    true,
  ),
];

/** One row a trial. Lists stand last: they are written another way. */
export const TRIAL_COLUMNS: readonly TableColumn[] = [
  ...TRIAL_SCALARS,
  column('latency', 'list', 'seconds for a batch of 256, as often as it was measured', true),
  ...curveColumns.map(({ name, about }) => column(name, 'list', about, true)),
];

const ofSummary = ({ name, type, about }: SummaryColumn): TableColumn =>
  column(name, type, about, !['index', 'architecture', 'hp', 'dataset', 'trials'].includes(name));

/** The summary as a table. */
export const SUMMARY_TABLE: readonly TableColumn[] = SUMMARY_COLUMNS.map(ofSummary);
