import {
  CURVE_FIELDS,
  type CurveField,
  type FieldState,
  type NativeBenchmarkFile,
  NDArray,
  native,
  type PythonValue,
  Tensor,
  type TrialHead,
} from '@nas-bench-201/core-native';
import { QueryError } from '../errors.js';
import type { Recent } from '../recent.js';
import { type Curves, emptyField, type Field, type Measured, Series } from './series.js';

/** Where the numbers of a trial come from. Nothing here changes; what a ResultsCount changes it keeps itself. */
export interface TrialData {
  readonly epochs: number;
  /** Millions; NaN where the record has none. */
  readonly flop: number;
  /** Millions; NaN where the record has none. */
  readonly params: number;
  /** Seconds for a batch of 256, or null. */
  readonly latency: readonly number[] | null;
  /** The mean of `latency`; -1 where it is null. */
  readonly meanLatency: number;
  readonly evalNames: readonly string[];
  curves(): Curves;
  /** The record itself, as plain values by the reference's attribute names. */
  attributes(): Map<PythonValue, PythonValue>;
  /** The state dict of the network that was trained; null where there is none. @throws QueryError where it is elsewhere */
  weights(): PythonValue;
}

export const FIELD_STATES: Record<FieldState, Field['state']> = { 0: 'missing', 1: 'none', 2: 'empty', 3: 'dict' };

/** A trial in a file. Curves are read when they are first asked for. */
export class FileTrial implements TrialData {
  readonly epochs: number;
  readonly flop: number;
  readonly params: number;
  readonly meanLatency: number;
  readonly #file: NativeBenchmarkFile;
  readonly #place: readonly [index: number, hp: string, trial: number];
  readonly #recent: Recent<object, Curves>;
  readonly #elsewhere: () => PythonValue;
  #attributes: Map<PythonValue, PythonValue> | undefined;
  #evalNames: readonly string[] | undefined;

  constructor(
    file: NativeBenchmarkFile,
    place: readonly [index: number, hp: string, trial: number],
    head: TrialHead,
    recent: Recent<object, Curves>,
    /** Finds the weights where the record has none. */
    elsewhere: () => PythonValue,
  ) {
    this.#file = file;
    this.#place = place;
    this.#recent = recent;
    this.#elsewhere = elsewhere;
    this.epochs = head.epochs;
    this.flop = head.flop;
    this.params = head.params;
    this.meanLatency = head.meanLatency;
  }

  get latency(): readonly number[] | null {
    const latency = native(() => this.#file.latency(...this.#place));
    return latency && Array.from(latency);
  }

  get evalNames(): readonly string[] {
    this.#evalNames ??= native(() => this.#file.evalNames(...this.#place)) ?? evalNamesOf(this.attributes());
    return this.#evalNames;
  }

  curves(): Curves {
    return this.#recent.get(this) ?? this.#recent.set(this, this.#readCurves());
  }

  #readCurves(): Curves {
    const fields = native(() => this.#file.curves(...this.#place))!;
    const of = (f: number): Field => {
      const { state, curves, inOrder } = fields[f]!;
      return {
        state: FIELD_STATES[state],
        series: new Map(curves.map((c) => [c.set, new Series(c.values, c.presence, inOrder)])),
      };
    };
    return Object.fromEntries(CURVE_FIELDS.map((name, f) => [name, of(f)])) as unknown as Curves;
  }

  attributes(): Map<PythonValue, PythonValue> {
    this.#attributes ??= native(() => this.#file.value(...this.#place)) as Map<PythonValue, PythonValue>;
    return this.#attributes;
  }

  weights(): PythonValue {
    return this.attributes().get('net_state_dict') ?? this.#elsewhere();
  }
}

/** What `eval_names` lists. */
export function evalNamesOf(attributes: ReadonlyMap<PythonValue, PythonValue>): string[] {
  return ((attributes.get('eval_names') as PythonValue[] | null | undefined) ?? []).map(String);
}

/** The mean as Python's `sum` and division give it; -1 where nothing was measured. */
export function meanLatencyOf(latency: readonly number[] | null): number {
  if (latency === null) return -1;
  let total = 0;
  for (const seconds of latency) total += seconds;
  return total / latency.length;
}

/** A number as the reference would calculate with it: tensors and arrays of one element are numbers, too. */
export function measured(value: PythonValue | undefined): Measured | undefined {
  if (typeof value === 'number') return { value, single: false };
  if (typeof value === 'bigint' || typeof value === 'boolean') return { value: Number(value), single: false };
  if (value instanceof Tensor || value instanceof NDArray) {
    const numbers = value.toTypedArray();
    const single = value.dtype === 'float32' || value.dtype.slice(1) === 'f4';
    if (numbers.length === 1) return { value: Number(numbers[0]), single };
  }
  return undefined;
}

const isTraining = (field: CurveField) => field.startsWith('train');

/** A curve's dict by epochs ({12: 93.1}) or by sets and epochs ({'x-valid@12': 91.2}). */
function fieldOf(value: PythonValue | undefined, name: CurveField, epochs: number): Field {
  if (value === undefined) return emptyField('missing');
  if (value === null) return emptyField('none');
  if (!(value instanceof Map)) throw new QueryError('BAD_VALUE', `expected ${name} to be a dict`);
  if (value.size === 0) return emptyField('empty');
  const entries = new Map<string, [number, Measured][]>();
  for (const [key, item] of value) {
    let set = '';
    let epoch = Number(key);
    if (!isTraining(name)) {
      const parts = /^(.*)@(0|[1-9]\d*)$/s.exec(String(key));
      if (!parts) continue;
      set = parts[1]!;
      epoch = Number(parts[2]);
    }
    const number = measured(item);
    if (!number) throw new QueryError('BAD_VALUE', `expected numbers in ${name}, found ${typeof item}`);
    if (!entries.has(set)) entries.set(set, []);
    entries.get(set)!.push([epoch, number]);
  }
  return { state: 'dict', series: new Map([...entries].map(([set, list]) => [set, Series.from(list, epochs)])) };
}

/** A trial as plain values, by the reference's attribute names. */
export class PlainTrial implements TrialData {
  readonly epochs: number;
  readonly flop: number;
  readonly params: number;
  readonly latency: readonly number[] | null;
  readonly meanLatency: number;
  readonly evalNames: readonly string[];
  readonly #attributes: Map<PythonValue, PythonValue>;
  #curves: Curves | undefined;

  constructor(attributes: Map<PythonValue, PythonValue>) {
    this.#attributes = attributes;
    this.epochs = measured(attributes.get('epochs'))?.value ?? 0;
    this.flop = measured(attributes.get('flop'))?.value ?? Number.NaN;
    this.params = measured(attributes.get('params'))?.value ?? Number.NaN;
    const latency = attributes.get('latency');
    this.latency = Array.isArray(latency) ? latency.map((item) => measured(item)?.value ?? Number.NaN) : null;
    this.meanLatency = meanLatencyOf(this.latency);
    this.evalNames = evalNamesOf(attributes);
  }

  curves(): Curves {
    this.#curves ??= Object.fromEntries(
      CURVE_FIELDS.map((name) => [name, fieldOf(this.#attributes.get(name), name, this.epochs)]),
    ) as unknown as Curves;
    return this.#curves;
  }

  attributes(): Map<PythonValue, PythonValue> {
    return this.#attributes;
  }

  weights(): PythonValue {
    return this.#attributes.get('net_state_dict') ?? null;
  }
}
