import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { ArchitectureRecord } from 'nas-bench-201';
import type { BenchmarkHeader } from '../benchmark/source.js';
import type { SummaryRow } from '../benchmark/summary.js';
import type { Output } from '../output/output.js';
import { SUMMARY_TABLE, type TableColumn, TRIAL_COLUMNS, TRIAL_SCALARS } from '../table/columns.js';
import { type TrialRow, trialRows } from '../table/rows.js';
import { writeLists } from './lists.js';
import { type FileMetadata, METADATA_KEY, schemaOf } from './schema.js';

/** Trials a row group: some 10 MB of curves. */
const GROUP = 1000;
/** Rows of the summary a row group. */
const SUMMARY_GROUP = 100_000;

/** Bytes that there is room for at first: some columns of a row group take more, and get it. */
const PIECE = 1 << 20;

/** A file that is written one row group after another. */
class TableFile {
  readonly #bytes = new ByteWriter(PIECE);
  readonly #writer: ParquetWriter;

  constructor(
    columns: readonly TableColumn[],
    readonly output: Output,
  ) {
    this.#writer = new ParquetWriter({
      writer: this.#bytes,
      schema: schemaOf(columns),
      createdBy: '@nas-bench-201/converters',
    });
  }

  /** Writes a row group of columns of single values and, behind them, columns of lists. */
  async group(
    scalars: readonly TableColumn[],
    rows: readonly (readonly unknown[])[],
    lists: readonly TableColumn[] = [],
    listRows: readonly TrialRow[] = [],
  ): Promise<void> {
    if (rows.length === 0) return;
    const columnData = scalars.map(({ name }, c) => ({ name, data: rows.map((row) => row[c]) }));
    this.#writer.write({ columnData, rowGroupSize: rows.length });
    const group = this.#writer.row_groups.at(-1)!;
    await this.#flush();
    for (const [c, { name }] of lists.entries()) {
      const written = writeLists(
        this.#bytes,
        name,
        listRows.map((row) => row.lists[c]!),
      );
      group.columns.push(written.chunk);
      this.#writer.pendingIndexes.push(written);
      const { total_compressed_size } = written.chunk.meta_data!;
      group.total_byte_size += total_compressed_size;
      group.total_compressed_size! += total_compressed_size;
      await this.#flush();
    }
  }

  async finish(metadata?: FileMetadata): Promise<void> {
    if (metadata) this.#writer.kvMetadata = [{ key: METADATA_KEY, value: JSON.stringify(metadata) }];
    this.#writer.finish();
    await this.#flush();
  }

  async #flush(): Promise<void> {
    const { buffer, index } = this.#bytes;
    // What was handed over belongs to the output.
    this.#bytes.buffer = new ArrayBuffer(PIECE);
    this.#bytes.view = new DataView(this.#bytes.buffer);
    this.#bytes.index = 0;
    await this.output.write(new Uint8Array(buffer, 0, index));
  }
}

const LISTS = TRIAL_COLUMNS.slice(TRIAL_SCALARS.length);

/** One row a trial. */
export async function writeParquet(
  header: BenchmarkHeader,
  records: AsyncIterable<ArchitectureRecord>,
  output: Output,
): Promise<void> {
  const file = new TableFile(TRIAL_COLUMNS, output);
  const withoutTrials: NonNullable<FileMetadata['without_trials']> = [];
  let rows: TrialRow[] = [];
  const flush = async () => {
    await file.group(
      TRIAL_SCALARS,
      rows.map(({ scalars }) => scalars),
      LISTS,
      rows,
    );
    rows = [];
  };
  for await (const record of records) {
    for (const { hp, archIndex, archStr, cleared, trials } of record.states) {
      if (trials.length > 0) continue;
      withoutTrials.push({ index: record.index, hp, arch_index: archIndex, arch_str: archStr, cleared });
    }
    // All rows of an architecture stand in one group.
    rows.push(...trialRows(record));
    if (rows.length >= GROUP) await flush();
  }
  await flush();
  await file.finish({
    version: 1,
    meta_archs: header.metaArchs,
    evaluated_indexes: header.evaluated,
    reference: header.reference,
    ...(withoutTrials.length > 0 && { without_trials: withoutTrials }),
  });
}

/** One row an architecture, set of hyper-parameters and data set. */
export async function writeParquetSummary(rows: AsyncIterable<SummaryRow[]>, output: Output): Promise<void> {
  const file = new TableFile(SUMMARY_TABLE, output);
  let gathered: SummaryRow[] = [];
  for await (const some of rows) {
    gathered.push(...some);
    if (gathered.length < SUMMARY_GROUP) continue;
    await file.group(SUMMARY_TABLE, gathered);
    gathered = [];
  }
  await file.group(SUMMARY_TABLE, gathered);
  await file.finish();
}
