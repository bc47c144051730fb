import type { ColumnChunk, FileMetaData, RowGroup, SchemaTree } from 'hyparquet';
import { parquetMetadata, parquetSchema, readOffsetIndex } from 'hyparquet';
import { assembleNested } from 'hyparquet/src/assemble.js';
import { readColumn } from 'hyparquet/src/column.js';
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { getTreePath } from 'hyparquet/src/schema.js';
import {
  type ArchitectureRecord,
  type CurveRecord,
  ReadError,
  type ReadErrorCode,
  type RecordStore,
  type Reference,
  type StateRecord,
  type TrialRecord,
} from 'nas-bench-201';
import { attributesOf } from '../benchmark/attributes.js';
import { readError } from '../errors.js';
import { OpenedFile } from '../opened-file.js';
import { CURVE_COLUMNS, TRIAL_COLUMNS } from '../table/columns.js';
import { type Extra, fieldsOf, parseExtra, seedsOf, withExtra } from '../table/extra.js';
import { type FileMetadata, METADATA_KEY } from './schema.js';

/** Opens a `.parquet` of trials. @throws ReadError */
export async function openParquet(path: string): Promise<RecordStore> {
  return OpenedFile.use(path, (file) => new ParquetStore(file));
}

type Cell = number | bigint | string | boolean | null | undefined | (number | null)[];
/** Values of a column, one a row from `from` on. */
interface Cells {
  from: number;
  to: number;
  values: ArrayLike<Cell>;
}

/** The rows of an architecture in one row group. */
interface Rows {
  group: number;
  from: number;
  to: number;
}

/** Footers are some 200 bytes a column chunk, and hold the names of all architectures. */
const MAX_FOOTER = 1 << 28;

// The library reads asynchronously, which the API's answers are not; so its parts are put together here, one column
// chunk, or the pages of one that are needed, at a time.
class ParquetStore implements RecordStore {
  readonly metaArchs: readonly string[];
  readonly evaluated: readonly number[];
  readonly reference: Reference;
  readonly indexes: readonly number[];
  readonly #file: OpenedFile;
  readonly #metadata: FileMetaData;
  readonly #tree: SchemaTree;
  readonly #rows = new Map<number, Rows[]>();
  readonly #withoutTrials: NonNullable<FileMetadata['without_trials']>;
  /** What was read last of each column: records are mostly asked for one after another. */
  readonly #recent = new Map<string, Cells & { group: number }>();

  constructor(file: OpenedFile) {
    this.#file = file;
    this.#metadata = this.#guarded(0, () => this.#readFooter());
    this.#tree = this.#guarded(0, () => parquetSchema(this.#metadata));
    const own = this.#guarded(0, () => this.#ownMetadata());
    this.metaArchs = own.meta_archs;
    this.evaluated = own.evaluated_indexes;
    this.reference = own.reference;
    this.#withoutTrials = own.without_trials ?? [];
    for (const group of this.#metadata.row_groups.keys()) this.#findRows(group);
    const indexes = new Set([...this.#rows.keys(), ...this.#withoutTrials.map(({ index }) => index)]);
    this.indexes = [...indexes].sort((a, b) => a - b);
  }

  #error(code: ReadErrorCode, offset: number, detail: string, cause?: unknown): ReadError {
    return readError(code, this.#file.path, offset, detail, cause);
  }

  /** What the library finds wrong with a file is an error like any other. */
  #guarded<T>(offset: number, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof ReadError) throw error;
      throw this.#error('BAD_RECORD', offset, (error as Error).message, error);
    }
  }

  #readFooter(): FileMetaData {
    const { size } = this.#file;
    const tail = new DataView(this.#file.read(Math.max(0, size - 8), Math.min(8, size)).buffer);
    if (tail.byteLength < 8 || tail.getUint32(4, true) !== 0x31524150) {
      throw this.#error('NOT_RECOGNIZED', 0, 'expected a Parquet file, which ends in PAR1');
    }
    const length = tail.getUint32(0, true) + 8;
    if (length > MAX_FOOTER)
      throw this.#error('BAD_LENGTH', size - 8, `expected a footer of at most ${MAX_FOOTER} bytes`);
    return parquetMetadata(this.#file.read(size - length, length).buffer);
  }

  #ownMetadata(): FileMetadata {
    const text = this.#metadata.key_value_metadata?.find(({ key }) => key === METADATA_KEY)?.value;
    if (text === undefined) {
      throw this.#error(
        'NOT_A_BENCHMARK',
        0,
        `expected the metadata '${METADATA_KEY}': no table of trials by this package`,
      );
    }
    const own = JSON.parse(text) as FileMetadata;
    if (own.version !== 1) throw new RangeError(`expected version 1 of the table, found ${own.version}`);
    const strings = Array.isArray(own.meta_archs) && own.meta_archs.every((arch) => typeof arch === 'string');
    const numbers = Array.isArray(own.evaluated_indexes) && own.evaluated_indexes.every(Number.isInteger);
    if (!strings || !numbers) throw new TypeError('expected meta_archs and evaluated_indexes');
    const missing = TRIAL_COLUMNS.find(({ name }) => !this.#metadata.schema.some((element) => element.name === name));
    if (missing) throw new TypeError(`expected a column ${missing.name}`);
    return own;
  }

  #findRows(group: number): void {
    const { values } = this.#cells('index', group, 0, this.#groupOf(group).rows);
    for (let row = 0; row < values.length; row++) {
      const index = Number(values[row]);
      let places = this.#rows.get(index);
      if (!places) {
        places = [];
        this.#rows.set(index, places);
      }
      const last = places.at(-1);
      if (last?.group === group && last.to === row) last.to++;
      else places.push({ group, from: row, to: row + 1 });
    }
  }

  #groupOf(group: number): { group: RowGroup; rows: number } {
    const found = this.#metadata.row_groups[group]!;
    return { group: found, rows: Number(found.num_rows) };
  }

  /** Values of a column, those of some rows of a row group at least. */
  #cells(name: string, group: number, from: number, to: number): Cells {
    const recent = this.#recent.get(name);
    if (recent && recent.group === group && recent.from <= from && recent.to >= to) return recent;
    const chunk = this.#groupOf(group).group.columns.find(({ meta_data: data }) => data?.path_in_schema[0] === name);
    if (!chunk?.meta_data) throw this.#error('BAD_RECORD', 0, `expected a column ${name} in row group ${group}`);
    const offset = Number(chunk.meta_data.data_page_offset);
    const cells = this.#guarded(offset, () => this.#readCells(chunk, group, from, to));
    this.#recent.set(name, { ...cells, group });
    return cells;
  }

  #readCells(chunk: ColumnChunk, group: number, from: number, to: number): Cells {
    const { rows } = this.#groupOf(group);
    const data = chunk.meta_data!;
    const place = this.#pages(chunk, rows, from, to);
    const path = getTreePath(this.#tree, data.path_in_schema);
    const decoder = {
      ...data,
      pathInSchema: data.path_in_schema,
      element: path.at(-1)!.element,
      schemaPath: path,
      parsers: DEFAULT_PARSERS,
    };
    const count = place.to - place.from;
    const selection = { groupStart: 0, selectStart: 0, selectEnd: count, groupRows: count };
    const view = new DataView(this.#file.read(place.offset, place.length).buffer);
    const { data: pages } = readColumn({ view, offset: 0 }, selection, decoder);
    let values: Cell[] =
      pages.length === 1 ? (pages[0] as Cell[]) : pages.flatMap((page) => Array.from(page as Cell[]));
    const column = path[1]!;
    if (column.children.length > 0) {
      const assembled = new Map([[data.path_in_schema.join('.'), values]]);
      assembleNested(assembled, column, DEFAULT_PARSERS);
      values = assembled.get(column.path.join('.'))!;
    }
    if (values.length < to - place.from) throw new RangeError(`expected ${count} rows, found ${values.length}`);
    return { from: place.from, to: place.to, values };
  }

  /** The bytes of the pages with some rows, where the file says where they are and they need no dictionary. */
  #pages(
    { meta_data: data, offset_index_offset: at, offset_index_length: length }: ColumnChunk,
    rows: number,
    from: number,
    to: number,
  ): { offset: number; length: number; from: number; to: number } {
    const begin = Number(data!.dictionary_page_offset || data!.data_page_offset);
    const whole = { offset: begin, length: Number(data!.total_compressed_size), from: 0, to: rows };
    if (at === undefined || length === undefined || data!.dictionary_page_offset) return whole;
    const view = new DataView(this.#file.read(Number(at), length).buffer);
    const pages = readOffsetIndex({ view, offset: 0 }).page_locations;
    const row = (page: number) => (page < pages.length ? Number(pages[page]!.first_row_index) : rows);
    let first = 0;
    while (first + 1 < pages.length && row(first + 1) <= from) first++;
    let last = first;
    while (last + 1 < pages.length && row(last + 1) < to) last++;
    if (pages.length === 0) return whole;
    const offset = Number(pages[first]!.offset);
    const end = Number(pages[last]!.offset) + pages[last]!.compressed_page_size;
    return { offset, length: end - offset, from: row(first), to: row(last + 1) };
  }

  record(index: number): ArchitectureRecord | undefined {
    const states = new Map<string, { state: StateRecord; trials: TrialRecord[]; extra: Extra }>();
    for (const { group, from, to } of this.#rows.get(index) ?? []) {
      const columns = new Map(TRIAL_COLUMNS.map(({ name }) => [name, this.#cells(name, group, from, to)]));
      for (let row = from; row < to; row++) {
        const cell = (name: string) => {
          const { values, from: first } = columns.get(name)!;
          return values[row - first];
        };
        this.#guarded(0, () => addRow(states, index, cell));
      }
    }
    const known = [...states.values()].map(({ state, trials, extra }) => ({
      ...state,
      trials,
      datasets: seedsOf(trials, extra),
    }));
    const empty = this.#withoutTrials.filter((state) => state.index === index);
    if (known.length === 0 && empty.length === 0) return undefined;
    const bare = empty.map(({ hp, arch_index, arch_str, cleared }) => ({
      hp: hp ?? '',
      archIndex: arch_index,
      archStr: arch_str,
      cleared,
      datasets: [],
      trials: [],
    }));
    return { index, states: [...known, ...bare] };
  }

  close(): void {
    this.#file.close();
  }
}

/** A list that is there, as numbers and which of them are missing. */
function numbersOf(cell: (number | null)[]): Pick<CurveRecord, 'values' | 'presence'> {
  const values = new Float64Array(cell.length);
  let presence: Uint8Array | undefined;
  for (let i = 0; i < cell.length; i++) {
    const value = cell[i];
    if (typeof value === 'number') values[i] = value;
    else {
      presence ??= new Uint8Array(cell.length).fill(1);
      presence[i] = 0;
    }
  }
  return { values, presence };
}

function addRow(
  states: Map<string, { state: StateRecord; trials: TrialRecord[]; extra: Extra }>,
  index: number,
  cell: (name: string) => Cell,
): void {
  const extra = parseExtra(cell('extra') as string | null);
  const curves = CURVE_COLUMNS.flatMap(({ name, field, set }): CurveRecord[] => {
    const list = cell(name);
    return list ? [{ field, set, ...numbersOf(list as number[]) }] : [];
  });
  const all = withExtra(curves, extra);
  const latency = cell('latency') as number[] | null | undefined;
  const trial: TrialRecord = {
    dataset: String(cell('dataset')),
    seed: Number(cell('seed')),
    epochs: Number(cell('epochs')),
    flop: (cell('flops') as number | null) ?? Number.NaN,
    params: (cell('params') as number | null) ?? Number.NaN,
    latency: latency ? Float64Array.from(latency) : extra.no_latency ? undefined : null,
    fields: fieldsOf(all, extra),
    curves: all,
    attributes: attributesOf(String(cell('attributes'))),
  };
  const hp = String(cell('hp'));
  const known = states.get(hp);
  if (known) {
    known.trials.push(trial);
    return;
  }
  const state = {
    hp,
    archIndex: extra.arch_index ?? index,
    archStr: String(cell('architecture')),
    cleared: cell('clear_net_done') === true,
    datasets: [],
    trials: [],
  };
  states.set(hp, { state, trials: [trial], extra });
}
