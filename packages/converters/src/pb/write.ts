import { type ArchitectureRecord, CURVE_FIELDS, type CurveRecord, FIELD_STATE, type TrialRecord } from 'nas-bench-201';
import protobuf from 'protobufjs';
import { attributesJson } from '../benchmark/attributes.js';
import type { BenchmarkHeader } from '../benchmark/source.js';
import type { Output } from '../output/output.js';
import {
  ARCHITECTURE,
  BENCHMARK,
  CURVE,
  FIELD,
  HEADER,
  LATENCY,
  REFERENCES,
  RESULTS,
  SEEDS,
  TRIAL,
  VERSION,
} from './schema.js';

type Writer = protobuf.Writer;

/** Numbers of 64 bits as they lie in memory: what packed doubles are. Not one by one, there are 280 million. */
function doubles(writer: Writer, tag: number, values: Float64Array): void {
  if (values.length === 0) return;
  writer.uint32(tag).bytes(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
}

function text(writer: Writer, tag: number, value: string): void {
  if (value !== '') writer.uint32(tag).string(value);
}

function message(writer: Writer, tag: number, content: (writer: Writer) => void): void {
  writer.uint32(tag).fork();
  content(writer);
  writer.ldelim();
}

function curve(writer: Writer, { set, values, presence, inOrder }: CurveRecord): void {
  text(writer, CURVE.set, set);
  doubles(writer, CURVE.values, values);
  if (presence) writer.uint32(CURVE.presence).bytes(presence);
  if (inOrder) doubles(writer, CURVE.in_order, inOrder);
}

function trial(writer: Writer, record: TrialRecord): void {
  const { dataset, seed, epochs, flop, params, latency, attributes, fields, curves } = record;
  text(writer, TRIAL.dataset, dataset);
  writer.uint32(TRIAL.seed).int64(seed);
  writer.uint32(TRIAL.epochs).uint32(epochs);
  if (!Number.isNaN(flop)) writer.uint32(TRIAL.flop).double(flop);
  if (!Number.isNaN(params)) writer.uint32(TRIAL.params).double(params);
  if (latency !== undefined) {
    message(writer, TRIAL.latency, () =>
      latency ? doubles(writer, LATENCY.seconds, latency) : writer.uint32(LATENCY.none).bool(true),
    );
  }
  text(writer, TRIAL.attributes, attributesJson(attributes));
  CURVE_FIELDS.forEach((name, field) => {
    if (fields[field] === FIELD_STATE.missing) return;
    message(writer, TRIAL[name], () => {
      if (fields[field] === FIELD_STATE.none) writer.uint32(FIELD.none).bool(true);
      for (const one of curves) {
        if (one.field === field) message(writer, FIELD.curves, () => curve(writer, one));
      }
    });
  });
}

function architecture(writer: Writer, { index, states }: ArchitectureRecord): void {
  writer.uint32(ARCHITECTURE.index).uint32(index);
  for (const state of states) {
    message(writer, ARCHITECTURE.results, () => {
      text(writer, RESULTS.hp, state.hp);
      writer.uint32(RESULTS.arch_index).int32(state.archIndex);
      text(writer, RESULTS.arch_str, state.archStr);
      if (state.cleared) writer.uint32(RESULTS.clear_net_done).bool(true);
      for (const { name, seeds } of state.datasets) {
        message(writer, RESULTS.dataset_seed, () => {
          text(writer, SEEDS.dataset, name);
          message(writer, SEEDS.seeds, () => {
            for (const seed of Array.from(seeds)) writer.int64(seed);
          });
        });
      }
      for (const one of state.trials) message(writer, RESULTS.trials, () => trial(writer, one));
    });
  }
}

function header(writer: Writer, { metaArchs, evaluated, reference }: BenchmarkHeader): void {
  writer.uint32(HEADER.version).uint32(VERSION);
  for (const arch of metaArchs) writer.uint32(HEADER.meta_archs).string(arch);
  message(writer, HEADER.evaluated_indexes, () => {
    for (const index of evaluated) writer.uint32(index);
  });
  writer.uint32(HEADER.reference).int32(REFERENCES.indexOf(reference));
}

/** Writes a file of the format that `nas_bench_201.proto` describes. */
export async function writePb(
  head: BenchmarkHeader,
  records: AsyncIterable<ArchitectureRecord>,
  output: Output,
): Promise<void> {
  const write = (tag: number, content: (writer: Writer) => void) => {
    const writer = protobuf.Writer.create();
    message(writer, tag, content);
    return output.write(writer.finish());
  };
  await write(BENCHMARK.header, (writer) => header(writer, head));
  for await (const record of records) await write(BENCHMARK.architectures, (writer) => architecture(writer, record));
}
