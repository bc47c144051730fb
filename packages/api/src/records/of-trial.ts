import { CURVE_FIELDS, type FieldState, type PythonValue } from '@nas-bench-201/core-native';
import type { Field } from '../results/series.js';
import { FIELD_STATES, type TrialData } from '../results/trial-data.js';
import { type CurveRecord, RECORDED_ATTRIBUTES, type TrialRecord } from './record.js';

const STATE_NUMBERS = Object.fromEntries(
  Object.entries(FIELD_STATES).map(([number, state]) => [state, Number(number) as FieldState]),
) as Record<Field['state'], FieldState>;

/** The record of a trial, wherever its data come from. */
export function trialRecord({ dataset, seed }: { dataset: string; seed: number }, data: TrialData): TrialRecord {
  const all = data.curves();
  const curves: CurveRecord[] = [];
  const fields = CURVE_FIELDS.map((name, field) => {
    const { state, series } = all[name];
    for (const [set, { values, presence, inOrder }] of series) curves.push({ field, set, values, presence, inOrder });
    return STATE_NUMBERS[state];
  });
  const own = data.attributes();
  const attributes = new Map<string, PythonValue>();
  for (const [name, value] of own) {
    if (typeof name === 'string' && !RECORDED_ATTRIBUTES.has(name)) attributes.set(name, value);
  }
  const { epochs, flop, params } = data;
  const latency = own.has('latency') ? data.latency && Float64Array.from(data.latency) : undefined;
  return { dataset, seed, epochs, flop, params, latency, fields, curves, attributes };
}
