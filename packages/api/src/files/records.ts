import {
  type NativeBenchmarkFile,
  type NativeState,
  native,
  openBenchmarkFile,
  openBenchmarkFileSync,
  type PythonValue,
  ReadError,
  type ReadLimits,
} from '@nas-bench-201/core-native';
import { QueryError } from '../errors.js';
import { Recent } from '../recent.js';
import type { ArchitectureRecord, RecordStore } from '../records/record.js';
import { RecordTrial } from '../records/record-trial.js';
import { ArchResults } from '../results/arch-results.js';
import type { Reference } from '../results/averaging.js';
import { LastEpoch } from '../results/last-epoch.js';
import { type LastEpochs, lastEpochsOf } from '../results/last-epochs.js';
import type { Curves } from '../results/series.js';
import { FileTrial, type TrialData } from '../results/trial-data.js';
import { PORTION } from '../sweep/batch.js';
import type { Portion } from '../sweep/sweep.js';
import { Archive, type Source } from './archive.js';

/** Trials whose curves are kept in memory: about 40 KB each with 200 epochs. */
const CURVES_KEPT = 1500;
/** Heads of records (names, seeds, costs) that are kept: about 4 KB each. */
const STATES_KEPT = 4000;
/** Files of single architectures that stay open: NATS-Bench's take 0.4 MB each, with weights 20 MB and more. */
const FILES_KEPT = 200;
/** Records out of a store that are kept: about 0.2 MB each. */
const RECORDS_KEPT = 500;
const BYTES_KEPT = 256 * 2 ** 20;

/** Last epochs that are kept: about 1 KB each. */
const LAST_EPOCHS_KEPT = 65_536;

/** Last epochs by architecture, hyper-parameters and data set: a search asks for them by the million. */
class LastEpochTable {
  readonly #rows = new Map<string, Map<string, LastEpoch[]>>();
  #size = 0;

  get(index: number, hp: string, dataset: string): LastEpoch | undefined {
    return this.#rows.get(dataset)?.get(hp)?.[index];
  }

  set(index: number, hp: string, dataset: string, lastEpoch: LastEpoch): void {
    if (++this.#size > LAST_EPOCHS_KEPT) this.clear();
    const byHp = this.#rows.get(dataset) ?? new Map<string, LastEpoch[]>();
    const rows = byHp.get(hp) ?? [];
    rows[index] = lastEpoch;
    this.#rows.set(dataset, byHp.set(hp, rows));
  }

  clear(): void {
    this.#rows.clear();
    this.#size = 0;
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

interface LoadedState {
  head: StateHead;
  trials: TrialData[];
}

/** What a state says besides its trials' numbers. */
type StateHead = Pick<NativeState, 'archIndex' | 'archStr' | 'cleared'> & {
  datasets: readonly { name: string; seeds: ArrayLike<number> }[];
  trials: readonly { dataset: string; seed: number }[];
};

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
  readonly #states = new Recent<string, LoadedState>(STATES_KEPT);
  readonly #cleared = new Set<string>();
  readonly #numbers = new WeakMap<NativeBenchmarkFile, { names: string[]; of: Map<string, number> }>();
  readonly #lastEpochs = new LastEpochTable();
  readonly #scratch = new Float64Array(4096);
  readonly #recent = new Recent<object, Curves>(CURVES_KEPT);

  constructor(
    from: {
      /** Where the records are: in one file, in a file each, or in a store of another format. */
      records: NativeBenchmarkFile | Archive | { store: RecordStore };
      /** Where the weights are that the records have no more. */
      weights?: Archive | undefined;
    },
    readonly reference: Reference,
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
    return this.#replaced.size === 0 ? this.#main : undefined;
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
    const trials = native(() => file.file.state(file.index, hp))?.trials ?? [];
    const trial = trials.findIndex((t) => t.dataset === dataset && t.seed === seed);
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

  #state(index: number, hp: string): LoadedState {
    const key = `${index}/${hp}`;
    const known = this.#states.get(key);
    if (known) return known;
    const found = this.file(index);
    const record = found ? undefined : this.#record(index);
    if (!found && !record) {
      const where = this.#archive
        ? `the ${this.#archive.layout === 'tar' ? 'archive' : 'folder'} ${this.#archive.path}`
        : 'this file';
      throw new QueryError('NOT_EVALUATED', `${where} has no results of architecture ${index}`);
    }
    const state = found ? this.#stateInFile(index, found, hp) : this.#stateOf(index, record!, hp);
    if (!state) {
      const there = this.hyperParameters(index).map((h) => `'${h}'`);
      throw new QueryError(
        'UNKNOWN_HP',
        `architecture ${index} has no results for hp '${hp}'; it has ${there.join(', ')}`,
      );
    }
    // What comes out of a store has its curves with it: only as many are kept as records.
    return found ? this.#states.set(key, state) : state;
  }

  #stateOf(index: number, { states }: ArchitectureRecord, hp: string): LoadedState | undefined {
    const state = states.find((s) => s.hp === hp);
    if (!state) return undefined;
    const trials = state.trials.map(
      (trial) => new RecordTrial(trial, () => this.#weightsOf(index, hp, trial.dataset, trial.seed)),
    );
    return { head: state, trials };
  }

  #stateInFile(index: number, found: Located, hp: string): LoadedState | undefined {
    const head = native(() => found.file.state(found.index, hp));
    if (!head) return undefined;
    const place = (trial: number) => [found.index, hp, trial] as const;
    const trials = head.trials.map((trial, i) => {
      const elsewhere = () => this.#weightsOf(index, hp, trial.dataset, trial.seed);
      return new FileTrial(found.file, place(i), trial, this.#recent, elsewhere);
    });
    return { head, trials };
  }

  /** The last epoch of an architecture's trials on a data set, where it was collected when the file was walked. */
  lastEpoch(index: number, hp: string, dataset: string): LastEpoch | undefined {
    return this.#lastEpochs.get(index, hp, dataset) ?? this.#readLastEpoch(index, hp, dataset);
  }

  #readLastEpoch(index: number, hp: string, dataset: string): LastEpoch | undefined {
    const found = this.file(index);
    if (!found) return undefined;
    const { names, of } = this.#numbersOf(found.file);
    const hpNumber = of.get(hp);
    const datasetNumber = of.get(dataset);
    if (hpNumber === undefined || datasetNumber === undefined) return undefined;
    const trials = native(() => found.file.finals(found.index, hpNumber, datasetNumber, this.#scratch));
    if (trials <= 0) return undefined;
    const made = new LastEpoch({ trials, rows: this.#scratch, names }, this.reference);
    this.#lastEpochs.set(index, hp, dataset, made);
    return made;
  }

  /** The same of all data sets; none where there is no such record. */
  lastEpochs(index: number, hp: string): LastEpochs[] | undefined {
    const found = this.file(index);
    if (!found) return undefined;
    const { names, of } = this.#numbersOf(found.file);
    const hpNumber = of.get(hp);
    if (hpNumber === undefined) return [];
    const datasets = native(() => found.file.allFinals(found.index, hpNumber, this.#scratch));
    return datasets < 0 ? undefined : lastEpochsOf(datasets, this.#scratch, names);
  }

  /** The file's names, and the number of each. */
  #numbersOf(file: NativeBenchmarkFile): { names: string[]; of: Map<string, number> } {
    let numbers = this.#numbers.get(file);
    if (!numbers) {
      const names = native(() => file.names());
      numbers = { names, of: new Map(names.map((name, i) => [name, i])) };
      this.#numbers.set(file, numbers);
    }
    return numbers;
  }

  /** A copy of an architecture's results. @throws QueryError where there are none */
  results(index: number, hp: string): ArchResults {
    const { head, trials } = this.#state(index, hp);
    const results = ArchResults.fromFile(head, trials, this.reference);
    if (this.#cleared.has(`${index}/${hp}`)) results.clearParams();
    return results;
  }

  /** The number of trials on a data set. */
  trialCount(index: number, hp: string, dataset: string): number {
    return this.#state(index, hp).head.datasets.findLast((d) => d.name === dataset)?.seeds.length ?? 0;
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
