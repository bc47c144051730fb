import {
  type ArchitectureRecord,
  CURVE_FIELDS,
  type CurveRecord,
  FIELD_STATE,
  hpOfKey,
  RECORDED_ATTRIBUTES,
  type Reference,
  type StateRecord,
  type TrialRecord,
} from 'nas-bench-201';
import type { BenchmarkHeader, BenchmarkSource } from '../benchmark/source.js';
import { readError } from '../errors.js';
import { decodeJson } from '../json/decode.js';
import type { Bytes } from '../registry.js';

/** What a line may be long: a record takes 0.6 MB, the header of the size space 1 MB. */
const MAX_LINE = 1 << 28;

type Json = Record<string, unknown>;

interface Line {
  value: Json;
  /** Of its first byte. */
  offset: number;
}

/** The objects in a file, one a line. */
async function* lines(file: string, bytes: Bytes): AsyncGenerator<Line> {
  let gathered: Uint8Array[] = [];
  let size = 0;
  let offset = 0;
  const take = (): Line | undefined => {
    const text = Buffer.concat(gathered).toString();
    const line = { offset, text };
    offset += size;
    gathered = [];
    size = 0;
    if (text.trim() === '') return undefined;
    try {
      return { value: object(JSON.parse(line.text), 'an object'), offset: line.offset };
    } catch (error) {
      throw readError('BAD_RECORD', file, line.offset, (error as Error).message, error);
    }
  };
  for await (const piece of bytes) {
    let from = 0;
    for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, from)) {
      gathered.push(piece.subarray(from, end + 1));
      size += end + 1 - from;
      from = end + 1;
      const line = take();
      if (line) yield line;
    }
    gathered.push(piece.subarray(from));
    size += piece.length - from;
    if (size > MAX_LINE) throw readError('LIMIT', file, offset, `expected a line of at most ${MAX_LINE} bytes`);
  }
  const last = take();
  if (last) yield last;
}

function object(value: unknown, what: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError(`expected ${what}`);
  return value as Json;
}

function numbers(value: unknown, what: string): number[] {
  if (!Array.isArray(value)) throw new TypeError(`expected a list of numbers for ${what}`);
  return value.map((item) => numberOf(item, what).value);
}

function numberOf(value: unknown, what: string): { value: number; single: boolean } {
  if (typeof value === 'number') return { value, single: false };
  const { $float: special, $float32: single } = (value ?? {}) as Json;
  const number = special === undefined ? single : decodeJson(value);
  if (typeof number !== 'number') throw new TypeError(`expected a number in ${what}, found ${JSON.stringify(value)}`);
  return { value: number, single: single !== undefined };
}

function wholeNumber(value: unknown, what: string, most = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isSafeInteger(value) || Math.abs(value as number) > most) {
    throw new TypeError(`expected a whole number for ${what}, found ${JSON.stringify(value)}`);
  }
  return value as number;
}

/** Epochs that a trial may have, and numbers that its curves of one kind may have: arrays are made of this length. */
const MAX_EPOCHS = 1e5;
const MAX_NUMBERS = 1e7;

/** The curves in a dict by epochs ({"12":93.1}) or by sets and epochs ({"x-valid@12":91.2}). */
function curvesOf(dict: Json, field: number, epochs: number, inOrder: number[] | undefined): CurveRecord[] {
  const name = CURVE_FIELDS[field]!;
  const training = name.startsWith('train');
  const sets = new Map<string, { values: Float64Array; presence: Uint8Array }>();
  for (const key in dict) {
    const at = training ? -1 : key.lastIndexOf('@');
    const set = at < 0 ? '' : key.slice(0, at);
    const epoch = Number(key.slice(at + 1));
    if (!Number.isInteger(epoch) || epoch < 0 || epoch >= epochs || (at < 0 && !training)) {
      throw new TypeError(`expected an epoch from 0 to ${epochs - 1} in ${name}, found '${key}'`);
    }
    let curve = sets.get(set);
    if (!curve) {
      if (epochs * (sets.size + 1) > MAX_NUMBERS)
        throw new RangeError(`expected at most ${MAX_NUMBERS} numbers in ${name}`);
      curve = { values: new Float64Array(epochs), presence: new Uint8Array(epochs) };
      sets.set(set, curve);
    }
    const { value, single } = numberOf(dict[key], name);
    curve.values[epoch] = value;
    curve.presence[epoch] = single ? 2 : 1;
  }
  return [...sets].map(([set, { values, presence }]) => ({
    field,
    set,
    values,
    presence: presence.every((p) => p === 1) ? undefined : presence,
    inOrder: inOrder && Float64Array.from(inOrder),
  }));
}

function trialOf(dataset: string, seed: number, json: Json): TrialRecord {
  const epochs = wholeNumber(json.epochs, 'epochs', MAX_EPOCHS);
  const inOrder = object(json.$in_order ?? {}, 'an object for $in_order');
  const curves: CurveRecord[] = [];
  const fields = CURVE_FIELDS.map((name, field) => {
    const value = json[name];
    if (value === undefined) return 0;
    if (value === null) return FIELD_STATE.none;
    const own = inOrder[name] === undefined ? undefined : numbers(inOrder[name], name);
    const found = curvesOf(object(value, `an object for ${name}`), field, epochs, own);
    curves.push(...found);
    return found.length > 0 ? FIELD_STATE.dict : FIELD_STATE.empty;
  });
  const attributes = Object.entries(json).filter(([name]) => !RECORDED_ATTRIBUTES.has(name) && name !== '$in_order');
  const { latency } = json;
  return {
    dataset,
    seed,
    epochs,
    flop: json.flop === undefined ? Number.NaN : numberOf(json.flop, 'flop').value,
    params: json.params === undefined ? Number.NaN : numberOf(json.params, 'params').value,
    latency: latency === undefined || latency === null ? latency : Float64Array.from(numbers(latency, 'latency')),
    fields,
    curves,
    attributes: new Map(attributes.map(([name, value]) => [name, decodeJson(value)])),
  };
}

function stateOf(hp: string, json: Json): StateRecord {
  const results = Object.entries(object(json.all_results, 'an object for all_results'));
  const seeds = Object.entries(object(json.dataset_seed, 'an object for dataset_seed'));
  return {
    hp,
    archIndex: wholeNumber(json.arch_index, 'arch_index'),
    archStr: String(json.arch_str),
    cleared: json.clear_net_done === true,
    datasets: seeds.map(([name, list]) => ({ name, seeds: numbers(list, 'dataset_seed') })),
    trials: results.flatMap(([dataset, trials]) =>
      Object.entries(object(trials, 'trials by seed')).map(([seed, trial]) =>
        trialOf(dataset, wholeNumber(Number(seed), 'a seed'), object(trial, 'a trial')),
      ),
    ),
  };
}

function recordOf(json: Json): ArchitectureRecord {
  const states = Object.entries(json).filter(([key]) => key !== 'index');
  return {
    index: wholeNumber(json.index, 'index'),
    states: states.map(([key, state]) => stateOf(hpOfKey(key), object(state, `an object for ${key}`))),
  };
}

function headerOf(json: Json): BenchmarkHeader {
  const { meta_archs: archs, evaluated_indexes: evaluated, reference } = json;
  if (!Array.isArray(archs)) throw new TypeError('expected a header with meta_archs first');
  return {
    metaArchs: archs.map(String),
    evaluated: numbers(evaluated, 'evaluated_indexes'),
    reference: (reference === 'nats-bench' ? 'nats-bench' : 'nas-bench-201') satisfies Reference,
  };
}

/** Reads JSON Lines from their beginning to their end. @throws ReadError */
export async function readJsonLines(file: string, bytes: Bytes): Promise<BenchmarkSource> {
  const stream = lines(file, bytes);
  const decoded = <T>({ value, offset }: Line, decode: (json: Json) => T): T => {
    try {
      return decode(value);
    } catch (error) {
      throw readError('BAD_RECORD', file, offset, (error as Error).message, error);
    }
  };
  const first = (await stream.next()).value as Line | undefined;
  if (!first) throw readError('NOT_A_BENCHMARK', file, 0, 'expected a header, found nothing');
  return {
    header: decoded(first, headerOf),
    async *records({ archs, signal } = {}) {
      const wanted = archs && new Set(archs);
      for await (const line of stream) {
        signal?.throwIfAborted();
        if (!wanted || wanted.has(line.value.index as number)) yield [decoded(line, recordOf)];
      }
    },
    close: () => void stream.return(undefined),
  };
}
