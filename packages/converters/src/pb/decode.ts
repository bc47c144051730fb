import {
  type ArchitectureRecord,
  CURVE_FIELDS,
  type CurveRecord,
  FIELD_STATE,
  type PythonValue,
  type StateRecord,
  type TrialRecord,
} from 'nas-bench-201';
import protobuf from 'protobufjs';
import { attributesOf } from '../benchmark/attributes.js';
import type { BenchmarkHeader } from '../benchmark/source.js';
import { ARCHITECTURE, CURVE, FIELD, HEADER, LATENCY, REFERENCES, RESULTS, SEEDS, TRIAL, VERSION } from './schema.js';

type Reader = protobuf.Reader;
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Reads the fields of a message up to its end; what is not known is passed over, as the format wants it. */
function fields(reader: Reader, end: number, known: Record<number, () => void>): void {
  while (reader.pos < end) {
    const tag = reader.uint32();
    const read = known[tag];
    if (read) read();
    else reader.skipType(tag & 7);
  }
  if (reader.pos !== end) throw new RangeError(`expected a message to end at byte ${end}`);
}

function message(reader: Reader, known: Record<number, () => void>): void {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) throw new RangeError(`expected ${length} bytes of a message`);
  fields(reader, end, known);
}

/** Packed numbers of 64 bits, copied: they lie at any byte. */
function doubles(reader: Reader): Float64Array {
  const bytes = reader.bytes();
  if (bytes.length % 8 !== 0) throw new RangeError(`expected packed doubles, found ${bytes.length} bytes`);
  return new Float64Array(new Uint8Array(bytes).buffer);
}

function packed(reader: Reader, to: number[], read: () => number): void {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) throw new RangeError(`expected ${length} bytes of numbers`);
  while (reader.pos < end) to.push(read());
}

const int64 = (reader: Reader) => Number(reader.int64());

function curve(reader: Reader, field: number): CurveRecord {
  const out: Mutable<CurveRecord> = { field, set: '', values: new Float64Array(0) };
  message(reader, {
    [CURVE.set]: () => {
      out.set = reader.string();
    },
    [CURVE.values]: () => {
      out.values = doubles(reader);
    },
    [CURVE.presence]: () => {
      out.presence = new Uint8Array(reader.bytes());
    },
    [CURVE.in_order]: () => {
      out.inOrder = doubles(reader);
    },
  });
  if (out.presence && out.presence.length !== out.values.length) {
    throw new RangeError(`expected ${out.values.length} bytes of presence, found ${out.presence.length}`);
  }
  return out;
}

function latency(reader: Reader): Float64Array | null {
  let none = false;
  let seconds = new Float64Array(0);
  message(reader, {
    [LATENCY.none]: () => {
      none = reader.bool();
    },
    [LATENCY.seconds]: () => {
      seconds = doubles(reader) as Float64Array<ArrayBuffer>;
    },
  });
  return none ? null : seconds;
}

function trial(reader: Reader): TrialRecord {
  const curves: CurveRecord[] = [];
  const states = new Uint8Array(CURVE_FIELDS.length);
  const out: Mutable<TrialRecord> = {
    dataset: '',
    seed: 0,
    epochs: 0,
    flop: Number.NaN,
    params: Number.NaN,
    latency: undefined,
    fields: states,
    curves,
    attributes: new Map<string, PythonValue>(),
  };
  const field = (number: number) => () => {
    states[number] = FIELD_STATE.empty;
    message(reader, {
      [FIELD.none]: () => {
        if (reader.bool()) states[number] = FIELD_STATE.none;
      },
      [FIELD.curves]: () => {
        states[number] = FIELD_STATE.dict;
        curves.push(curve(reader, number));
      },
    });
  };
  message(reader, {
    [TRIAL.dataset]: () => {
      out.dataset = reader.string();
    },
    [TRIAL.seed]: () => {
      out.seed = int64(reader);
    },
    [TRIAL.epochs]: () => {
      out.epochs = reader.uint32();
    },
    [TRIAL.flop]: () => {
      out.flop = reader.double();
    },
    [TRIAL.params]: () => {
      out.params = reader.double();
    },
    [TRIAL.latency]: () => {
      out.latency = latency(reader);
    },
    [TRIAL.attributes]: () => {
      out.attributes = attributesOf(reader.string());
    },
    ...Object.fromEntries(CURVE_FIELDS.map((name, number) => [TRIAL[name], field(number)])),
  });
  // Programs in other languages may write fields in any order; records have their curves by field.
  curves.sort((a, b) => a.field - b.field);
  return out;
}

function state(reader: Reader): StateRecord {
  const datasets: { name: string; seeds: number[] }[] = [];
  const trials: TrialRecord[] = [];
  const out: Mutable<StateRecord> = { hp: '', archIndex: 0, archStr: '', cleared: false, datasets, trials };
  message(reader, {
    [RESULTS.hp]: () => {
      out.hp = reader.string();
    },
    [RESULTS.arch_index]: () => {
      out.archIndex = reader.int32();
    },
    [RESULTS.arch_str]: () => {
      out.archStr = reader.string();
    },
    [RESULTS.clear_net_done]: () => {
      out.cleared = reader.bool();
    },
    [RESULTS.dataset_seed]: () => {
      const entry = { name: '', seeds: [] as number[] };
      message(reader, {
        [SEEDS.dataset]: () => {
          entry.name = reader.string();
        },
        [SEEDS.seeds]: () => packed(reader, entry.seeds, () => int64(reader)),
      });
      datasets.push(entry);
    },
    [RESULTS.trials]: () => trials.push(trial(reader)),
  });
  return out;
}

/** The bytes of an `Architecture`. @throws an error of any class where they are none */
export function decodeArchitecture(bytes: Uint8Array): ArchitectureRecord {
  const reader = protobuf.Reader.create(bytes);
  const states: StateRecord[] = [];
  let index = 0;
  fields(reader, bytes.length, {
    [ARCHITECTURE.index]: () => {
      index = reader.uint32();
    },
    [ARCHITECTURE.results]: () => states.push(state(reader)),
  });
  return { index, states };
}

/** The index of an `Architecture`, from its first bytes: it is written first. */
export function architectureIndex(bytes: Uint8Array): number {
  const reader = protobuf.Reader.create(bytes);
  return reader.len > 0 && reader.uint32() === ARCHITECTURE.index ? reader.uint32() : 0;
}

/** The bytes of a `Header`. @throws an error of any class where they are none */
export function decodeHeader(bytes: Uint8Array): BenchmarkHeader {
  const reader = protobuf.Reader.create(bytes);
  const metaArchs: string[] = [];
  const evaluated: number[] = [];
  let reference = 0;
  let version = 0;
  fields(reader, bytes.length, {
    [HEADER.version]: () => {
      version = reader.uint32();
    },
    [HEADER.meta_archs]: () => metaArchs.push(reader.string()),
    [HEADER.evaluated_indexes]: () => packed(reader, evaluated, () => reader.uint32()),
    [HEADER.reference]: () => {
      reference = reader.int32();
    },
  });
  if (version !== VERSION) throw new RangeError(`expected version ${VERSION} of the format, found ${version}`);
  return { metaArchs, evaluated, reference: REFERENCES[reference] ?? 'nas-bench-201' };
}
