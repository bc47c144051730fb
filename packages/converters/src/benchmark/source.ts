import { statSync } from 'node:fs';
import type { ArchitectureRecord, NASBench201API, RecordStore, Reference } from 'nas-bench-201';

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
  /** Batches of records. @throws ReadError; the signal's reason where it was aborted */
  records(options?: ReadOptions): AsyncIterable<readonly ArchitectureRecord[]>;
  close(): void;
}

/** A benchmark that the API has open. */
export function sourceOfApi(api: NASBench201API): BenchmarkSource {
  return {
    header: {
      metaArchs: api.metaArchs,
      // Of a folder the API lists what it has opened so far.
      evaluated: statSync(api.path).isDirectory() ? api.recordedIndexes : api.evaluatedIndexes,
      reference: api.reference,
    },
    records: (options = {}) => api.records(options),
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
