import { statSync } from 'node:fs';
import type { ArchitectureRecord, NASBench201API, RecordStore, Reference } from 'nas-bench-201';
import { knownSummaryRows, type SummaryRow } from './summary.js';

/** What a benchmark says of itself besides its records. */
export interface BenchmarkHeader {
  /** The architectures, in the order of their indices. */
  metaArchs: readonly string[];
  /** `evaluated_indexes`, in the file's order. */
  evaluated: readonly number[];
  /** Whose kind of file it is: NAS-Bench-201's (`less`, `full`) or NATS-Bench's (`12`, `200`). */
  reference: Reference;
}

export interface ReadOptions {
  /** Only these architectures, ascending. Default: all that there are. */
  archs?: readonly number[] | undefined;
  signal?: AbortSignal | undefined;
}

/** Where records come from. A source is read once, from its beginning to its end. */
export interface BenchmarkSource {
  readonly header: BenchmarkHeader;
  /** The architectures that there are records of, ascending; undefined where that is not known before the end. */
  readonly indexes?: readonly number[] | undefined;
  /** Batches of records. @throws ReadError; the signal's reason where it was aborted */
  records(options?: ReadOptions): AsyncIterable<readonly ArchitectureRecord[]>;
  /**
   * The summary of an architecture after the last epoch, from what is known without reading its records; undefined where
   * it has to be made of these. No function: there is no short way.
   */
  knownSummary?(
    index: number,
    hps: readonly string[] | undefined,
    datasets: readonly string[] | undefined,
  ): SummaryRow[] | undefined;
  close(): void;
}

/** A benchmark that the API has open. */
export function sourceOfApi(api: NASBench201API): BenchmarkSource {
  const hpsOfSpace = api.arch(0).includes('~') ? (['12', '200'] as const) : (['01', '12', '90'] as const);
  return {
    indexes: api.recordedIndexes,
    header: {
      metaArchs: api.metaArchs,
      // Of a folder the API lists what it has opened so far.
      evaluated: statSync(api.path).isDirectory() ? api.recordedIndexes : api.evaluatedIndexes,
      reference: api.reference,
    },
    records: (options = {}) => api.records(options),
    knownSummary: (index, hps, datasets) =>
      knownSummaryRows(
        api,
        index,
        hpsOfSpace.filter((hp) => !hps || hps.includes(hp)),
        datasets,
      ),
    close: () => api.close(),
  };
}

/** Records of about 0.2 MB each. */
const BATCH = 16;

/** A store from its first record to its last. */
export function sourceOfStore(store: RecordStore): BenchmarkSource {
  const { metaArchs, evaluated, reference } = store;
  return {
    header: { metaArchs, evaluated, reference },
    indexes: store.indexes,
    async *records({ archs, signal } = {}) {
      const wanted = archs ?? store.indexes;
      for (let from = 0; from < wanted.length; from += BATCH) {
        signal?.throwIfAborted();
        yield wanted.slice(from, from + BATCH).flatMap((index) => store.record(index) ?? []);
      }
    },
    close: () => store.close(),
  };
}
