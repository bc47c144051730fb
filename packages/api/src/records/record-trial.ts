import { CURVE_FIELDS, type FieldState, type PythonValue } from '@nas-bench-201/core-native';
import { type Curves, type Field, Series } from '../results/series.js';
import { evalNamesOf, FIELD_STATES, meanLatencyOf, type TrialData } from '../results/trial-data.js';
import { type TrialRecord, trialValue } from './record.js';

/** A trial of a `RecordStore`. */
export class RecordTrial implements TrialData {
  readonly epochs: number;
  readonly flop: number;
  readonly params: number;
  readonly latency: readonly number[] | null;
  readonly meanLatency: number;
  readonly evalNames: readonly string[];
  readonly #record: TrialRecord;
  #curves: Curves | undefined;
  #attributes: Map<PythonValue, PythonValue> | undefined;

  constructor(
    record: TrialRecord,
    /** Finds the weights, which no record has. */
    readonly weights: () => PythonValue,
  ) {
    this.#record = record;
    this.epochs = record.epochs;
    this.flop = record.flop;
    this.params = record.params;
    this.latency = record.latency ? Array.from(record.latency) : null;
    this.meanLatency = meanLatencyOf(this.latency);
    this.evalNames = evalNamesOf(record.attributes);
  }

  curves(): Curves {
    if (this.#curves) return this.#curves;
    const { fields, curves } = this.#record;
    const of = (f: number): Field => ({
      state: FIELD_STATES[fields[f]! as FieldState],
      series: new Map(
        curves.filter((c) => c.field === f).map((c) => [c.set, new Series(c.values, c.presence, c.inOrder)]),
      ),
    });
    this.#curves = Object.fromEntries(CURVE_FIELDS.map((name, f) => [name, of(f)])) as unknown as Curves;
    return this.#curves;
  }

  attributes(): Map<PythonValue, PythonValue> {
    this.#attributes ??= trialValue(this.#record);
    return this.#attributes;
  }
}
