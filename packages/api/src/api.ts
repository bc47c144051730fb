import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import {
  type NativeBenchmarkFile,
  native,
  type OpenArchiveOptions,
  type OpenBenchmarkOptions,
  openBenchmarkFile,
  type PythonValue,
  ReadError,
  readColumn,
  type SideCar,
  sideCarKept,
} from '@nas-bench-201/core-native';
import { orNone, QueryError } from './errors.js';
import { Archive, type Source } from './files/archive.js';
import { openStore, storeFormat } from './files/other-formats.js';
import { Records } from './files/records.js';
import { expectedMd5, md5OfFile, type Verification } from './files/verify.js';
import {
  DATASETS,
  type Dataset,
  type HpName,
  type HpOption,
  hpName,
  type MetricSet,
  PAPER_DATASETS,
  type PaperDataset,
  remapDatasetSetNames,
  type SetOf,
  unknownSet,
} from './names.js';
import type { BuildOptions, Network } from './networks/network.js';
import { PythonRandom, type PythonSeed } from './random/python-random.js';
import { Recent } from './recent.js';
import type { ArchitectureRecord, StateRecord } from './records/record.js';
import { ArchResults, type ComputeCosts, type TrialChoice } from './results/arch-results.js';
import type { Reference } from './results/averaging.js';
import { type CurvesOptions, curvesOf, InfoColumns, type TrialCurves } from './results/batches.js';
import {
  type ColumnMetric,
  type ColumnOptions,
  columnRequest,
  epochsBy,
  meansOf,
  numberOfTrial,
  type TrialColumn,
  trialColumnOf,
} from './results/columns.js';
import { infoOf } from './results/info.js';
import { informationLines } from './results/information.js';
import type { Info } from './results/last-epoch.js';
import type { LastEpochs } from './results/last-epochs.js';
import type { NetworkConfig, ResultsCount } from './results/results-count.js';
import { trainedCost } from './results/trained-cost.js';
import * as cell from './space/cell.js';
import { isChannels } from './space/channels.js';
import { uniqueString } from './space/isomorphism.js';
import type { SweepBatch } from './sweep/batch.js';
import { recordsOf } from './sweep/records.js';
import { sweepStore } from './sweep/store.js';
import { type SweepOptions, sweepPortions } from './sweep/sweep.js';

/** The published files, oldest first. The six digits are the end of the file's MD5. */
export const BENCHMARK_FILES = ['NAS-Bench-201-v1_0-e61699.pth', 'NAS-Bench-201-v1_1-096897.pth'] as const;
/** The folders of per-architecture files with weights. */
export const ARCHIVE_DIRS = ['NAS-Bench-201-v1_1-archive'] as const;

export interface OpenOptions extends OpenBenchmarkOptions {
  /**
   * Where the trained weights are that the benchmark file has not: a folder or tar archive of `000157-FULL.pth`, or a
   * `-full` folder or archive of NATS-Bench; its path, or one that is open.
   */
  archive?: string | Archive | undefined;
  /** Seeds the random choices, as Python's `random.seed` would. Default: not reproducible. */
  seed?: PythonSeed;
  /** Told once for each architecture whose recorded costs cannot be right. Default: `process.emitWarning`. */
  onWarning?: (message: string) => void;
}

/** An architecture by its index, its string, or anything whose `tostr()` gives that. */
export type Architecture = number | string | { tostr(): string };

export interface InfoOptions extends HpOption {
  /** The epoch, from 0. Default: the last. */
  iepoch?: number | null | undefined;
  /** `true` (default): one trial at random for all sets; `false`: the mean over all; a number: the trial of that seed. */
  isRandom?: TrialChoice | undefined;
  /** The trial of this seed: the same as a number for `isRandom`. */
  seed?: number | undefined;
}

type InfoOf<P extends string> = {
  [K in `${P}-loss` | `${P}-accuracy`]: number;
} & {
  /** Seconds: an epoch on average, and all epochs so far; null where times were not recorded. */
  [K in `${P}-per-time` | `${P}-all-time`]: number | null;
};

/**
 * What `getMoreInfo` answers: loss, accuracy (top-1, in per cent) and seconds, of training and of each set that was
 * evaluated at that epoch.
 * - `cifar10-valid`: `valid` is its `x-valid`, `test` its `ori-test`.
 * - `cifar10`: `test` is its `ori-test`.
 * - `cifar100`, `ImageNet16-120`: `valid` is `x-valid`, `test` is `x-test`, `valtest` is `ori-test`, which is both.
 */
export type MoreInfo<D extends Dataset = Dataset> = InfoOf<'train'> &
  (D extends 'cifar10'
    ? Partial<InfoOf<'test'>>
    : D extends 'cifar10-valid'
      ? InfoOf<'valid'> & Partial<InfoOf<'test'>>
      : Partial<InfoOf<'valid'> & InfoOf<'test'> & InfoOf<'valtest'>>);

/** Answers of `getMoreInfo` for many architectures: one number each, NaN where there is none. */
export type MoreInfoColumns<D extends Dataset = Dataset> = { [K in keyof MoreInfo<D>]: Float64Array };

export interface NetworkOptions extends HpOption {
  /** The trial whose weights are taken. Default: the first that has weights. */
  seed?: number | undefined;
  device?: BuildOptions['device'];
  signal?: BuildOptions['signal'];
}

export interface FindBestOptions extends HpOption {
  /** Millions of FLOPs at most. */
  flopMax?: number | undefined;
  /** Millions of parameters at most. */
  paramMax?: number | undefined;
  /** In a folder: `false` looks only at the architectures that were read before. Default: at all of them. */
  enforceAll?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** Recorded costs that cannot be right, and the true ones. Millions. */
export interface CostWarning {
  index: number;
  dataset: Dataset;
  recorded: { flops: number; params: number };
  actual: { flops: number; params: number };
}

/** The architectures of a file. */
interface Space {
  size: number;
  /** Whether one stands there twice. */
  repeated: boolean;
  /** Made when they are first asked for: few questions need them. */
  names: () => readonly string[];
}

const spaceOf = (names: readonly string[]): Space => ({
  size: names.length,
  repeated: new Set(names).size !== names.length,
  names: () => names,
});

/** One number of every architecture. */
interface Column {
  /** Of all architectures, NaN where one has none; where they were read together. */
  means?: Float64Array;
  /** @throws QueryError where the architecture has none */
  at(index: number): number;
  find(index: number): number | undefined;
}

interface Limit {
  values: Float64Array;
  max: number;
}

/** What `findBest` answers, or undefined where an architecture lacks a number: then it has to say which. */
function bestOf(
  indexes: Iterable<number>,
  accuracies: Float64Array,
  limits: readonly Limit[],
): [index: number, accuracy: number | null] | undefined {
  let best = -1;
  let highest: number | null = null;
  candidates: for (const index of indexes) {
    for (const { values, max } of limits) {
      const value = values[index]!;
      if (Number.isNaN(value)) return undefined;
      if (value > max) continue candidates;
    }
    const accuracy = accuracies[index]!;
    if (Number.isNaN(accuracy)) return undefined;
    if (highest === null || accuracy > highest || (accuracy === highest && index < best)) {
      best = index;
      highest = accuracy;
    }
  }
  return [best, highest];
}

/** Columns that are kept: 0.1 MB each. */
const COLUMNS_KEPT = 64;

/** Architectures between two pauses: a file of a folder takes a few milliseconds. */
const PORTION = 16;

/**
 * NAS-Bench-201: 15,625 architectures, each trained on CIFAR-10, CIFAR-100 and ImageNet16-120, every epoch recorded.
 * Answers what the Python package `nas-bench-201` answers (class `NASBench201API`, version 2.1), from the same files;
 * NATS-Bench's files and folders are answered as its package `nats-bench` does.
 */
export class NASBench201API implements Iterable<string>, Disposable {
  /** The number of architectures. */
  readonly length: number;
  /** The name of the file or folder. */
  readonly filename: string;
  readonly path: string;
  readonly #records: Records;
  readonly #sideCar: SideCar | undefined;
  readonly #names: () => readonly string[];
  #metaArchs: readonly string[] | undefined;
  #indexOf: Map<string, number> | undefined;
  readonly #onWarning: (message: string) => void;
  readonly #warned = new Set<string>();
  #random: PythonRandom;
  #usedTime = 0;
  #isomorphs: Map<string, number[]> | undefined;
  readonly #columns = new Recent<string, Column>(COLUMNS_KEPT);

  private constructor(path: string, space: Space, records: Records, options: OpenOptions) {
    this.path = path;
    this.filename = basename(path);
    this.length = space.size;
    this.#names = space.names;
    this.#records = records;
    if (space.repeated) throw new QueryError('BAD_VALUE', `${path}: an architecture stands twice in meta_archs`);
    this.#sideCar = options.sideCar;
    this.#random = new PythonRandom(options.seed);
    this.#onWarning = options.onWarning ?? ((message) => process.emitWarning(message, 'NASBench201Warning'));
  }

  /**
   * Opens a benchmark file (v1.0, v1.1, an intermediate one), or a file or `-simple` folder of NATS-Bench. Walks a file
   * once; nothing is kept of it but where things are. A `.pb` or `.parquet` that was converted from such a file is
   * opened as well where `@nas-bench-201/converters` is installed.
   * @param path default: the newest published file in `$TORCH_HOME`
   * @throws ReadError for a file that cannot be read, QueryError where there is none
   */
  static async open(path?: string, options: OpenOptions = {}): Promise<NASBench201API> {
    const file = path ?? join(torchHome(), BENCHMARK_FILES.at(-1)!);
    if (typeof file !== 'string') throw new TypeError('expected a path');
    if (!statSync(file, { throwIfNoEntry: false }) && !Archive.isOne(file)) {
      throw new QueryError('NO_FILE', `there is no file ${file}`);
    }
    const weights = options.archive === undefined ? undefined : await archiveAt(options.archive, options);
    if (storeFormat(file)) {
      const store = await openStore(file);
      return new NASBench201API(
        file,
        spaceOf(store.metaArchs),
        new Records({ records: { store }, weights }, store.reference, store.metaArchs.length, options.limits),
        options,
      );
    }
    if (Archive.isOne(file)) return NASBench201API.#openArchive(file, weights, options);
    const main = await openBenchmarkFile(file, options);
    const { kind, namedByEpochs, architectures, repeated } = main.describe();
    if (kind !== 'benchmark') {
      throw new ReadError(
        'NOT_A_BENCHMARK',
        file,
        0,
        `${file}: byte 0: expected a benchmark file, found the record of one architecture: open it with openArchitecture, or reload it into a benchmark`,
      );
    }
    const reference = namedByEpochs ? 'nats-bench' : 'nas-bench-201';
    return new NASBench201API(
      file,
      { size: architectures, repeated, names: () => main.architectures() },
      new Records({ records: main, weights }, reference, architectures, options.limits),
      options,
    );
  }

  static async #openArchive(path: string, weights: Archive | undefined, options: OpenOptions): Promise<NASBench201API> {
    const archive = await Archive.open(path, options);
    const archs = await archive.architectures(options);
    if (!archs) {
      throw new QueryError('NO_FILE', `${path} is no folder or archive of NATS-Bench: it has no meta.pickle.pbz2`);
    }
    return new NASBench201API(
      path,
      spaceOf(archs),
      new Records({ records: archive, weights }, 'nats-bench', archs.length, options.limits),
      options,
    );
  }

  /** Whose arithmetic the answers follow: the package that this kind of file belongs to. */
  get reference(): Reference {
    return this.#records.reference;
  }

  /** The architectures, in the order of their indices. @throws ReadError where the file was closed before */
  get metaArchs(): readonly string[] {
    this.#metaArchs ??= native(this.#names);
    return this.#metaArchs;
  }

  get #indexByName(): Map<string, number> {
    this.#indexOf ??= new Map(this.metaArchs.map((arch, index) => [arch, index]));
    return this.#indexOf;
  }

  get #indexes(): IterableIterator<number> {
    return Array(this.length).keys();
  }

  [Symbol.iterator](): IterableIterator<string> {
    return this.metaArchs[Symbol.iterator]();
  }

  /** An architecture's string; negative indices count from the end (the reference's `api[index]`). @throws QueryError */
  at(index: number): string {
    const arch = this.metaArchs.at(index);
    if (arch === undefined || !Number.isInteger(index)) throw this.#noIndex(index);
    return arch;
  }

  /** The string of the architecture with this index. @throws QueryError */
  arch(index: number): string {
    return this.metaArchs[this.#checked(index)]!;
  }

  /** The text that the reference prints for its API. */
  toString(): string {
    const counts = `${this.evaluatedIndexes.length}/${this.length} architectures`;
    if (this.reference === 'nas-bench-201') return `NASBench201API(${counts}, file=${this.filename})`;
    const name = this.#isSize ? 'NATSsize' : 'NATStopology';
    return `${name}(${counts}, fast_mode=${this.#records.inFolder ? 'True' : 'False'}, file=${this.filename})`;
  }

  get #isSize(): boolean {
    return isChannels(this.metaArchs[0] ?? '');
  }

  /** The architectures that have results, ascending; in a folder those that were read so far. */
  get evaluatedIndexes(): number[] {
    return [...this.#records.evaluated].sort((a, b) => a - b);
  }

  /** The hyper-parameters that there are results for. */
  get availableHps(): HpName[] {
    if (this.reference === 'nas-bench-201') return ['12', '200'];
    const seen = new Set<HpName>();
    for (const index of this.#records.evaluated) {
      for (const hp of this.#records.hyperParameters(index)) seen.add(hp as HpName);
      if (seen.size >= 2 && !this.#isSize) break;
      if (seen.size >= 3) break;
    }
    return [...seen];
  }

  /** `availableHps`, as the reference spells it. */
  get avaliableHps(): HpName[] {
    return this.availableHps;
  }

  /** Seconds of training that `simulateTrainEval` has accounted for. */
  get usedTime(): number {
    return this.#usedTime;
  }

  resetTime(): void {
    this.#usedTime = 0;
  }

  /** Seeds the random choices from here on: after `random.seed(7)` there and `seed(7)` here, choices are the same. */
  seed(seed?: PythonSeed): void {
    this.#random = new PythonRandom(seed);
  }

  /** What makes the random choices: hand it to functions that want to share the sequence. */
  get randomGenerator(): PythonRandom {
    return this.#random;
  }

  /** A random architecture's index. */
  random(): number {
    return this.#random.randint(0, this.length - 1);
  }

  #noIndex(index: unknown): QueryError {
    return new QueryError(
      'UNKNOWN_ARCHITECTURE',
      `expected an index from 0 to ${this.length - 1}, found ${String(index)}`,
    );
  }

  #checked(index: number): number {
    if (!Number.isInteger(index) || index < 0 || index >= this.length) throw this.#noIndex(index);
    return index;
  }

  /** The index of an architecture, or -1 where the space has no such one. @throws QueryError for an index out of range */
  queryIndexByArch(arch: Architecture): number {
    if (typeof arch === 'number' && Number.isInteger(arch)) return this.#checked(arch);
    if (typeof arch === 'string') return this.#indexByName.get(arch) ?? -1;
    if (arch !== null && typeof arch === 'object' && typeof arch.tostr === 'function') {
      return this.#indexByName.get(arch.tostr()) ?? -1;
    }
    return -1;
  }

  #index(arch: Architecture): number {
    const index = this.queryIndexByArch(arch);
    if (index < 0) throw new QueryError('UNKNOWN_ARCHITECTURE', `no such architecture in this space: ${String(arch)}`);
    return index;
  }

  /** All results of an architecture, a copy. @throws QueryError */
  queryMetaInfoByIndex(archIndex: number, options: HpOption = {}): ArchResults {
    return this.#records.results(this.#checked(archIndex), hpName(options));
  }

  /** All results of an architecture, or those on one data set by seed. @throws QueryError */
  queryByIndex(archIndex: number, dataname?: null, options?: HpOption): ArchResults;
  queryByIndex(archIndex: number, dataname: Dataset, options?: HpOption): Map<number, ResultsCount>;
  queryByIndex(
    archIndex: number,
    dataname?: Dataset | null,
    options: HpOption = {},
  ): ArchResults | Map<number, ResultsCount> {
    const results = this.queryMetaInfoByIndex(archIndex, options);
    return dataname === undefined || dataname === null ? results : results.query(dataname);
  }

  /** The text that the reference prints for an architecture, or null where there are no results. @throws QueryError */
  queryInfoStrByArch(arch: Architecture, options: HpOption = {}): string | null {
    const index = this.queryIndexByArch(arch);
    if (index < 0 || (!this.#records.inFolder && !this.#records.has(index))) return null;
    const results = this.#records.results(index, hpName(options));
    return informationLines(results, `arch-index=${index}`, this.reference).join('\n');
  }

  /** The same as `queryInfoStrByArch`, as older programs call it. */
  queryByArch(arch: Architecture, options: HpOption = {}): string | null {
    return this.queryInfoStrByArch(arch, options);
  }

  /**
   * Loss, accuracy and times of an architecture on a data set after an epoch (`get_more_info`).
   * @throws QueryError
   */
  getMoreInfo<D extends Dataset>(index: Architecture, dataset: D, options: InfoOptions = {}): MoreInfo<D> {
    return this.#info(this.#index(index), dataset, options) as MoreInfo<D>;
  }

  #info(index: number, dataset: Dataset, options: InfoOptions): Info {
    const hp = hpName(options);
    const wanted = options.seed ?? options.isRandom ?? true;
    // The last epoch is known without reading the file; what is unusual about it takes the other way.
    const last = options.iepoch == null ? this.#records.lastEpoch(index, hp, dataset) : undefined;
    const results = last ? undefined : this.#records.results(index, hp);
    const choice = wanted === true ? this.#random.choice(last?.seeds ?? results!.getDatasetSeeds(dataset)) : wanted;
    return last?.info(choice) ?? infoOf(results ?? this.#records.results(index, hp), dataset, options.iepoch, choice);
  }

  /**
   * `getMoreInfo` of many architectures: by its keys one number an architecture, in their order, NaN where its answer is
   * null or has no such key. Curves are read on several threads.
   * @throws QueryError where one of them has no answer; the signal's reason where it was aborted
   */
  async getMoreInfos<D extends Dataset>(
    archs: Iterable<Architecture>,
    dataset: D,
    options: InfoOptions & { signal?: AbortSignal | undefined } = {},
  ): Promise<MoreInfoColumns<D>> {
    const { signal, ...asked } = options;
    const indexes = Array.from(archs, (arch) => this.#index(arch));
    const out = new InfoColumns(indexes.length);
    const wanted = asked.seed ?? asked.isRandom ?? true;
    let at = 0;
    if (asked.iepoch == null) {
      for await (const portion of this.#portions(indexes, signal)) {
        for (const index of portion) out.put(at++, this.#info(index, dataset, asked));
      }
      return out.columns as MoreInfoColumns<D>;
    }
    for await (const state of this.#states(indexes, dataset, hpName(asked), signal)) {
      const index = indexes[at]!;
      const results = state && new ArchResults(this.#records.resultsOf(index, state), this.reference);
      const seeds = results && orNone([], () => results.getDatasetSeeds(dataset));
      const choice = wanted === true && seeds?.length ? this.#random.choice(seeds) : wanted;
      const info = results && orNone(undefined, () => infoOf(results, dataset, asked.iepoch, choice));
      // What is missing is asked for once more by itself, for an error that says what is there.
      out.put(at++, info ?? this.#info(index, dataset, { ...asked, seed: undefined, isRandom: choice }));
    }
    return out.columns as MoreInfoColumns<D>;
  }

  /**
   * One curve of every trial of many architectures, a row a trial: read on several threads. An architecture that was not
   * trained on the data set has no rows.
   * @throws QueryError where no trial has such a curve, or no architecture such hyper-parameters; the signal's reason where it was aborted
   */
  async curves<D extends Dataset>(
    archs: Iterable<Architecture>,
    dataset: D,
    options: CurvesOptions<D> = {},
  ): Promise<TrialCurves> {
    if (!DATASETS.includes(dataset)) throw this.#noDataset(dataset, DATASETS);
    const { metric = 'accuracy', set = 'train', signal, ...asked } = options;
    const hp = hpName(asked);
    const indexes = Array.from(archs, (arch) => this.#index(arch));
    const { curves, any, results } = await curvesOf(this.#states(indexes, dataset, hp, signal), dataset, metric, set);
    // Where nothing has such hyper-parameters, this says which there are.
    const recorded = results ? undefined : indexes.find((index) => this.#records.hyperParameters(index).length > 0);
    if (recorded !== undefined) this.#records.results(recorded, hp);
    const first = indexes.find((_, i) => curves.starts[i + 1] !== 0);
    if (!any && first !== undefined) for (const trial of this.#trialsOf(first, dataset, hp)) trial.curve(metric, set);
    return curves;
  }

  /** What each architecture has of a data set, in their order; undefined where it has no results with these hyper-parameters. */
  async *#states(
    indexes: readonly number[],
    dataset: Dataset,
    hp: HpName,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<StateRecord | undefined> {
    let at = 0;
    for await (const batch of this.sweep({ archs: indexes, hp: [hp], datasets: [dataset], signal })) {
      for (const { index, states } of recordsOf(batch)) {
        for (; indexes[at] !== index; at++) yield undefined;
        yield states[0];
        at++;
      }
    }
    for (; at < indexes.length; at++) yield undefined;
  }

  /**
   * What a search sees: the validation accuracy (per cent) of one trial at random, the latency (seconds for a batch of
   * 256), the seconds that training and evaluating cost, and all seconds accounted for so far.
   * @throws QueryError, NO_TIMES where the file has none
   */
  simulateTrainEval(
    arch: Architecture,
    dataset: PaperDataset,
    options: HpOption & { iepoch?: number | undefined; accountTime?: boolean | undefined } = {},
  ): [validAccuracy: number, latency: number | null, timeCost: number, usedTime: number] {
    const index = this.#index(arch);
    if (!PAPER_DATASETS.includes(dataset)) throw this.#noDataset(dataset, PAPER_DATASETS);
    const trained: Dataset = dataset === 'cifar10' ? 'cifar10-valid' : dataset;
    const { hp, iepoch, use12EpochsResult } = options;
    const info = this.#info(index, trained, { hp, iepoch, use12EpochsResult, isRandom: true });
    // NATS-Bench before the last epoch: only all test images together were evaluated.
    let perTime = info['valid-per-time'];
    const accuracy = info['valid-accuracy'] ?? info['valtest-accuracy'];
    if (info['valid-accuracy'] === undefined && this.reference === 'nats-bench') {
      const last = this.#info(index, trained, { hp, use12EpochsResult, isRandom: true });
      perTime = last['valid-per-time'] ?? null;
    }
    const trainTime = info['train-all-time'];
    if (accuracy === undefined || accuracy === null) throw unknownSet(trained, 'x-valid', ['train']);
    if (trainTime == null || perTime == null) {
      throw new QueryError(
        'NO_TIMES',
        `architecture ${index} has no times on '${trained}' with hp '${hpName(options)}'`,
      );
    }
    const cost = trainTime + perTime;
    const latency = this.getLatency(index, dataset, this.reference === 'nats-bench' ? options : {});
    if (options.accountTime ?? true) this.#usedTime += cost;
    return [accuracy, latency, cost, this.#usedTime];
  }

  #noDataset(dataset: unknown, known: readonly string[]): QueryError {
    return new QueryError('UNKNOWN_DATASET', `expected one of ${known.join(', ')}, found ${String(dataset)}`);
  }

  /**
   * The architecture of the highest mean accuracy on a set after the last epoch, and that accuracy in per cent;
   * [-1, null] where none keeps within the limits. The first in index order wins a tie (`find_best`).
   * @param metricOnSet a set, or `valid` and `test` for what the paper means: with `cifar10`, `valid` is the `x-valid`
   *   of `cifar10-valid`
   * @throws QueryError
   */
  async findBest<D extends Dataset>(
    dataset: D,
    metricOnSet: MetricSet<D>,
    options: FindBestOptions = {},
  ): Promise<[index: number, accuracy: number | null]> {
    const hp = hpName(options);
    const [trained, set] = remapDatasetSetNames(dataset, metricOnSet) as [Dataset, SetOf<Dataset>];
    const { flopMax, paramMax, signal } = options;
    const accuracy = await this.#column(trained, { metric: 'accuracy', set, hp, signal });
    const flops = flopMax === undefined ? undefined : await this.#column(trained, { metric: 'flops', hp, signal });
    const params = paramMax === undefined ? undefined : await this.#column(trained, { metric: 'params', hp, signal });
    signal?.throwIfAborted();
    const limits: Limit[] = [];
    // Where one column has its means at hand, all have.
    if (flops?.means) limits.push({ values: flops.means, max: flopMax! });
    if (params?.means) limits.push({ values: params.means, max: paramMax! });
    const found = accuracy.means && bestOf(this.#records.evaluated, accuracy.means, limits);
    if (found) return found;
    let best = -1;
    let highest: number | null = null;
    const everywhere = this.#records.inFolder && options.enforceAll !== false;
    const indexes = everywhere ? this.#indexes : this.evaluatedIndexes;
    for await (const portion of this.#portions(indexes, signal)) {
      for (const index of portion) {
        if (flops && flops.at(index) > flopMax!) continue;
        if (params && params.at(index) > paramMax!) continue;
        const value = accuracy.at(index);
        if (best === -1 || highest! < value) {
          best = index;
          highest = value;
        }
      }
    }
    return [best, highest];
  }

  /**
   * The indexes a few at a time, with pauses for whatever else has to run: each may mean that a file of a folder is opened.
   * @throws the signal's reason where it was aborted
   */
  async *#portions(indexes: Iterable<number>, signal: AbortSignal | undefined): AsyncGenerator<number[]> {
    if (!this.#records.inFolder) {
      signal?.throwIfAborted();
      yield [...indexes];
      return;
    }
    let rested = performance.now();
    let portion: number[] = [];
    for (const index of indexes) {
      if (portion.push(index) < PORTION) continue;
      signal?.throwIfAborted();
      await this.#records.prepare(portion);
      yield portion;
      portion = [];
      if (performance.now() - rested > 10) {
        await setImmediate();
        rested = performance.now();
      }
    }
    signal?.throwIfAborted();
    await this.#records.prepare(portion);
    yield portion;
  }

  /**
   * One number of every architecture: the mean over its trials, NaN where the file has none. In index order.
   * @throws QueryError where no architecture has it
   */
  async column<D extends Dataset>(dataset: D, options: ColumnOptions<D>): Promise<Float64Array> {
    const column = await this.#column(dataset, options as ColumnOptions<Dataset>);
    options.signal?.throwIfAborted();
    if (column.means?.some((mean) => !Number.isNaN(mean))) return column.means.slice();
    const out = new Float64Array(this.length).fill(Number.NaN);
    let any = false;
    for await (const portion of this.#portions(this.#indexes, options.signal)) {
      for (const index of portion) {
        const value = column.find(index);
        if (value === undefined) continue;
        out[index] = value;
        any = true;
      }
    }
    if (!any) column.at(this.evaluatedIndexes[0] ?? 0);
    return out;
  }

  /**
   * One number of every trial of every architecture, in the order of the file's seeds; NaN where it has none.
   * @throws QueryError for names that there are not
   */
  async trialColumn<D extends Dataset>(dataset: D, options: ColumnOptions<D>): Promise<TrialColumn> {
    const { hp, use12EpochsResult, signal } = options;
    const [column] = await this.trialColumns(dataset, [options], { hp, use12EpochsResult, signal });
    return column!;
  }

  /** Several of them, which in a folder takes not much longer than one. @throws QueryError */
  async trialColumns<D extends Dataset>(
    dataset: D,
    requests: readonly Omit<ColumnOptions<D>, keyof HpOption | 'signal'>[],
    options: HpOption & { signal?: AbortSignal | undefined } = {},
  ): Promise<TrialColumn[]> {
    if (!DATASETS.includes(dataset)) throw this.#noDataset(dataset, DATASETS);
    const hp = hpName(options);
    const file = this.#records.single;
    const columns: TrialColumn[] = [];
    if (file) {
      for (const request of requests) {
        const column = await readColumn(file, columnRequest(dataset, hp, request), options.signal);
        columns.push(trialColumnOf(column, hp, request));
      }
      return columns;
    }
    const starts = new Uint32Array(this.length + 1);
    const values = requests.map((): number[] => []);
    for await (const portion of this.#portions(this.#indexes, options.signal)) {
      for (const index of portion) {
        const trials = this.#trialsOf(index, dataset, hp);
        starts[index + 1] = starts[index]! + trials.length;
        requests.forEach((request, r) => {
          for (const trial of trials) values[r]!.push(orNone(Number.NaN, () => numberOfTrial(trial, request)));
        });
      }
    }
    return values.map((column) => ({ starts, values: Float64Array.from(column) }));
  }

  /** The trials of an architecture on a data set; none where it was not trained on that. */
  #trialsOf(index: number, dataset: Dataset, hp: HpName): ResultsCount[] {
    return orNone([], () => [...this.#records.results(index, hp).query(dataset).values()]);
  }

  async #column(dataset: Dataset, options: ColumnOptions<Dataset>): Promise<Column> {
    if (!DATASETS.includes(dataset)) throw this.#noDataset(dataset, DATASETS);
    const { metric, iepoch, signal } = options;
    const hp = hpName(options);
    const costs = metric === 'flops' || metric === 'params' || metric === 'latency';
    const set = options.set ?? (costs ? undefined : 'train');
    const file = this.#records.single;
    if (!file || this.reference === 'nats-bench') {
      const at = (index: number) => this.#oneOf(index, dataset, hp, metric, set, iepoch);
      return {
        at,
        find(index) {
          const value = orNone(Number.NaN, () => at(index));
          return Number.isNaN(value) ? undefined : value;
        },
      };
    }
    const request = columnRequest(dataset, hp, options);
    const key = JSON.stringify([request, metric]);
    const kept = this.#columns.get(key);
    if (kept) return kept;
    const column = await readColumn(file, request, signal);
    const means = meansOf(column, metric, epochsBy(hp, iepoch), this.reference);
    const find = (index: number): number | undefined => {
      const mean = means[index]!;
      return Number.isNaN(mean) ? undefined : mean;
    };
    // What is missing is looked up once more by itself, for an error that says what is there.
    const at = (index: number) => find(index) ?? this.#oneOf(index, dataset, hp, metric, set, iepoch);
    return this.#columns.set(key, { means, find, at });
  }

  #oneOf(
    index: number,
    dataset: Dataset,
    hp: HpName,
    metric: ColumnMetric,
    set: string | undefined,
    iepoch: number | undefined,
  ): number {
    const results = this.#records.results(this.#checked(index), hp);
    if (metric === 'flops' || metric === 'params' || metric === 'latency') {
      return results.getComputeCosts(dataset)[metric] ?? Number.NaN;
    }
    const info = results.getMetrics(dataset, set!, iepoch);
    if (metric === 'accuracy' || metric === 'loss') return info[metric];
    if (info.all_time === null) throw new QueryError('NO_TIMES', `there are no times on '${set}' of '${dataset}' here`);
    return metric === 'all-time' ? info.all_time : info.all_time / (info.iepoch + 1);
  }

  /** The trained weights of one trial, or of all trials of a data set by seed (`get_net_param`). @throws QueryError */
  getNetParam(
    index: number,
    dataset: Dataset,
    seed: number | null,
    options: HpOption = {},
  ): PythonValue | Map<number, PythonValue> {
    return this.queryMetaInfoByIndex(index, options).getNetParam(dataset, seed);
  }

  /** How to build the network of an architecture for a data set (`get_net_config`). @throws QueryError */
  getNetConfig(index: number, dataset: Dataset): NetworkConfig {
    const [hp] = this.#records.hyperParameters(this.#checked(index));
    const results = this.#records.results(index, hp ?? '12');
    return results.query(dataset).values().next().value!.getConfig();
  }

  /**
   * The trained network of an architecture on a data set, as the reference makes it of `get_net_config` and
   * `get_net_param`. The benchmark files have no weights; a file of the archive has, once it is reloaded (`reload`).
   * @throws QueryError NO_WEIGHTS, NetworkError
   */
  async getNetwork(index: number, dataset: Dataset, options: NetworkOptions = {}): Promise<Network> {
    const { seed, device, signal, ...hp } = options;
    const params = this.getNetParam(index, dataset, seed ?? null, hp);
    const of = (map: PythonValue | Map<number, PythonValue>) => (map instanceof Map ? [...map.values()] : []);
    const weights = seed === undefined ? of(params).find((value) => value !== null) : params;
    if (!(weights instanceof Map)) {
      const trial = seed === undefined ? '' : `, seed ${seed}`;
      throw new QueryError(
        'NO_WEIGHTS',
        `there are no weights of architecture ${index} on '${dataset}', hp '${hpName(hp)}'${trial} here: reload it from a file of the archive`,
      );
    }
    const { Network } = await import('./networks/network.js');
    const network = await Network.fromConfig(this.getNetConfig(index, dataset), { seed: 0, device, signal });
    try {
      return await network.loadStateDict(weights as Map<PythonValue, PythonValue>, signal ? { signal } : {});
    } catch (error) {
      network.dispose();
      throw error;
    }
  }

  /** FLOPs, parameters, latency and times: means over the trials of a data set (`get_cost_info`). @throws QueryError */
  getCostInfo(index: number, dataset: Dataset, options: HpOption = {}): ComputeCosts {
    const results = this.queryMetaInfoByIndex(index, options);
    this.#warnOnce(index, dataset, results);
    return results.getComputeCosts(dataset);
  }

  /** Seconds for a batch of 256, or null where none was measured (`get_latency`). @throws QueryError */
  getLatency(index: number, dataset: Dataset, options: HpOption = {}): number | null {
    const hp = hpName(options);
    const last =
      this.reference === 'nas-bench-201' ? this.#records.lastEpoch(this.#checked(index), hp, dataset) : undefined;
    return last ? last.latency : this.queryMetaInfoByIndex(index, { hp }).getComputeCosts(dataset).latency;
  }

  /**
   * Where the recorded FLOPs or parameters cannot be right (in the published files one trial of some 204 architectures
   * carries another network's), the recorded ones and those of a network with the channels and cells that are recorded;
   * else null. @throws QueryError
   */
  costWarning(index: number, dataset: Dataset, options: HpOption = {}): CostWarning | null {
    return this.#costWarning(index, dataset, this.queryMetaInfoByIndex(index, options));
  }

  #costWarning(index: number, dataset: Dataset, results: ArchResults): CostWarning | null {
    const { flops, params } = results.getComputeCosts(dataset);
    if (this.#isSize) return null;
    const trials = [...(results.query(dataset) as ReadonlyMap<number, ResultsCount>).values()];
    const costs = trials.map(({ archConfig }) => trainedCost(this.arch(index), dataset, archConfig));
    if (!costs.every((cost) => cost !== null)) return null;
    const mean = (of: 'flops' | 'params') => costs.reduce((sum, cost) => sum + cost[of], 0) / costs.length;
    const actual = { flops: mean('flops'), params: mean('params') };
    const near = (a: number, b: number) => Math.abs(a - b) <= 1e-4 * Math.max(1, Math.abs(b));
    if (near(flops, actual.flops) && near(params, actual.params)) return null;
    return { index, dataset, recorded: { flops, params }, actual };
  }

  #warnOnce(index: number, dataset: Dataset, results: ArchResults): void {
    const key = `${index}/${dataset}`;
    if (this.#warned.has(key)) return;
    const warning = this.#costWarning(index, dataset, results);
    if (!warning) return;
    this.#warned.add(key);
    const show = ({ flops, params }: { flops: number; params: number }) =>
      `${flops} M FLOPs and ${params} M parameters`;
    this.#onWarning(
      `architecture ${index} on '${dataset}' is recorded with ${show(warning.recorded)}; its network has ${show(warning.actual)}`,
    );
  }

  /** How many architectures have how many trials on a data set (`statistics`). @throws QueryError */
  statistics(dataset: Dataset, options: HpOption = {}): Map<number, number> {
    if (!DATASETS.includes(dataset)) throw this.#noDataset(dataset, DATASETS);
    const hp = hpName(options);
    const counts = new Map<number, number>();
    const indexes = this.reference === 'nats-bench' ? this.evaluatedIndexes : this.#indexes;
    for (const index of indexes) {
      const count = this.#records.trialCount(index, hp, dataset);
      counts.set(count, (counts.get(count) ?? 0) + 1);
    }
    return counts;
  }

  /**
   * Reads architectures' records anew from per-architecture files, `000157-FULL.pth` or NATS-Bench's
   * `000157.pickle.pbz2`, in a folder or a tar archive that is not unpacked. Their answers take the place of the file's
   * (`reload`). One record is read now, on another thread; all of them each when it is asked for.
   * @param archiveRoot its path, or an archive that is open. Default: the newest published archive in `$TORCH_HOME`
   * @param index default: all architectures
   * @throws ReadError, QueryError
   */
  async reload(archiveRoot?: string | Archive | null, index?: number | null): Promise<void> {
    const archive = await archiveAt(archiveRoot ?? join(torchHome(), ARCHIVE_DIRS.at(-1)!), { sideCar: this.#sideCar });
    const indexes = index === undefined || index === null ? this.#indexes : [this.#checked(index)];
    for (const i of indexes) {
      if (archive.record(i, this.reference) !== undefined) continue;
      throw new QueryError('NO_FILE', `there is no file ${archive.nameOf(i, this.reference)}`);
    }
    if (index === undefined || index === null) this.#records.replaceAll(archive, this.#indexes);
    else this.#records.replace(index, await openBenchmarkFile(archive.record(index, this.reference)!));
  }

  /**
   * Opens the files of these architectures on other threads, several at once, so that what is asked of them next does not
   * wait for a file to be unpacked: those of a NATS-Bench folder or archive, and with `weights` those of the option
   * `archive`. Some 200 files, and 256 MB, are kept open.
   * @throws ReadError, QueryError
   */
  async prepare(indexes: number | Iterable<number>, options: { weights?: boolean } = {}): Promise<void> {
    const all = typeof indexes === 'number' ? [indexes] : [...indexes];
    await this.#records.prepare(
      all.map((index) => this.#checked(index)),
      options,
    );
  }

  /** Forgets an architecture's weights, which `reload` may have brought. @throws QueryError */
  clearParams(index: number, options: { hp?: HpOption['hp'] | null } = {}): void {
    const hp = options.hp === undefined || options.hp === null ? null : hpName({ hp: options.hp });
    this.#records.clearParams(this.#checked(index), hp);
  }

  /**
   * The text of `show` (the reference prints it): an architecture's results for all hyper-parameters, or with -1 those
   * of all architectures.
   */
  showText(index = -1): string {
    if (index < 0) {
      const evaluated = this.evaluatedIndexes;
      const rule = '-'.repeat(10);
      const parts = evaluated.map((arch, i) => {
        const count = `(${String(i).padStart(5)}/${String(evaluated.length).padStart(5)})`;
        const title = `\n${rule} The ${count} ${String(arch).padStart(6, '0')}-th architecture! ${rule}`;
        return [title, `arch : ${this.arch(arch)}`, this.#showOne(arch)].join('\n');
      });
      return [this.toString(), ...parts].join('\n');
    }
    if (index >= this.length) return `This index (${index}) is out of range (0~${this.length}).`;
    const known = this.#records.inFolder ? this.#records.has(index) : this.#records.evaluated.has(index);
    if (!known) return `The ${index}-th architecture has not been evaluated or not saved.`;
    return this.#showOne(index);
  }

  #showOne(index: number): string {
    const lines = this.#records.hyperParameters(index).flatMap((hp) => {
      const results = this.#records.results(index, hp);
      const epochs = String(results.getTotalEpoch()).padStart(3, '0');
      return [
        `${'>'.repeat(40)} ${epochs} epochs ${'>'.repeat(40)}`,
        ...informationLines(results, null, this.reference),
      ];
    });
    return [...lines, `${'<'.repeat(40)}------------${'<'.repeat(40)}`].join('\n');
  }

  /** Prints `showText`. */
  show(index = -1): void {
    console.log(this.showText(index));
  }

  /** An architecture's edges by node: [[['op', input], …], …]. @throws ArchitectureError */
  static str2lists(archStr: string): [operation: string, input: number][][] {
    return cell.str2lists(archStr);
  }

  /** The 4 × 4 matrix of an architecture: row = node, column = input, value = the operation's number. @throws ArchitectureError */
  static str2matrix(archStr: string, searchSpace?: readonly string[]): number[][] {
    return cell.str2matrix(archStr, searchSpace);
  }

  // ---- Beyond the reference

  /** The seeds of an architecture's trials on a data set. A seed that is missing is never filled from another. @throws QueryError */
  seeds(index: number, dataset: Dataset, options: HpOption = {}): number[] {
    return this.queryMetaInfoByIndex(index, options).getDatasetSeeds(dataset);
  }

  /**
   * Validation and test accuracy as the paper's tables mean them, in per cent: for `cifar10` validation is the `x-valid`
   * of `cifar10-valid`, test the `ori-test` of `cifar10`. Means over trials, after the last epoch; default: 200 epochs.
   * @throws QueryError
   */
  paperAccuracy(index: Architecture, dataset: PaperDataset, options: HpOption = {}): { valid: number; test: number } {
    if (!PAPER_DATASETS.includes(dataset)) throw this.#noDataset(dataset, PAPER_DATASETS);
    const last = this.#isSize ? '90' : '200';
    const hp = options.hp === undefined && options.use12EpochsResult === undefined ? last : hpName(options);
    const results = this.#records.results(this.#index(index), hp);
    const accuracy = (name: 'valid' | 'test') => results.getMetrics(...remapDatasetSetNames(dataset, name)).accuracy;
    return { valid: accuracy('valid'), test: accuracy('test') };
  }

  /** The string that architectures of the same network share (NATS-Bench's `get_unique_str`): 6,466 in all. */
  unique(arch: Architecture): string {
    return uniqueString(this.arch(this.#index(arch)));
  }

  /** The architectures that are the same network as this one, itself among them, ascending. */
  isomorphs(arch: Architecture): number[] {
    if (!this.#isomorphs) {
      this.#isomorphs = new Map();
      for (const [index, other] of this.metaArchs.entries()) {
        const key = uniqueString(other);
        const known = this.#isomorphs.get(key);
        if (known) known.push(index);
        else this.#isomorphs.set(key, [index]);
      }
    }
    return [...this.#isomorphs.get(this.unique(arch))!];
  }

  /** The side-car that the file was opened with; null where it was walked. */
  get sideCar(): string | null {
    return this.#records.single?.describe().sideCar ?? null;
  }

  /**
   * Waits until the side-car of a file that was walked is written, which `open` leaves to the background: its path, or
   * undefined where none was to be written, or no place took it.
   */
  async sideCarKept(): Promise<string | undefined> {
    const file = this.#records.single;
    return file && sideCarKept(file);
  }

  /**
   * Every number of every trial as flat arrays, a batch of architectures at a time, in index order: read on several
   * threads, a few batches ahead of the receiver and no more.
   * @throws ReadError, QueryError; the signal's reason where it was aborted
   */
  sweep(options: SweepOptions = {}): AsyncGenerator<SweepBatch> {
    const indexes = options.archs ? Array.from(options.archs, (index) => this.#checked(index)) : this.#indexes;
    return this.#records.store
      ? sweepStore(this.#records.store, indexes, options)
      : sweepPortions(this.#records.portions(indexes), options);
  }

  /**
   * Everything that is recorded but weights, architecture by architecture in index order, a batch at a time: as `sweep`,
   * with one object a trial.
   * @throws ReadError, QueryError; the signal's reason where it was aborted
   */
  async *records(
    options: { archs?: Iterable<number> | undefined; signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<ArchitectureRecord[]> {
    for await (const batch of this.sweep({ ...options, attributes: true })) yield recordsOf(batch);
  }

  /**
   * What is known of an architecture's trials after their last epoch without reading the file, by data set in the
   * record's order; undefined where anything about them is unusual. Asked of all architectures, this is much faster than
   * any other answer.
   */
  lastEpochs(index: number, options: HpOption = {}): LastEpochs[] | undefined {
    return this.#records.lastEpochs(this.#checked(index), hpName(options));
  }

  /** The architectures that there are records of, ascending; in a folder those that have a file there. */
  get recordedIndexes(): number[] {
    return this.#records.indexes(this.length);
  }

  /**
   * Reads the whole file and compares its MD5 with the published one, of which the name ends with six digits.
   * @throws QueryError where the name tells none
   */
  async verify(
    options: { onProgress?: (bytes: number, total: number) => void; signal?: AbortSignal } = {},
  ): Promise<Verification> {
    const expected = expectedMd5(this.filename);
    const md5 = await md5OfFile(this.path, options);
    return { md5, expected, matches: expected.length === 32 ? md5 === expected : md5.endsWith(expected) };
  }

  /** Closes the files. What was handed out before can still be asked for what it has read. */
  close(): void {
    this.#columns.clear();
    this.#records.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * One architecture's file: `000157-FULL.pth` of NAS-Bench-201 or `000157.pickle.pbz2` of NATS-Bench, by its path or as
 * an `Archive` gives it (`archive.record(157, archive.family)`); its results by hyper-parameters. @throws ReadError
 */
export async function openArchitecture(
  source: Source,
  options: OpenBenchmarkOptions = {},
): Promise<Map<HpName, ArchResults>> {
  const file: NativeBenchmarkFile = await openBenchmarkFile(source, options);
  if (file.describe().kind !== 'architecture') {
    const { file: path } = file.describe();
    throw new ReadError('BAD_RECORD', path, 0, `${path}: byte 0: expected the record of one architecture`);
  }
  const index = file.recordIndexes()[0]!;
  const records = new Records({ records: file }, file.describe().namedByEpochs ? 'nats-bench' : 'nas-bench-201', 1);
  return new Map(file.hyperParameters(index).map((hp) => [hp as HpName, records.results(index, hp)]));
}

async function archiveAt(archive: string | Archive, options: OpenArchiveOptions): Promise<Archive> {
  return archive instanceof Archive ? archive : Archive.open(archive, options);
}

function torchHome(): string {
  const home = process.env.TORCH_HOME;
  if (!home)
    throw new QueryError(
      'NO_FILE',
      'expected a path, or the variable TORCH_HOME to name the folder of the published file',
    );
  return home;
}
