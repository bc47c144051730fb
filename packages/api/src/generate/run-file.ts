import { CURVE_FIELDS, type CurveField, FIELD_STATE, type PythonValue, readTorch } from '@nas-bench-201/core-native';
import { DATASETS, type Dataset } from '../names.js';
import type { CurveRecord, TrialRecord } from '../records/record.js';
import { GenerateError } from './errors.js';

type Dict = ReadonlyMap<PythonValue, PythonValue>;

/** A finished run as its file has it: by data set key what was measured, and the weights. */
export interface RunFile {
  /** What it was made on, as text. */
  info: string;
  results: Map<Dataset, Dict>;
}

/** Where a run keeps what a record has by the names of `CURVE_FIELDS`. */
const SOURCES: Record<CurveField, string> = {
  train_acc1es: 'train_acc1es',
  train_acc5es: 'train_acc5es',
  train_losses: 'train_losses',
  train_times: 'train_times',
  eval_acc1es: 'valid_acc1es',
  eval_losses: 'valid_losses',
  eval_times: 'valid_times',
};

/**
 * Reads a run's file (`arch-000284-seed-0777.pth`), whoever wrote it. Weights are read when they are asked for.
 * @throws ReadError; GenerateError BAD_TRIAL where it is none, or not finished
 */
export async function readRun(path: string): Promise<RunFile> {
  const file = await readTorch(path);
  const bad = (what: string) => new GenerateError('BAD_TRIAL', `${path}: expected ${what}`);
  if (!(file instanceof Map)) throw bad('the results of a run');
  const results = new Map<Dataset, Dict>();
  for (const key of DATASETS) {
    const result = file.get(key);
    if (result === undefined) continue;
    if (!(result instanceof Map) || result.get('finish-train') !== true) throw bad(`a finished training on ${key}`);
    results.set(key, result);
  }
  if (results.size === 0) throw bad(`the results of a run on any of ${DATASETS.join(', ')}`);
  return { info: String(file.get('info') ?? ''), results };
}

/** What a benchmark records of a run on one data set key (`create_result_count`). @throws GenerateError BAD_TRIAL */
export function trialRecord(path: string, dataset: Dataset, seed: number, arch: string, result: Dict): TrialRecord {
  const bad = (what: string) => new GenerateError('BAD_TRIAL', `${path}: ${dataset}: expected ${what}`);
  const number = (name: string): number => {
    const value = result.get(name);
    if (typeof value !== 'number') throw bad(`a number as ${name}`);
    return value;
  };
  const config = result.get('config');
  const classes = config instanceof Map ? config.get('class_num') : undefined;
  if (typeof classes !== 'number') throw bad('the number of classes as config.class_num');
  const epochs = number('total_epoch');
  const curves: CurveRecord[] = [];
  CURVE_FIELDS.forEach((name, field) => {
    const values = result.get(SOURCES[name]);
    if (!(values instanceof Map)) throw bad(`a dict as ${SOURCES[name]}`);
    for (const [set, curve] of bySet(values)) {
      const whole = curve.size === epochs && Array.from({ length: epochs }, (_, e) => e).every((e) => curve.has(e));
      if (!whole) throw bad(`numbers of ${epochs} epochs in ${SOURCES[name]}${set && ` of ${set}`}`);
      curves.push({ field, set, values: Float64Array.from({ length: epochs }, (_, e) => curve.get(e)!) });
    }
  });
  const sets = [...new Set(curves.flatMap(({ set }) => set || []))];
  return {
    dataset,
    seed,
    epochs,
    flop: number('flop'),
    params: number('param'),
    latency: null,
    fields: CURVE_FIELDS.map(() => FIELD_STATE.dict),
    curves,
    attributes: new Map<string, PythonValue>([
      ['name', dataset],
      ['seed', String(seed).padStart(4, '0')],
      [
        'arch_config',
        new Map<PythonValue, PythonValue>([
          ['channel', number('channel')],
          ['num_cells', number('num_cells')],
          ['arch_str', arch],
          ['class_num', classes],
        ]),
      ],
      ['eval_names', sets],
    ]),
  };
}

/** {0: …} under the empty name, {'x-valid@0': …} under the sets' names. */
function bySet(values: Dict): Map<string, Map<number, number>> {
  const out = new Map<string, Map<number, number>>();
  for (const [key, value] of values) {
    const [set, epoch] = typeof key === 'string' ? (key.split('@', 2) as [string, string]) : ['', key];
    if (!out.has(set)) out.set(set, new Map());
    out.get(set)!.set(Number(epoch), Number(value));
  }
  return out;
}
