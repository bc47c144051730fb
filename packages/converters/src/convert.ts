import type { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { ArchitectureRecord } from 'nas-bench-201';
import { type Selection, selectedIndexes, selectHeader, selectRecord } from './benchmark/selection.js';
import type { BenchmarkSource } from './benchmark/source.js';
import { SUMMARY_COLUMNS, type SummaryRow, summaryRows } from './benchmark/summary.js';
import { ConvertError } from './errors.js';
import { openBenchmark } from './open.js';
import { compressed } from './output/compression.js';
import { createOutputFile, type OutputFile, streamOutput } from './output/output.js';
import { type Format, type FormatOptions, formatFor } from './registry.js';

export interface ConvertProgress {
  /** Architectures read so far, and in all where that is known. */
  architectures: number;
  total: number;
  /** Bytes written so far. */
  bytes: number;
}

export interface ConvertOptions extends Selection, FormatOptions {
  /** The summary table instead of the records: one row an architecture, set of hyper-parameters and data set. */
  summary?: boolean | undefined;
  /** The format, by its name or extension. Default: what the sink's name says. */
  format?: string | undefined;
  /** Replace a file that is there. */
  force?: boolean | undefined;
  onProgress?: ((progress: ConvertProgress) => void) | undefined;
  /** What is lost in this format, in one sentence. */
  onWarning?: ((message: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** What was written. */
export interface Conversion {
  format: string;
  architectures: number;
  trials: number;
  /** Of the summary; 0 where records were written. */
  rows: number;
  /** Numbers in curves. */
  values: number;
  bytes: number;
  seconds: number;
}

const TRIALS = SUMMARY_COLUMNS.findIndex(({ name }) => name === 'trials');
/** Records of which the progress is reported at once. */
const REPORT_EVERY = 16;

/**
 * Converts a benchmark, whole or in part.
 * @param from a benchmark's file or folder, of any kind that is read, or an open source (which stays open)
 * @param to a file's name, whose end tells the format, or a stream, which stays open
 * @throws ConvertError, ReadError, or the signal's reason where it was aborted; then nothing is left in `to`
 */
export async function convert(
  from: string | BenchmarkSource,
  to: string | Writable,
  options: ConvertOptions = {},
): Promise<Conversion> {
  const began = performance.now();
  const { signal, force } = options;
  const { format, compression } = formatFor(options.format ?? (typeof to === 'string' ? to : ''));
  const summary = options.summary ?? format.write === undefined;
  checkFormat(format, summary, options);
  signal?.throwIfAborted();
  const source = typeof from === 'string' ? await openBenchmark(from, { signal }) : from;
  try {
    const plain = typeof to === 'string' ? await createOutputFile(to, { force }) : streamOutput(to);
    const output = compression ? compressed(plain, compression) : plain;
    try {
      const counts = await write(format, summary, source, output, options);
      signal?.throwIfAborted();
      await output.commit();
      return { format: format.name, ...counts, bytes: output.bytes, seconds: (performance.now() - began) / 1000 };
    } catch (error) {
      await output.discard();
      throw error;
    }
  } finally {
    if (typeof from === 'string') source.close();
  }
}

function checkFormat(format: Format, summary: boolean, { sets, fields }: ConvertOptions): void {
  if (summary ? !format.writeSummary : !format.write) {
    throw new ConvertError('CANNOT_HOLD', `${format.name} holds no ${summary ? 'summary' : 'records'}`);
  }
  for (const [name, list] of Object.entries({ sets, fields })) {
    if (list?.length === 0) throw new ConvertError('BAD_SELECTION', `expected some ${name}, found none`);
  }
}

async function write(
  format: Format,
  summary: boolean,
  source: BenchmarkSource,
  output: OutputFile,
  options: ConvertOptions,
): Promise<Pick<Conversion, 'architectures' | 'trials' | 'rows' | 'values'>> {
  const { signal, onProgress, onWarning } = options;
  const archs = selectedIndexes(source.header, options);
  const total = archs?.length ?? source.header.evaluated.length;
  const counts = { architectures: 0, trials: 0, rows: 0, values: 0 };
  let cleared = true;
  const report = () => onProgress?.({ architectures: counts.architectures, total, bytes: output.bytes });
  // The epoch of the summary is chosen among whole curves: what it says of times adds up all epochs before.
  const selection = summary ? { ...options, epochs: 'all' as const } : options;

  async function* selected(only = archs): AsyncGenerator<ArchitectureRecord> {
    for await (const batch of source.records({ archs: only, signal })) {
      for (const whole of batch) {
        signal?.throwIfAborted();
        const record = selectRecord(whole, selection);
        if (!record) continue;
        for (const state of record.states) {
          cleared &&= state.cleared;
          counts.trials += state.trials.length;
          for (const { curves } of state.trials) for (const { values } of curves) counts.values += values.length;
        }
        yield record;
        if (++counts.architectures % REPORT_EVERY === 0) report();
      }
    }
    report();
  }
  async function* rows(): AsyncGenerator<SummaryRow[]> {
    const { hp, datasets, sets, fields, epochs } = options;
    const epoch = typeof epochs === 'number' ? epochs : 'last';
    // The last epoch of most records is known without reading them.
    const short = source.indexes && source.knownSummary && !sets && !fields && epoch === 'last';
    const there = new Set(source.indexes);
    const parts = short ? (archs?.filter((index) => there.has(index)) ?? source.indexes!) : [undefined];
    for (const index of parts) {
      const known = index === undefined ? undefined : source.knownSummary!(index, hp, datasets);
      if (known) {
        if (known.length > 0) yield counted(known);
        for (const row of known) counts.trials += row[TRIALS] as number;
        if (++counts.architectures % REPORT_EVERY === 0) {
          report();
          await setImmediate();
        }
        signal?.throwIfAborted();
      } else {
        for await (const record of selected(index === undefined ? archs : [index])) {
          yield counted(summaryRows(record, source.header, epoch));
        }
      }
    }
    report();
  }
  const counted = (some: SummaryRow[]): SummaryRow[] => {
    counts.rows += some.length;
    return some;
  };
  if (summary) await format.writeSummary!(rows(), output);
  else await format.write!(selectHeader(source.header, options), selected(), output, options);
  if (counts.architectures === 0)
    throw new ConvertError('BAD_SELECTION', 'nothing was selected: there is no such record');
  if (!cleared) onWarning?.('weights are not converted');
  return counts;
}
