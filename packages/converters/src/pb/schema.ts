import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

/** The description that is part of the package: what is written and read takes its numbers from there. */
export const PROTO_PATH = new URL('../../proto/nas_bench_201.proto', import.meta.url);

const root = protobuf.parse(readFileSync(PROTO_PATH, 'utf8'), { keepCase: true }).root;

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const WIRE_TYPES: Record<string, number> = {
  bool: VARINT,
  double: FIXED64,
  int32: VARINT,
  int64: VARINT,
  uint32: VARINT,
};

/** The tags of a message's fields (number and wire type), by name. Numbers that repeat are packed. */
function tags<Name extends string>(message: string, ...names: Name[]): Record<Name, number> {
  const { fields } = root.lookupType(`nas_bench_201.${message}`);
  const tag = (name: Name) => {
    const { id, repeated, type } = fields[name]!;
    const isEnum = type === 'Reference';
    return (id << 3) | (isEnum ? VARINT : repeated ? LENGTH : (WIRE_TYPES[type] ?? LENGTH));
  };
  return Object.fromEntries(names.map((name) => [name, tag(name)])) as Record<Name, number>;
}

export const BENCHMARK = tags('Benchmark', 'header', 'architectures');
export const HEADER = tags('Header', 'version', 'meta_archs', 'evaluated_indexes', 'reference');
export const ARCHITECTURE = tags('Architecture', 'index', 'results');
export const RESULTS = tags('Results', 'hp', 'arch_index', 'arch_str', 'clear_net_done', 'dataset_seed', 'trials');
export const SEEDS = tags('DatasetSeeds', 'dataset', 'seeds');
export const LATENCY = tags('Latency', 'none', 'seconds');
export const FIELD = tags('Field', 'none', 'curves');
export const CURVE = tags('Curve', 'set', 'values', 'presence', 'in_order');
export const TRIAL = tags(
  'Trial',
  'dataset',
  'seed',
  'epochs',
  'flop',
  'params',
  'latency',
  'attributes',
  'train_acc1es',
  'train_acc5es',
  'train_losses',
  'train_times',
  'eval_acc1es',
  'eval_losses',
  'eval_times',
);

export const VERSION = 1;
/** Of the enum `Reference`. */
export const REFERENCES = ['nas-bench-201', 'nats-bench'] as const;
