import type { ArchitectureRecord, RecordStore } from 'nas-bench-201';
import { arrow } from './arrow/format.js';
import type { BenchmarkHeader, BenchmarkSource } from './benchmark/source.js';
import type { SummaryRow } from './benchmark/summary.js';
import { csv } from './csv/format.js';
import { ConvertError } from './errors.js';
import { json } from './json/format.js';
import { jsonLines } from './jsonl/format.js';
import { type Compression, splitCompression } from './output/compression.js';
import type { Output } from './output/output.js';
import { parquet } from './parquet/format.js';
import { pb } from './pb/format.js';
import { pth } from './pth/format.js';

/** Bytes of a file from its first to its last. */
export type Bytes = AsyncIterable<Uint8Array>;

/** What some formats leave to the user. */
export interface FormatOptions {
  /** Of a `.pth`: as the published files are (`legacy`, the default), or as torch has written since 1.6 (`zip`). */
  container?: 'legacy' | 'zip' | undefined;
}

/**
 * A format of benchmarks. What is heavy is loaded when it is asked for. Each of the functions may be left out: a format
 * that has no `read` cannot be read.
 */
export interface Format {
  name: string;
  /** For people: one line. */
  about: string;
  /** Of its files, with the dot. */
  extensions: readonly string[];
  /** Whether it compresses by itself, so that nothing is gained by compressing it again. */
  compresses: boolean;
  /** Writes all records. @throws what the output reports */
  write?(
    header: BenchmarkHeader,
    records: AsyncIterable<ArchitectureRecord>,
    output: Output,
    options: FormatOptions,
  ): Promise<void>;
  /** Writes the summary table. */
  writeSummary?(rows: AsyncIterable<SummaryRow[]>, output: Output): Promise<void>;
  /** Reads from the beginning to the end. @throws ReadError */
  read?(file: string, bytes: Bytes): Promise<BenchmarkSource>;
  /** Opens a file to be asked for records in any order. @throws ReadError */
  open?(path: string): Promise<RecordStore>;
}

/** A format that somebody adds is a folder and a line here. */
export const FORMATS: readonly Format[] = [pb, jsonLines, json, parquet, arrow, csv, pth];

/** The format of a file of this name, without what compresses it. */
export function formatOfFile(name: string): Format | undefined {
  return FORMATS.find(({ extensions }) => extensions.some((extension) => name.toLowerCase().endsWith(extension)));
}

const names = FORMATS.flatMap((format) => format.extensions).join(', ');

/**
 * The format of a file's name (`out.jsonl.gz`) or a format's own (`jsonl`), and how it is compressed.
 * @throws ConvertError UNKNOWN_FORMAT
 */
export function formatFor(name: string): { format: Format; compression: Compression | undefined } {
  const [bare, compression] = splitCompression(name);
  const format = FORMATS.find((f) => f.name === bare) ?? formatOfFile(bare);
  if (!format) throw new ConvertError('UNKNOWN_FORMAT', `expected a name that ends in ${names}, found '${name}'`);
  if (compression && format.compresses) {
    throw new ConvertError('UNSUPPORTED', `${format.name} compresses by itself: leave ${compression} out`);
  }
  return { format, compression };
}
