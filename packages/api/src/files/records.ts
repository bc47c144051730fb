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
import { ArchResults } from '../results/arch-results.js';
import type { Reference } from '../results/averaging.js';
import { LastEpoch } from '../results/last-epoch.js';
import { FileTrial, RecentCurves } from '../results/trial-data.js';
import type { Portion } from '../sweep/sweep.js';
import { Archive, type Source } from './archive.js';

/** Trials whose curves are kept in memory: about 40 KB each with 200 epochs. */
const CURVES_KEPT = 1500;
/** Heads of records (names, seeds, costs) that are kept: about 4 KB each. */
const STATES_KEPT = 4000;
/** Files of single architectures that stay open: NATS-Bench's take 0.4 MB each, with weights 20 MB and more. */
const FILES_KEPT = 200;
const BYTES_KEPT = 256 * 2 ** 20;

/** Architectures that are swept at once: some 5 MB of numbers. */
const PORTION = 32;

function remember<K, V>(map: Map<K, V>, key: K, value: V, limit: number): V {
  map.set(key, value);
  if (map.size > limit) map.delete(map.keys().next().value!);
  return value;
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
  head: NativeState;
  trials: FileTrial[];
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
 * Where the record of each architecture is: in one benchmark file, in a folder of one file each, or in a file that
 * replaced it since.
 */
export class Records {
  /** The architectures that have been read, or that the file lists as evaluated. */
  readonly evaluated: Set<number>;
  readonly #main: NativeBenchmarkFile | undefined;
  readonly #archive: Archive | undefined;
  readonly #weights: Archive | undefined;
  readonly #inMain: Set<number>;
  readonly #limits: ReadLimits | undefined;
  readonly #replaced = new Map<number, Located>();
  #replacement: Archive | undefined;
  #opened = new OpenFiles();
  readonly #withWeights = new OpenFiles();
  readonly #states = new Map<string, LoadedState>();
  readonly #cleared = new Set<string>();
  readonly #numbers = new WeakMap<NativeBenchmarkFile, { names: string[]; of: Map<string, number> }>();
  readonly #scratch = new Float64Array(1024);
  readonly #recent = new RecentCurves(CURVES_KEPT);

  constructor(
    from: {
      /** Where the records are: in one file, or in a file each. */
      records: NativeBenchmarkFile | Archive;
      /** Where the weights are that the records have no more. */
      weights?: Archive | undefined;
    },
    readonly reference: Reference,
    limits?: ReadLimits,
  ) {
    this.#limits = limits;
    if (from.records instanceof Archive) this.#archive = from.records;
    else this.#main = from.records;
    this.#weights = from.weights;
    this.#inMain = new Set(this.#main?.recordIndexes());
    this.evaluated = new Set(this.#main?.evaluated());
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
    for (const key of this.#states.keys()) if (key.startsWith(`${index}/`)) this.#states.delete(key);
    for (const key of this.#cleared) if (key.startsWith(`${index}/`)) this.#cleared.delete(key);
  }

  /** From here on all records are those of an archive. */
  replaceAll(archive: Archive, indexes: Iterable<number>): void {
    this.#replacement = archive;
    for (const index of indexes) this.evaluated.add(index);
    for (const kept of [this.#replaced, this.#states, this.#cleared]) kept.clear();
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
    return this.file(index) !== undefined;
  }

  /** The hyper-parameters that an architecture has results for, in the reference's order. */
  hyperParameters(index: number): string[] {
    const found = this.file(index);
    return found ? found.file.hyperParameters(found.index) : [];
  }

  #state(index: number, hp: string): LoadedState {
    const key = `${index}/${hp}`;
    const known = this.#states.get(key);
    if (known) return known;
    const found = this.file(index);
    if (!found) {
      const where = this.#archive
        ? `the ${this.#archive.layout === 'tar' ? 'archive' : 'folder'} ${this.#archive.path}`
        : 'this file';
      throw new QueryError('NOT_EVALUATED', `${where} has no results of architecture ${index}`);
    }
    const head = native(() => found.file.state(found.index, hp));
    if (!head) {
      const there = this.hyperParameters(index).map((h) => `'${h}'`);
      throw new QueryError(
        'UNKNOWN_HP',
        `architecture ${index} has no results for hp '${hp}'; it has ${there.join(', ')}`,
      );
    }
    const place = (trial: number) => [found.index, hp, trial] as const;
    const trials = head.trials.map((trial, i) => {
      const elsewhere = () => this.#weightsOf(index, hp, trial.dataset, trial.seed);
      return new FileTrial(found.file, place(i), trial, this.#recent, elsewhere);
    });
    return remember(this.#states, key, { head, trials }, STATES_KEPT);
  }

  /** The last epoch of an architecture's trials on a data set, where it was collected when the file was walked. */
  lastEpoch(index: number, hp: string, dataset: string): LastEpoch | undefined {
    const found = this.file(index);
    if (!found) return undefined;
    let numbers = this.#numbers.get(found.file);
    if (!numbers) {
      const names = native(() => found.file.names());
      numbers = { names, of: new Map(names.map((name, i) => [name, i])) };
      this.#numbers.set(found.file, numbers);
    }
    const hpNumber = numbers.of.get(hp);
    const datasetNumber = numbers.of.get(dataset);
    if (hpNumber === undefined || datasetNumber === undefined) return undefined;
    const trials = native(() => found.file.finals(found.index, hpNumber, datasetNumber, this.#scratch));
    return trials > 0
      ? new LastEpoch({ trials, rows: this.#scratch, names: numbers.names }, this.reference)
      : undefined;
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
    this.#main?.dispose();
    for (const { file } of this.#replaced.values()) file.dispose();
    for (const files of [this.#opened, this.#withWeights]) files.close();
    for (const archive of [this.#archive, this.#weights, this.#replacement]) archive?.close();
  }
}
