import { Writable } from 'node:stream';
import {
  type ArchitectureRecord,
  CURVE_FIELDS,
  CurveDict,
  DictStream,
  epochOrder,
  FIELD_STATE,
  Float32,
  Float64,
  type Reference,
  type StateRecord,
  type TrialRecord,
  Tuple,
  type WritableValue,
  writeTorch,
} from 'nas-bench-201';
import type { BenchmarkHeader } from '../benchmark/source.js';
import { hpKey } from '../jsonl/text.js';
import type { Output } from '../output/output.js';
import type { FormatOptions } from '../registry.js';

type Dict = Map<WritableValue, WritableValue>;

const floats = (values: ArrayLike<number>) => Array.from(values, (value) => new Float64(value));

/** A dict in an order of its own, which keys and numbers tell one by one. */
function orderedDict(trial: TrialRecord, field: number): WritableValue | undefined {
  const curve = trial.curves.find((c) => c.field === field && c.inOrder);
  if (!curve) return undefined;
  const number = (value: number, epoch: number) =>
    curve.presence?.[epoch] === 2 ? new Float32(value) : new Float64(value);
  return new Map(epochOrder(curve).map((epoch, i) => [epoch, number(curve.inOrder![i]!, epoch)] as const));
}

function fieldValue(trial: TrialRecord, field: number): WritableValue {
  if (trial.fields[field] === FIELD_STATE.none) return null;
  const own = trial.curves.filter((curve) => curve.field === field);
  return orderedDict(trial, field) ?? new CurveDict(own);
}

function trialValue(trial: TrialRecord): Dict {
  const { attributes, epochs, flop, params, latency } = trial;
  const out: Dict = new Map<WritableValue, WritableValue>(attributes);
  out.set('net_state_dict', null);
  out.set('epochs', epochs);
  if (!Number.isNaN(flop)) out.set('flop', new Float64(flop));
  if (!Number.isNaN(params)) out.set('params', new Float64(params));
  if (latency !== undefined) out.set('latency', latency && floats(latency));
  CURVE_FIELDS.forEach((name, field) => {
    if (trial.fields[field] !== FIELD_STATE.missing) out.set(name, fieldValue(trial, field));
  });
  return out;
}

function stateValue({ archIndex, archStr, cleared, datasets, trials }: StateRecord): Dict {
  const results = trials.map((trial) => [Tuple.from([trial.dataset, trial.seed]), trialValue(trial)] as const);
  return new Map<WritableValue, WritableValue>([
    ['arch_index', archIndex],
    ['arch_str', archStr],
    ['all_results', new Map<WritableValue, WritableValue>(results as never)],
    ['dataset_seed', new Map(datasets.map(({ name, seeds }) => [name, Array.from(seeds)]))],
    ['clear_net_done', cleared],
  ]);
}

const recordValue = ({ states }: ArchitectureRecord, reference: Reference): Dict =>
  new Map(states.map((state) => [hpKey(state.hp, reference), stateValue(state)]));

/** Writes a file of the original structure, record by record. */
export async function writePth(
  { metaArchs, evaluated, reference }: BenchmarkHeader,
  records: AsyncIterable<ArchitectureRecord>,
  output: Output,
  { container = 'legacy' }: FormatOptions,
): Promise<void> {
  async function* infos() {
    for await (const record of records) yield [record.index, recordValue(record, reference)] as const;
  }
  const whole = new DictStream([
    ['meta_archs', [...metaArchs]],
    ['total_archs', metaArchs.length],
    ['arch2infos', new DictStream(infos())],
    ['evaluated_indexes', [...evaluated]],
  ]);
  const stream = new Writable({
    write: (bytes: Uint8Array, _, done) => void output.write(bytes).then(() => done(), done),
  });
  // NumPy rounds the means of 32-bit floats, so they have to be NumPy's in the file.
  await writeTorch(stream, whole, { container, float32: 'numpy' });
  await new Promise<void>((resolve, reject) => {
    stream.on('error', reject);
    stream.end(resolve);
  });
}
