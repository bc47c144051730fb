import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type NativeBenchmarkFile,
  type NativeState,
  native,
  openBenchmarkFileSync,
  type ReadLimits,
} from '@nas-bench-201/core-native';
import { QueryError } from '../errors.js';
import { ArchResults } from '../results/arch-results.js';
import type { Reference } from '../results/averaging.js';
import { LastEpoch } from '../results/last-epoch.js';
import { FileTrial, RecentCurves } from '../results/trial-data.js';
import type { Portion } from '../sweep/sweep.js';

/** Trials whose curves are kept in memory: about 40 KB each with 200 epochs. */
const CURVES_KEPT = 1500;
/** Heads of records (names, seeds, costs) that are kept: about 4 KB each. */
const STATES_KEPT = 4000;
/** NATS-Bench's single files that stay open: about 0.4 MB each. */
const FILES_KEPT = 200;

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

const located = (file: NativeBenchmarkFile): Located => ({ file, index: file.recordIndexes()[0]! });

interface LoadedState {
  head: NativeState;
  trials: FileTrial[];
}

/**
 * Where the record of each architecture is: in one benchmark file, in a folder of one file each, or in a file that
 * replaced it since.
 */
export class Records {
  /** The architectures that have been read, or that the file lists as evaluated. */
  readonly evaluated: Set<number>;
  readonly #main: NativeBenchmarkFile | undefined;
  readonly #folder: string | undefined;
  readonly #inMain: Set<number>;
  readonly #limits: ReadLimits | undefined;
  readonly #replaced = new Map<number, Located>();
  readonly #opened = new Map<number, Located>();
  readonly #states = new Map<string, LoadedState>();
  readonly #cleared = new Set<string>();
  readonly #numbers = new WeakMap<NativeBenchmarkFile, { names: string[]; of: Map<string, number> }>();
  readonly #scratch = new Float64Array(1024);
  readonly #recent = new RecentCurves(CURVES_KEPT);

  constructor(
    from: { main: NativeBenchmarkFile } | { folder: string },
    readonly reference: Reference,
    limits?: ReadLimits,
  ) {
    this.#limits = limits;
    this.#main = 'main' in from ? from.main : undefined;
    this.#folder = 'folder' in from ? from.folder : undefined;
    this.#inMain = new Set(this.#main?.recordIndexes());
    this.evaluated = new Set(this.#main?.evaluated());
  }

  /** The one file that holds every record as it was opened; undefined where some are elsewhere. */
  get single(): NativeBenchmarkFile | undefined {
    return this.#replaced.size === 0 ? this.#main : undefined;
  }

  get inFolder(): boolean {
    return this.#folder !== undefined;
  }

  replace(index: number, file: NativeBenchmarkFile): void {
    this.#replaced.set(index, located(file));
    this.evaluated.add(index);
    for (const key of this.#states.keys()) if (key.startsWith(`${index}/`)) this.#states.delete(key);
    for (const key of this.#cleared) if (key.startsWith(`${index}/`)) this.#cleared.delete(key);
  }

  /** The path of an architecture's file in a folder of NATS-Bench. */
  static pathIn(folder: string, index: number): string | undefined {
    const names = [`${String(index).padStart(6, '0')}.pickle.pbz2`, `${index}.pickle.pbz2`];
    return names.map((name) => join(folder, name)).find(existsSync);
  }

  /** The file with the architecture's record and its index there, or undefined. */
  file(index: number): Located | undefined {
    const own = this.#replaced.get(index) ?? this.#opened.get(index);
    if (own) return own;
    if (this.#main && this.#inMain.has(index)) return { file: this.#main, index };
    if (this.#folder === undefined) return undefined;
    const path = Records.pathIn(this.#folder, index);
    if (!path) return undefined;
    const opened = located(openBenchmarkFileSync(path, this.#limits));
    this.evaluated.add(index);
    return remember(this.#opened, index, opened, FILES_KEPT);
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
      const where = this.#folder === undefined ? 'this file' : `the folder ${this.#folder}`;
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
    const trials = head.trials.map((trial, i) => new FileTrial(found.file, place(i), trial, this.#recent));
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
    for (const { file } of [...this.#replaced.values(), ...this.#opened.values()]) file.dispose();
  }
}
