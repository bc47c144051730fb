import type { ArchitectureRecord, StateRecord, TrialRecord } from 'nas-bench-201';
import { attributesJson } from '../benchmark/attributes.js';
import { CURVE_COLUMNS } from './columns.js';
import { extraJson } from './extra.js';

/** Numbers of a list, some of which may be missing. */
export interface List {
  values: Float64Array;
  /** 0 where one is missing; absent where all are there. */
  presence?: Uint8Array | undefined;
}

/** A row of the table of trials. */
export interface TrialRow {
  /** In the order of `TRIAL_SCALARS`. */
  scalars: (number | bigint | string | boolean | null)[];
  /** `latency`, and then in the order of `CURVE_COLUMNS`. */
  lists: (List | null)[];
}

const orNull = (value: number) => (Number.isNaN(value) ? null : value);

function trialRow(index: number, state: StateRecord, trial: TrialRecord): TrialRow {
  const { dataset, seed, epochs, flop, params, latency, curves, attributes } = trial;
  return {
    scalars: [
      index,
      state.archStr,
      state.hp,
      dataset,
      BigInt(seed),
      epochs,
      orNull(flop),
      orNull(params),
      state.cleared,
      attributesJson(attributes),
      extraJson(index, state, trial),
    ],
    lists: [
      latency ? { values: latency } : null,
      ...CURVE_COLUMNS.map(({ field, set }) => curves.find((c) => c.field === field && c.set === set) ?? null),
    ],
  };
}

/** The rows of an architecture. */
export function trialRows(record: ArchitectureRecord): TrialRow[] {
  return record.states.flatMap((state) => state.trials.map((trial) => trialRow(record.index, state, trial)));
}
