import { PRESENCE } from '@nas-bench-201/core-native';
import type { Dataset, HpOption, SetOf } from '../names.js';
import type { CurveRecord, StateRecord, TrialRecord } from '../records/record.js';
import type { Info } from './last-epoch.js';
import { type CurveMetric, curveField } from './results-count.js';

export interface CurvesOptions<D extends Dataset> extends HpOption {
  /** Default: accuracy (top-1). */
  metric?: CurveMetric | undefined;
  /** Default: the training images. */
  set?: SetOf<D> | undefined;
  signal?: AbortSignal | undefined;
}

/** One curve of every trial of some architectures. */
export interface TrialCurves {
  /** The trials of the i-th architecture are the rows from starts[i] to before starts[i + 1], in the order of the file's seeds. */
  starts: Uint32Array;
  /** One a row. */
  seeds: Float64Array;
  /** Numbers a row: epochs of the longest training. */
  epochs: number;
  /** [rows × epochs], row by row; NaN where an epoch is missing. */
  values: Float64Array;
}

/** Answers of `getMoreInfo` by key, in the order in which they are put: NaN where one is null, or has no such key. */
export class InfoColumns {
  readonly columns: Record<string, Float64Array> = {};

  constructor(readonly length: number) {}

  put(at: number, info: Info): void {
    for (const key in info) {
      this.columns[key] ??= new Float64Array(this.length).fill(Number.NaN);
      this.columns[key][at] = info[key] ?? Number.NaN;
    }
  }
}

/** The trials of a data set, in the order of the file's seeds. */
function trialsOf({ datasets, trials }: StateRecord, dataset: string): TrialRecord[] {
  const seeds = datasets.findLast(({ name }) => name === dataset)?.seeds ?? [];
  return Array.from(seeds).flatMap((seed) => {
    const trial = trials.findLast((t) => t.dataset === dataset && t.seed === seed);
    return trial ? [trial] : [];
  });
}

function copyCurve({ values, presence }: CurveRecord, to: Float64Array): void {
  to.set(values);
  if (presence) for (let e = 0; e < values.length; e++) if (presence[e] === PRESENCE.missing) to[e] = Number.NaN;
}

/** The curves of one metric on one set; whether there were any, and any results at all. */
export async function curvesOf(
  states: AsyncIterable<StateRecord | undefined>,
  dataset: string,
  metric: CurveMetric,
  set: string,
): Promise<{ curves: TrialCurves; any: boolean; results: boolean }> {
  const field = curveField(metric, set);
  const name = set === 'train' ? '' : set;
  const starts = [0];
  const rows: { seed: number; epochs: number; curve: CurveRecord | undefined }[] = [];
  let results = false;
  for await (const state of states) {
    results ||= state !== undefined;
    for (const trial of state ? trialsOf(state, dataset) : []) {
      const curve = trial.curves.find((c) => c.field === field && c.set === name);
      // Of a sweep's batch, of which the rest can go.
      rows.push({ seed: trial.seed, epochs: trial.epochs, curve: curve && { ...curve, values: curve.values.slice() } });
    }
    starts.push(rows.length);
  }
  const epochs = rows.reduce((most, row) => Math.max(most, row.epochs), 0);
  const values = new Float64Array(rows.length * epochs).fill(Number.NaN);
  rows.forEach(({ curve }, r) => {
    if (curve) copyCurve(curve, values.subarray(r * epochs, (r + 1) * epochs));
  });
  const curves = {
    starts: Uint32Array.from(starts),
    seeds: Float64Array.from(rows, (row) => row.seed),
    epochs,
    values,
  };
  return { curves, any: rows.some(({ curve }) => curve), results };
}
