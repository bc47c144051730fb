import {
  type ArchitectureRecord,
  CURVE_FIELDS,
  type CurveRecord,
  FIELD_STATE,
  type PythonValue,
  type StateRecord,
  type TrialRecord,
} from 'nas-bench-201';
import { ConvertError } from '../errors.js';
import { valueJson } from './attributes.js';
import type { BenchmarkHeader, BenchmarkSource, ReadOptions } from './source.js';

/** Something in which two benchmarks differ. */
export interface Difference {
  /** Where: `architecture 3, hp 200, cifar10, seed 777: train_losses, epoch 5`. */
  place: string;
  /** What the first has there, and the second; undefined where one has nothing. */
  first: unknown;
  second: unknown;
}

const HEADER = ['metaArchs', 'evaluated', 'reference'] as const;
const HEADER_NAMES = { metaArchs: 'meta_archs', evaluated: 'evaluated_indexes', reference: 'reference' };

function* headerDifferences(a: BenchmarkHeader, b: BenchmarkHeader): Generator<Difference> {
  for (const part of HEADER) {
    const [first, second] = [a[part], b[part]];
    if (JSON.stringify(first) === JSON.stringify(second)) continue;
    const shown = (value: unknown) => (Array.isArray(value) ? `${value.length} entries` : value);
    if (typeof first === 'string' || first.length !== second.length) {
      yield { place: HEADER_NAMES[part], first: shown(first), second: shown(second) };
      continue;
    }
    const at = [...first.keys()].find((i) => first[i] !== second[i])!;
    yield { place: `${HEADER_NAMES[part]}, entry ${at}`, first: first[at], second: second[at] };
  }
}

/** Records one by one, in the order of their indices. @throws ConvertError NOT_IN_ORDER where they are in another */
async function* inOrder(source: BenchmarkSource, options: ReadOptions): AsyncGenerator<ArchitectureRecord, undefined> {
  let last = -1;
  for await (const batch of source.records(options)) {
    for (const record of batch) {
      if (record.index <= last) {
        throw new ConvertError(
          'NOT_IN_ORDER',
          `expected records in the order of their indices, found ${record.index} after ${last}`,
        );
      }
      last = record.index;
      yield record;
    }
  }
}

/**
 * In what two benchmarks differ, whatever their formats: header, records, trials, and every number bit for bit. What no
 * answer depends on makes no difference: the order of records, trials and sets, and weights.
 * @throws ReadError, ConvertError; the signal's reason where it was aborted
 */
export async function* differences(
  a: BenchmarkSource,
  b: BenchmarkSource,
  options: ReadOptions & { onProgress?: ((architectures: number) => void) | undefined } = {},
): AsyncGenerator<Difference> {
  yield* headerDifferences(a.header, b.header);
  const [first, second] = [inOrder(a, options), inOrder(b, options)];
  let [left, right] = (await Promise.all([first.next(), second.next()])).map(({ value }) => value);
  for (let done = 1; left || right; done++) {
    options.signal?.throwIfAborted();
    const index = Math.min(left?.index ?? Number.POSITIVE_INFINITY, right?.index ?? Number.POSITIVE_INFINITY);
    const [own, other] = [left, right].map((record) => (record?.index === index ? record : undefined));
    yield* ofParts(`architecture ${index}`, own, other, 'a record', recordDifferences);
    if (own) left = (await first.next()).value;
    if (other) right = (await second.next()).value;
    options.onProgress?.(done);
  }
}

/** A part that both may have, or one alone. */
function* ofParts<T>(
  place: string,
  a: T | undefined,
  b: T | undefined,
  what: string,
  compare: (place: string, a: T, b: T) => Iterable<Difference>,
): Generator<Difference> {
  if (a !== undefined && b !== undefined) yield* compare(place, a, b);
  else if (a !== undefined || b !== undefined) {
    yield { place, first: a === undefined ? undefined : what, second: b === undefined ? undefined : what };
  }
}

/** Parts by what names them, those of the first before those that only the second has. */
function* named<T>(
  a: readonly T[],
  b: readonly T[],
  nameOf: (part: T) => string,
): Generator<[name: string, a: T | undefined, b: T | undefined]> {
  const [left, right] = [a, b].map((parts) => new Map(parts.map((part) => [nameOf(part), part])));
  for (const name of new Set([...left!.keys(), ...right!.keys()])) yield [name, left!.get(name), right!.get(name)];
}

function* recordDifferences(place: string, a: ArchitectureRecord, b: ArchitectureRecord): Generator<Difference> {
  for (const [hp, first, second] of named(a.states, b.states, (state) => state.hp)) {
    yield* ofParts(`${place}, hp ${hp}`, first, second, 'results', stateDifferences);
  }
}

function* valueDifference(place: string, first: unknown, second: unknown): Generator<Difference> {
  if (!Object.is(first, second)) yield { place, first, second };
}

function* stateDifferences(place: string, a: StateRecord, b: StateRecord): Generator<Difference> {
  yield* valueDifference(`${place}: arch_index`, a.archIndex, b.archIndex);
  yield* valueDifference(`${place}: arch_str`, a.archStr, b.archStr);
  yield* valueDifference(`${place}: clear_net_done`, a.cleared, b.cleared);
  const seeds = (state: StateRecord) =>
    JSON.stringify(state.datasets.map(({ name, seeds }) => [name, Array.from(seeds)]).sort());
  yield* valueDifference(`${place}: dataset_seed`, seeds(a), seeds(b));
  for (const [name, first, second] of named(a.trials, b.trials, (trial) => `${trial.dataset}, seed ${trial.seed}`)) {
    yield* ofParts(`${place}, ${name}`, first, second, 'a trial', trialDifferences);
  }
}

const STATES = ['nothing', 'None', 'an empty dict', 'a dict'];

function* trialDifferences(place: string, a: TrialRecord, b: TrialRecord): Generator<Difference> {
  for (const name of ['epochs', 'flop', 'params'] as const)
    yield* valueDifference(`${place}: ${name}`, a[name], b[name]);
  const latency = ({ latency: seconds }: TrialRecord) => seconds && JSON.stringify(Array.from(seconds, String));
  yield* valueDifference(`${place}: latency`, latency(a), latency(b));
  for (const name of new Set([...a.attributes.keys(), ...b.attributes.keys()])) {
    const text = (value: PythonValue | undefined) => (value === undefined ? undefined : valueJson(value));
    yield* valueDifference(`${place}: ${name}`, text(a.attributes.get(name)), text(b.attributes.get(name)));
  }
  for (const [field, name] of CURVE_FIELDS.entries()) {
    yield* valueDifference(`${place}: ${name}`, STATES[stateOf(a, field)], STATES[stateOf(b, field)]);
  }
  const nameOf = ({ field, set }: CurveRecord) => `${CURVE_FIELDS[field]}${set && ` of ${set}`}`;
  for (const [name, first, second] of named(a.curves, b.curves, nameOf)) {
    yield* ofParts(`${place}: ${name}`, first, second, 'a curve', curveDifferences);
  }
}

/** A dict whose keys are no epochs has no curves, as an empty one. */
function stateOf({ fields, curves }: TrialRecord, field: number): number {
  return fields[field] === FIELD_STATE.dict && !curves.some((curve) => curve.field === field)
    ? FIELD_STATE.empty
    : fields[field]!;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float64Array) => Buffer.from(buffer, byteOffset, byteLength);
const KINDS = ['missing', 'there', 'a 32-bit float'];

function* curveDifferences(place: string, a: CurveRecord, b: CurveRecord): Generator<Difference> {
  const whole = !a.presence && !b.presence && !a.inOrder && !b.inOrder;
  if (whole && bytesOf(a.values).equals(bytesOf(b.values))) return;
  if (a.values.length !== b.values.length) {
    yield { place: `${place}: epochs`, first: a.values.length, second: b.values.length };
    return;
  }
  for (let epoch = 0; epoch < a.values.length; epoch++) {
    const [first, second] = [a, b].map(({ presence }) => presence?.[epoch] ?? 1);
    yield* valueDifference(`${place}, epoch ${epoch}`, KINDS[first!], KINDS[second!]);
    if (first !== 0 && second !== 0)
      yield* valueDifference(`${place}, epoch ${epoch}`, a.values[epoch], b.values[epoch]);
  }
  const order = (inOrder: Float64Array | undefined) => inOrder && Array.from(inOrder, String).join(' ');
  yield* valueDifference(`${place}: in the dict's order`, order(a.inOrder), order(b.inOrder));
}
