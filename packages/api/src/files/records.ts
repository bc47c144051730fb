import {
  type NativeBenchmarkFile,
  native,
  openBenchmarkFile,
  openBenchmarkFileSync,
  type PythonValue,
  ReadError,
  type ReadLimits,
  stateOf,
  type TrialsState,
} from '@nas-bench-201/core-native';
import { QueryError } from '../errors.js';
import { infoSetsOf } from '../names.js';
import { Recent } from '../recent.js';
import type { ArchitectureRecord, RecordStore, StateRecord } from '../records/record.js';
import { RecordTrial } from '../records/record-trial.js';
import { ArchResults, type ResultsSource, resultsOf } from '../results/arch-results.js';
import type { Reference } from '../results/averaging.js';
import { FileResults } from '../results/file-results.js';
import { LastEpoch } from '../results/last-epoch.js';
import { type LastEpochs, lastEpochsOf } from '../results/last-epochs.js';
import type { Curves } from '../results/series.js';
import { PORTION } from '../sweep/batch.js';
import type { Portion } from '../sweep/sweep.js';
import { Archive, type Source } from './archive.js';

/** Trials whose curves are kept in memory: about 40 KB each with 200 epochs. */
const CURVES_KEPT = 1500;
/** Heads of records (names, seeds, costs) that are kept, of each set of hyper-parameters: about 4 KB each. */
const STATES_KEPT = 512;
/** Files of single architectures that stay open: NATS-Bench's take 0.4 MB each, with weights 20 MB and more. */
const FILES_KEPT = 200;
/** Records out of a store that are kept: about 0.2 MB each. */
const RECORDS_KEPT = 500;
const BYTES_KEPT = 256 * 2 ** 20;

/** Last epochs that are kept: some hundred numbers each. */
const LAST_EPOCHS_KEPT = 131_072;
/** Numbers of last epochs that share an array: 0.5 MB. */
const NUMBERS_TOGETHER = 65_536;
/** The numbers of one, at most. */
const MOST_NUMBERS = 256;

/** Last epochs by hyper-parameters, data set and architecture: a search asks for them by the million. */
class LastEpochTable {
  /**
   * Where the numbers of each architecture are, by its index: the array, times `NUMBERS_TOGETHER`, and the place in it; -1
   * where they are not.
   */
  readonly #rows = new Map<string, Map<string, Int32Array>>();
  #size = 0;
  #numbers: Float64Array[] = [];
  #used = NUMBERS_TOGETHER;

  get(index: number, hp: string, dataset: string): LastEpoch | undefined {
    const at = this.#rows.get(dataset)?.get(hp)?.[index] ?? -1;
    return at < 0 ? undefined : this.#view(at);
  }

  #view(at: number): LastEpoch {
    return new LastEpoch(this.#numbers[Math.floor(at / NUMBERS_TOGETHER)]!, at % NUMBERS_TOGETHER);
  }

  /** Keeps what `fill` writes into an array from a place on; it says where that ends, or -1 where there is nothing. */
  add(
    { index, hp, dataset }: { index: number; hp: string; dataset: string },
    length: number,
    fill: (numbers: Float64Array, at: number) => number,
  ): LastEpoch | undefined {
    if (this.#size >= LAST_EPOCHS_KEPT) this.clear();
    if (NUMBERS_TOGETHER - this.#used < MOST_NUMBERS) {
      this.#numbers.push(new Float64Array(NUMBERS_TOGETHER));
      this.#used = 0;
    }
    const end = fill(this.#numbers.at(-1)!, this.#used);
    if (end < 0) return undefined;
    const at = (this.#numbers.length - 1) * NUMBERS_TOGETHER + this.#used;
    this.#used = end;
    this.#size++;
    this.#rowsOf(dataset, hp, length)[index] = at;
    return this.#view(at);
  }

  #rowsOf(dataset: string, hp: string, length: number): Int32Array {
    let byHp = this.#rows.get(dataset);
    if (!byHp) {
      byHp = new Map();
      this.#rows.set(dataset, byHp);
    }
    let rows = byHp.get(hp);
    if (!rows) {
      rows = new Int32Array(length).fill(-1);
      byHp.set(hp, rows);
    }
    return rows;
  }

  clear(): void {
    this.#rows.clear();
    this.#numbers = [];
    this.#used = NUMBERS_TOGETHER;
    this.#size = 0;
  }
}

/**
 * The sets of a data set that `getMoreInfo` calls valid, test and valtest, as the file's numbers, and whether an answer must
 * have valid.
 */
type InfoSets = Float64Array;
const NO_SET = -2;

/** The names of a file by their numbers, and what is looked up by them again and again. */
class Names {
  readonly names: readonly string[];
  readonly #numbers: Map<string, number>;
  readonly #sets = new Map<string, InfoSets>();

  constructor(file: NativeBenchmarkFile) {
    this.names = native(() => file.names());
    this.#numbers = new Map(this.names.map((name, i) => [name, i]));
  }

  number(name: string): number | undefined {
    return this.#numbers.get(name);
  }

  sets(dataset: string): InfoSets {
    const known = this.#sets.get(dataset);
    if (known) return known;
    const number = (set: string | undefined) => (set === undefined ? NO_SET : (this.number(set) ?? NO_SET));
    const { valid, test, valtest } = infoSetsOf(dataset);
    const needsValid = dataset === 'cifar10-valid' ? 1 : 0;
    const sets = Float64Array.of(number(valid), number(test), number(valtest), needsValid);
    this.#sets.set(dataset, sets);
    return sets;
  }
}

/** A file, and the index that it has the record under. */
interface Located {
  file: NativeBenchmarkFile;
  index: number;
}

function located(file: NativeBenchmarkFile): Located {
  const { kind, file: name } = file.describe();
  if (kind !== 'architecture') {
    throw new ReadError('NOT_A_BENCHMARK', name, 0, `${name}: byte 0: expected the record of one architecture`);
  }
  return { file, index: file.recordIndexes()[0]! };
}

/** The files of single architectures that were asked for last. */
class OpenFiles {
  readonly #files = new Map<number, Located & { bytes: number }>();
  #bytes = 0;

  get(index: number): Located | undefined {
    return this.#files.get(index);
  }

  add(index: number, file: NativeBenchmarkFile): Located {
    const bytes = file.describe().heldBytes;
    const added = { ...located(file), bytes };
    this.#files.set(index, added);
    this.#bytes += bytes;
    for (const [oldest, { bytes: freed }] of this.#files) {
      if (this.#files.size <= FILES_KEPT && (this.#bytes <= BYTES_KEPT || oldest === index)) break;
      this.#files.delete(oldest);
      this.#bytes -= freed;
    }
    return added;
  }

  close(): void {
    for (const { file } of this.#files.values()) file.dispose();
  }
}

/** Which files have the weights that benchmark files have not. */
const WEIGHTS_ARE_IN: Record<Reference, { home: string; name: (index: number) => string }> = {
  'nas-bench-201': {
    home: 'the archive NAS-Bench-201-v1_1-archive',
    name: (index) => `${String(index).padStart(6, '0')}-FULL.pth`,
  },
  'nats-bench': {
    home: "NATS-Bench's -full archive",
    name: (index) => `${String(index).padStart(6, '0')}.pickle.pbz2`,
  },
};

/**
 * Where the record of each architecture is: in one benchmark file, in a folder of one file each, in a store of another
 * format, or in a file that replaced it since.
 */
export class Records {
  #evaluated: Set<number> | undefined;
  readonly #main: NativeBenchmarkFile | undefined;
  readonly #archive: Archive | undefined;
  readonly #weights: Archive | undefined;
  /** Where the records are if they are in no file of the original formats. */
  readonly store: RecordStore | undefined;
  readonly #stored = new Recent<number, ArchitectureRecord>(RECORDS_KEPT);
  #recordsInMain: Set<number> | undefined;
  readonly #limits: ReadLimits | undefined;
  readonly #replaced = new Map<number, Located>();
  #replacement: Archive | undefined;
  #opened = new OpenFiles();
  readonly #withWeights = new OpenFiles();
  readonly #states = new Map<string, Recent<number, ResultsSource>>(); // by hyper-parameters
  readonly #cleared = new Set<string>();
  readonly #names = new WeakMap<NativeBenchmarkFile, Names>();
  #namesOfMain: Names | undefined;
  readonly #lastEpochs = new LastEpochTable();
  readonly #scratch = new Float64Array(MOST_NUMBERS);
  readonly #recent = new Recent<object, Curves>(CURVES_KEPT);

  constructor(
    from: {
      /** Where the records are: in one file, in a file each, or in a store of another format. */
      records: NativeBenchmarkFile | Archive | { store: RecordStore };
      /** Where the weights are that the records have no more. */
      weights?: Archive | undefined;
    },
    readonly reference: Reference,
    /** Of the space: how many architectures there may be. */
    readonly size: number,
    limits?: ReadLimits,
  ) {
    this.#limits = limits;
    if (from.records instanceof Archive) this.#archive = from.records;
    else if ('store' in from.records) this.store = from.records.store;
    else this.#main = from.records;
    this.#weights = from.weights;
  }

  /** The architectures that have been read, or that the file lists as evaluated. */
  get evaluated(): Set<number> {
    this.#evaluated ??= new Set(native(() => this.#main?.evaluated()) ?? this.store?.evaluated);
    return this.#evaluated;
  }

  get #inMain(): Set<number> {
    this.#recordsInMain ??= new Set(native(() => this.#main?.recordIndexes()));
    return this.#recordsInMain;
  }

  /** The one file that holds every record as it was opened; undefined where some are elsewhere. */
  get single(): NativeBenchmarkFile | undefined {
    return this.#replaced.size === 0 && !this.#replacement ? this.#main : undefined;
  }

  get inFolder(): boolean {
    return this.#archive !== undefined;
  }

  replace(index: number, file: NativeBenchmarkFile): void {
    this.#replaced.set(index, located(file));
    this.evaluated.add(index);
    this.#lastEpochs.clear();
    this.#states.clear();
    for (const key of this.#cleared) if (key.startsWith(`${index}/`)) this.#cleared.delete(key);
  }

  /** From here on all records are those of an archive. */
  replaceAll(archive: Archive, indexes: Iterable<number>): void {
    this.#replacement = archive;
    for (const index of indexes) this.evaluated.add(index);
    for (const kept of [this.#replaced, this.#states, this.#cleared, this.#lastEpochs]) kept.clear();
    this.#opened.close();
    this.#opened = new OpenFiles();
  }

  /** Where an architecture's file is that is not open, or undefined. */
  #source(index: number): Source | undefined {
    if (this.#replaced.has(index) || this.#opened.get(index)) return undefined;
    const archive = this.#replacement ?? (this.#inMain.has(index) ? undefined : this.#archive);
    return archive?.record(index, this.reference);
  }

  /** The file with the architecture's record and its index there, or undefined. */
  file(index: number): Located | undefined {
    const own = this.#replaced.get(index) ?? this.#opened.get(index);
    if (own) return own;
    const source = this.#source(index);
    if (source !== undefined) return this.#add(index, openBenchmarkFileSync(source, this.#limits));
    return this.#main && this.#inMain.has(index) ? { file: this.#main, index } : undefined;
  }

  #add(index: number, file: NativeBenchmarkFile): Located {
    const added = this.#opened.add(index, file);
    this.evaluated.add(index);
    return added;
  }

  /**
   * Opens the files of these architectures on other threads, several at once, so that what is asked of them next need
   * not wait; of those whose weights are elsewhere, that file too where `weights` are wanted.
   * @throws ReadError
   */
  async prepare(indexes: Iterable<number>, { weights = false } = {}): Promise<void> {
    await Promise.all(
      Array.from(indexes, async (index) => {
        const source = this.#source(index);
        const other =
          weights && !this.#withWeights.get(index) ? this.#weights?.record(index, this.reference) : undefined;
        const [file, withWeights] = await Promise.all(
          [source, other].map((from) =>
            from === undefined ? undefined : openBenchmarkFile(from, { limits: this.#limits }),
          ),
        );
        if (file) this.#add(index, file);
        if (withWeights) this.#withWeights.add(index, withWeights);
      }),
    );
  }

  /** The weights of a trial out of the archive that has them. @throws QueryError where there is none, or it has not */
  #weightsOf(index: number, hp: string, dataset: string, seed: number): PythonValue {
    const archive = this.#weights;
    const { home, name } = WEIGHTS_ARE_IN[this.reference];
    if (!archive) {
      throw new QueryError(
        'NO_WEIGHTS',
        `this file has had the weights of architecture ${index} cleared; ${home} has them in ${name(index)}: ` +
          'open with the option archive, or reload(archive, index)',
      );
    }
    const file = this.#withWeights.get(index) ?? this.#openWeights(archive, index);
    const trial = stateOf(file.file, file.index, hp)?.find(dataset, seed) ?? -1;
    const attributes = trial < 0 ? undefined : native(() => file.file.value(file.index, hp, trial));
    const weights = attributes instanceof Map ? attributes.get('net_state_dict') : undefined;
    if (weights === undefined || weights === null) {
      const what = trial < 0 ? `no trial with seed ${seed} on '${dataset}', hp '${hp}'` : 'no weights in it';
      throw new QueryError('NO_WEIGHTS', `${archive.nameOf(index, this.reference)} has ${what}`);
    }
    return weights;
  }

  #openWeights(archive: Archive, index: number): Located {
    const source = archive.record(index, this.reference);
    if (source === undefined) {
      throw new QueryError('NO_FILE', `there is no ${archive.nameOf(index, this.reference)}`);
    }
    return this.#withWeights.add(index, openBenchmarkFileSync(source, this.#limits));
  }

  /** The architectures of a space of so many that there are records of, ascending. */
  indexes(length: number): number[] {
    if (this.store) return [...this.store.indexes];
    const there = new Set([
      ...this.#inMain,
      ...this.#replaced.keys(),
      ...(this.#archive?.indexes(this.reference) ?? []),
    ]);
    return [...there].filter((index) => index >= 0 && index < length).sort((a, b) => a - b);
  }

  /** Where the records of these architectures are, in this order, some of one file at a time. Those without are left out. */
  *portions(indexes: Iterable<number>): Generator<Portion> {
    let file: NativeBenchmarkFile | undefined;
    let there: number[] = [];
    let as: number[] = [];
    for (const index of indexes) {
      const found = this.file(index);
      if (!found) continue;
      if (file && (found.file !== file || there.length === PORTION)) {
        yield { file, indexes: Int32Array.from(there), as: Int32Array.from(as) };
        there = [];
        as = [];
      }
      file = found.file;
      there.push(found.index);
      as.push(index);
    }
    if (file) yield { file, indexes: Int32Array.from(there), as: Int32Array.from(as) };
  }

  has(index: number): boolean {
    return this.file(index) !== undefined || this.#record(index) !== undefined;
  }

  /** The architecture's record out of a store. */
  #record(index: number): ArchitectureRecord | undefined {
    if (!this.store || this.#replaced.has(index)) return undefined;
    const known = this.#stored.get(index);
    if (known) return known;
    const record = this.store.record(index);
    return record && this.#stored.set(index, record);
  }

  /** The hyper-parameters that an architecture has results for, in the reference's order. */
  hyperParameters(index: number): string[] {
    const found = this.file(index);
    if (found) return found.file.hyperParameters(found.index);
    return this.#record(index)?.states.map(({ hp }) => hp) ?? [];
  }

  #state(index: number, hp: string): ResultsSource {
    let states = this.#states.get(hp);
    const known = states?.get(index);
    if (known) return known;
    const found = this.single ? { file: this.single, index } : this.file(index);
    const state = found && stateOf(found.file, found.index, hp, this.#namesOf(found.file).names);
    // What comes out of a store has its curves with it: only as many are kept as records.
    if (state) {
      if (!states) {
        states = new Recent(STATES_KEPT);
        this.#states.set(hp, states);
      }
      return states.set(index, this.#resultsInFile(index, state));
    }
    const record = this.#record(index);
    const stored = record?.states.find((s) => s.hp === hp);
    if (stored) return this.resultsOf(index, stored);
    if (!record && !this.file(index)) {
      const where = this.#archive
        ? `the ${this.#archive.layout === 'tar' ? 'archive' : 'folder'} ${this.#archive.path}`
        : 'this file';
      throw new QueryError('NOT_EVALUATED', `${where} has no results of architecture ${index}`);
    }
    const there = this.hyperParameters(index).map((h) => `'${h}'`);
    throw new QueryError(
      'UNKNOWN_HP',
      `architecture ${index} has no results for hp '${hp}'; it has ${there.join(', ')}`,
    );
  }

  /** What a record of a store, or of a sweep, says as a source of results. */
  resultsOf(index: number, state: StateRecord): ResultsSource {
    const { hp, archIndex, archStr, cleared, datasets } = state;
    const trials = state.trials.map((trial) => ({
      dataset: trial.dataset,
      seed: trial.seed,
      data: new RecordTrial(trial, () => this.#weightsOf(index, hp, trial.dataset, trial.seed)),
    }));
    return resultsOf({ archIndex, archStr, cleared, datasets }, trials);
  }

  #resultsInFile(index: number, state: TrialsState): ResultsSource {
    return new FileResults(state, this.#recent, ({ dataset, seed }) => this.#weightsOf(index, state.hp, dataset, seed));
  }

  /** The last epoch of an architecture's trials on a data set, where it was collected when the file was walked. */
  lastEpoch(index: number, hp: string, dataset: string): LastEpoch | undefined {
    return this.#lastEpochs.get(index, hp, dataset) ?? this.#readLastEpoch(index, hp, dataset);
  }

  #readLastEpoch(index: number, hp: string, dataset: string): LastEpoch | undefined {
    const found = this.single ? { file: this.single, index } : this.file(index);
    if (!found) return undefined;
    const names = this.#namesOf(found.file);
    const hpNumber = names.number(hp);
    const datasetNumber = names.number(dataset);
    if (hpNumber === undefined || datasetNumber === undefined) return undefined;
    return this.#lastEpochs.add({ index, hp, dataset }, this.size, (numbers, at) =>
      native(() => found.file.lastEpoch(found.index, hpNumber, datasetNumber, names.sets(dataset), numbers, at)),
    );
  }

  /** The same of all data sets; none where there is no such record. */
  lastEpochs(index: number, hp: string): LastEpochs[] | undefined {
    const found = this.file(index);
    if (!found) return undefined;
    const names = this.#namesOf(found.file);
    const hpNumber = names.number(hp);
    if (hpNumber === undefined) return [];
    const datasets = native(() => found.file.allFinals(found.index, hpNumber, this.#scratch));
    return datasets < 0 ? undefined : lastEpochsOf(datasets, this.#scratch, names.names);
  }

  #namesOf(file: NativeBenchmarkFile): Names {
    if (file === this.#main) {
      this.#namesOfMain ??= new Names(file);
      return this.#namesOfMain;
    }
    let names = this.#names.get(file);
    if (!names) {
      names = new Names(file);
      this.#names.set(file, names);
    }
    return names;
  }

  /** A copy of an architecture's results. @throws QueryError where there are none */
  results(index: number, hp: string): ArchResults {
    const results = new ArchResults(this.#state(index, hp), this.reference);
    if (this.#cleared.has(`${index}/${hp}`)) results.clearParams();
    return results;
  }

  /** The number of trials on a data set. */
  trialCount(index: number, hp: string, dataset: string): number {
    return this.#state(index, hp).datasets.findLast((d) => d.name === dataset)?.seeds.length ?? 0;
  }

  /** From here on the results have no weights; those of one set of hyper-parameters, or of all. */
  clearParams(index: number, hp: string | null): void {
    if (hp !== null) this.#state(index, hp);
    for (const name of hp === null ? this.hyperParameters(index) : [hp]) this.#cleared.add(`${index}/${name}`);
  }

  close(): void {
    this.#lastEpochs.clear();
    this.#main?.dispose();
    this.store?.close();
    for (const { file } of this.#replaced.values()) file.dispose();
    for (const files of [this.#opened, this.#withWeights]) files.close();
    for (const archive of [this.#archive, this.#weights, this.#replacement]) archive?.close();
  }
}
