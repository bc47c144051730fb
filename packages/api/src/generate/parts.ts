import { existsSync } from 'node:fs';
import { Float64, type PythonValue, type WritableValue } from '@nas-bench-201/core-native';
import type { Dataset } from '../names.js';
import type { TrialDict } from '../training/trial.js';
import { readRun } from './run-file.js';

/** What is a float in Python even where it is whole, by the dict that it is in: '' is the trial's own. */
const FLOATS: Readonly<Record<string, readonly string[]>> = {
  '': ['flop', 'param'],
  config: ['eta_min', 'LR', 'decay', 'momentum'],
};
const CURVES = /^(train|valid)_(losses|acc1es|acc5es|times)$/;

/**
 * One data set key of a run that was not finished; undefined where there is none, or it was trained with other settings.
 * @throws ReadError
 */
export async function readKey(part: string, dataset: Dataset, settings: string): Promise<TrialDict | undefined> {
  if (!existsSync(part)) return undefined;
  const { info, results } = await readRun(part);
  const result = results.get(dataset);
  return info === settings && result ? asTrained(result) : undefined;
}

/** As it was before it was written: a number that is read does not tell whether it was an int. */
function asTrained(result: ReadonlyMap<PythonValue, PythonValue>): TrialDict {
  const out: TrialDict = new Map();
  for (const [key, value] of result) {
    const name = String(key);
    if (value instanceof Map && (name in FLOATS || CURVES.test(name))) {
      const isFloat = (key: PythonValue) => CURVES.test(name) || FLOATS[name]!.includes(String(key));
      out.set(
        name,
        new Map([...value].map(([k, v]): [WritableValue, WritableValue] => [k, isFloat(k) ? float(v) : v])),
      );
    } else {
      out.set(name, FLOATS['']!.includes(name) ? float(value) : value);
    }
  }
  return out;
}

const float = (value: PythonValue): WritableValue => (typeof value === 'number' ? new Float64(value) : value);
