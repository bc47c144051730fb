import type * as Arrow from 'apache-arrow';
import type { ArchitectureRecord } from 'nas-bench-201';
import type { SummaryRow } from '../benchmark/summary.js';
import { ConvertError } from '../errors.js';
import type { Output } from '../output/output.js';
import { type ColumnType, SUMMARY_TABLE, type TableColumn, TRIAL_COLUMNS, TRIAL_SCALARS } from '../table/columns.js';
import { type List, type TrialRow, trialRows } from '../table/rows.js';

type ArrowModule = typeof Arrow;

/** Apache Arrow is a large package that only this format needs, so it is an optional one. */
async function loadArrow(): Promise<ArrowModule> {
  try {
    return await import('apache-arrow');
  } catch (error) {
    throw new ConvertError('MISSING_PACKAGE', 'Arrow files need the package apache-arrow: npm install apache-arrow', {
      cause: error,
    });
  }
}

function typeOf(arrow: ArrowModule, type: ColumnType): Arrow.DataType {
  switch (type) {
    case 'integer':
      return new arrow.Int32();
    case 'long':
      return new arrow.Int64();
    case 'number':
      return new arrow.Float64();
    case 'boolean':
      return new arrow.Bool();
    case 'text':
      return new arrow.Utf8();
    case 'list':
      return new arrow.List(new arrow.Field('element', new arrow.Float64(), true));
  }
}

/** A bit a place, as Arrow marks what is there. */
function bitmap(there: ArrayLike<unknown>): Uint8Array {
  const bits = new Uint8Array((there.length + 7) >> 3);
  for (let i = 0; i < there.length; i++) if (there[i]) bits[i >> 3]! |= 1 << (i & 7);
  return bits;
}

/** A column of lists: their numbers one behind another, copied a list at a time. */
function listData(arrow: ArrowModule, lists: readonly (List | null)[]): Arrow.Data {
  const valueOffsets = new Int32Array(lists.length + 1);
  lists.forEach((list, i) => {
    valueOffsets[i + 1] = valueOffsets[i]! + (list?.values.length ?? 0);
  });
  const values = new Float64Array(valueOffsets[lists.length]!);
  const gaps = lists.some((list) => list?.presence?.includes(0));
  const there = gaps ? new Uint8Array(values.length).fill(1) : undefined;
  lists.forEach((list, i) => {
    if (!list) return;
    values.set(list.values, valueOffsets[i]);
    if (list.presence) there?.set(list.presence, valueOffsets[i]);
  });
  const child = arrow.makeData({
    type: new arrow.Float64(),
    length: values.length,
    data: values,
    ...(there && { nullBitmap: bitmap(there), nullCount: there.filter((t) => t === 0).length }),
  });
  return arrow.makeData({
    type: typeOf(arrow, 'list') as Arrow.List,
    length: lists.length,
    valueOffsets,
    nullBitmap: bitmap(lists),
    nullCount: lists.filter((list) => list === null).length,
    child,
  });
}

/** The library's writer fills a queue without end; this one tells how much is in it, so that it can be emptied. */
function fileWriter(arrow: ArrowModule) {
  return new (class extends arrow.RecordBatchFileWriter {
    /** Bytes written so far. */
    get position(): number {
      return this._position;
    }
  })();
}

/** A file that is written one record batch after another. */
class ArrowFile {
  readonly #writer: ReturnType<typeof fileWriter>;
  readonly #schema: Arrow.Schema;
  readonly #bytes: AsyncIterator<Uint8Array>;
  #taken = 0;

  constructor(
    readonly arrow: ArrowModule,
    readonly columns: readonly TableColumn[],
    readonly output: Output,
  ) {
    this.#schema = new arrow.Schema(
      columns.map(({ name, type, optional }) => new arrow.Field(name, typeOf(arrow, type), optional)),
    );
    this.#writer = fileWriter(arrow);
    this.#writer.reset(undefined, this.#schema);
    this.#bytes = this.#writer[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  }

  async batch(rows: readonly (readonly unknown[])[], lists: readonly TrialRow[] = []): Promise<void> {
    if (rows.length === 0) return;
    const { arrow } = this;
    const children = this.columns.map(({ type }, c) =>
      type === 'list'
        ? listData(
            arrow,
            lists.map((row) => row.lists[c - TRIAL_SCALARS.length]!),
          )
        : arrow.vectorFromArray(
            rows.map((row) => row[c]),
            typeOf(arrow, type),
          ).data[0]!,
    );
    const data = arrow.makeData({ type: new arrow.Struct(this.#schema.fields), length: rows.length, children });
    this.#writer.write(new arrow.RecordBatch(this.#schema, data));
    while (this.#taken < this.#writer.position && (await this.#take()));
  }

  async #take(): Promise<boolean> {
    const { value, done } = await this.#bytes.next();
    if (done) return false;
    this.#taken += value.length;
    await this.output.write(value);
    return true;
  }

  async finish(): Promise<void> {
    this.#writer.finish();
    while (await this.#take());
  }
}

/** Trials a record batch: some 10 MB of curves. */
const BATCH = 1000;
/** Rows of the summary a record batch. */
const SUMMARY_BATCH = 50_000;

/** One row a trial. */
export async function writeArrow(records: AsyncIterable<ArchitectureRecord>, output: Output): Promise<void> {
  const file = new ArrowFile(await loadArrow(), TRIAL_COLUMNS, output);
  let rows: TrialRow[] = [];
  const flush = async () => {
    const scalars = rows.map((row) => row.scalars);
    await file.batch(scalars, rows);
    rows = [];
  };
  for await (const record of records) {
    rows.push(...trialRows(record));
    if (rows.length >= BATCH) await flush();
  }
  await flush();
  await file.finish();
}

/** One row an architecture, set of hyper-parameters and data set. */
export async function writeArrowSummary(rows: AsyncIterable<SummaryRow[]>, output: Output): Promise<void> {
  const file = new ArrowFile(await loadArrow(), SUMMARY_TABLE, output);
  let gathered: SummaryRow[] = [];
  for await (const some of rows) {
    gathered.push(...some);
    if (gathered.length < SUMMARY_BATCH) continue;
    await file.batch(gathered);
    gathered = [];
  }
  await file.batch(gathered);
  await file.finish();
}
