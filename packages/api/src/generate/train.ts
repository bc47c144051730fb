import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { NetworkError, removeUnfinished, WriteError, writeWhole } from '@nas-bench-201/core-native';
import type { DataSet } from '../datasets/data-set.js';
import { type OpenDatasetOptions, openDataset } from '../datasets/open.js';
import { DATASETS, type Dataset } from '../names.js';
import { setTorchThreads, torchInfo } from '../networks/torch.js';
import type { TrainingConfig } from '../training/config.js';
import type { EpochResult } from '../training/epochs.js';
import { machineInfo } from '../training/machine.js';
import { type TrialDict, trainTrial } from '../training/trial.js';
import { writeTrials } from '../training/trial-file.js';
import { Claim, type Claimant, type ClaimTimes, claimant } from './claim.js';
import { type GeneratedHp, Layout, type NetworkSize, type Range, type Run } from './layout.js';
import { RunLog } from './log.js';
import { architectureAt, metaArchitectures } from './meta.js';
import { readKey } from './parts.js';

/** The seeds of the published runs. */
export const SEEDS: Readonly<Record<GeneratedHp, readonly number[]>> = { '12': [111, 777], '200': [777, 888, 999] };

export interface TrainRunsOptions extends NetworkSize {
  /** 12 epochs or 200. */
  hp: GeneratedHp;
  /** The folder with the data sets' files. */
  data: string;
  /** How its files are read. */
  files?: Omit<OpenDatasetOptions, 'limit'> | undefined;
  /** Default: all in the list. */
  archs?: readonly number[] | undefined;
  /** Default: `SEEDS`. */
  seeds?: readonly number[] | undefined;
  /** Data set keys of a run, in this order. Default: all four. */
  datasets?: readonly Dataset[] | undefined;
  /** What should be otherwise than `hp` says. */
  config?: Partial<TrainingConfig> | undefined;
  /** `'cpu'` (default), `'cuda'`, `'cuda:1'`. */
  device?: string | undefined;
  /**
   * Runs that are trained at the same time in this process, on one copy of the data. Where memory does not suffice for so
   * many, work goes on with as many as fit. Each has its part of the threads (`setTorchThreads`). Default: 1.
   */
  networks?: number | undefined;
  /** See `TrainOptions`. */
  order?: 'reference' | 'device' | undefined;
  /** See `TrainOptions`. */
  channelsLast?: boolean | undefined;
  /** See `TrainOptions`. */
  cudaGraph?: boolean | undefined;
  /** The first images of each set alone. */
  limit?: number | undefined;
  /** Whether runs that others work on are waited for, and taken over where they die. Default: skipped. */
  wait?: boolean | undefined;
  claims?: ClaimTimes | undefined;
  signal?: AbortSignal | undefined;
  onEvent?: ((event: TrainEvent) => void) | undefined;
}

/** What becomes of a run. */
export type TrainEvent = Run & { path: string } & (
    | { kind: 'started' | 'done' | 'there' }
    | { kind: 'taken'; by: Claimant }
    | { kind: 'failed'; error: Error }
    /** Memory did not suffice for it beside others: it is tried again, with so many networks at a time. */
    | { kind: 'postponed'; networks: number; error: Error }
    | { kind: 'epoch'; dataset: Dataset; epoch: EpochResult }
  );

/** How many runs were trained here, were there already, were left to others who work on them, and failed. */
export interface TrainSummary {
  trained: number;
  there: number;
  taken: number;
  failed: number;
}

/** How long a worker waits before it looks again at runs that others work on. */
const WAIT_MS = 2000;

/**
 * The second step: trains architectures from seeds on all data set keys, a file a run, where the reference's `main.py`
 * puts it (`--mode new`). A run that is finished is skipped, as is one that another process works on; data set keys that a
 * killed process had finished are not trained again. Any number of processes on any number of machines that share the
 * folder may do this at once.
 *
 * A run that fails by itself (a loss that is no number, memory that does not suffice) is reported, noted beside its file
 * and left to the next call.
 * @throws GenerateError, DataSetError, WriteError, NetworkError; the signal's reason
 */
export async function trainRuns(folder: string, options: TrainRunsOptions): Promise<TrainSummary> {
  const layout = new Layout(folder, options);
  const archs = await metaArchitectures(layout);
  const wanted = options.archs ?? archs.map((_, index) => index);
  for (const index of wanted) architectureAt(layout, archs, index);
  const { networks = 1 } = options;
  if (!Number.isInteger(networks) || networks < 1 || networks > MOST_NETWORKS) {
    throw new RangeError(`expected from 1 to ${MOST_NETWORKS} networks at a time, found ${networks}`);
  }
  const work = new TrainingWork(layout, archs, options);
  try {
    return await work.all(
      wanted.flatMap((index) => (options.seeds ?? SEEDS[options.hp]).map((seed) => ({ index, seed }))),
    );
  } finally {
    await work.close();
  }
}

/** As there are lanes besides the first. */
const MOST_NETWORKS = 255;

type Place = Run & { path: string };

/** A run that is being trained, and whether it was the only one all the time. */
interface Training {
  lane: number;
  alone: boolean;
  outcome: Promise<Outcome>;
}

class TrainingWork {
  readonly #data = new Map<Dataset, Promise<DataSet>>();
  readonly #log = new RunLog();
  readonly #ranges: readonly Range[];
  readonly #trainings = new Set<Training>();
  readonly #end = new AbortController();
  readonly #signal = this.#end.signal;
  #networks: number;
  /** Of the first lane before it shared them. */
  #threads: number | undefined;
  readonly summary: TrainSummary = { trained: 0, there: 0, taken: 0, failed: 0 };

  constructor(
    readonly layout: Layout,
    readonly archs: readonly string[],
    readonly options: TrainRunsOptions,
  ) {
    this.#ranges = layout.ranges();
    this.#networks = options.networks ?? 1;
    options.signal?.addEventListener('abort', this.#aborted);
    if (options.signal?.aborted) this.#aborted();
  }

  readonly #aborted = () => this.#end.abort(this.options.signal?.reason);

  async all(runs: readonly Run[]): Promise<TrainSummary> {
    const { layout, options } = this;
    let left: Place[] = runs.map((run) => {
      const range = layout.rangeOf(run.index, this.#ranges);
      return { ...run, path: layout.run(range, options.hp, run) };
    });
    await this.#shareThreads();
    for (;;) {
      const taken = await this.#pass(left);
      if (taken.length === 0 || !options.wait) {
        this.summary.taken = taken.length;
        return this.summary;
      }
      await someoneLess(taken, options);
      left = taken;
    }
  }

  /** Trains several at a time, each on a lane of its own. @returns those that are left to others */
  async #pass(places: readonly Place[]): Promise<Place[]> {
    const queue = [...places];
    const taken: Place[] = [];
    const work = async (lane: number) => {
      while (lane < this.#networks) {
        const place = queue.shift();
        if (!place) return;
        this.#signal.throwIfAborted();
        const training: Training = { lane, alone: this.#trainings.size === 0, outcome: Promise.resolve('ended') };
        for (const other of this.#trainings) other.alone = false;
        this.#trainings.add(training);
        training.outcome = this.#one(place, training).finally(() => this.#trainings.delete(training));
        const outcome = await training.outcome;
        if (outcome === 'taken') taken.push(place);
        if (outcome !== 'postponed') continue;
        queue.unshift(place);
        // With as many at work as there are it would fail again.
        const others = [...this.#trainings].map((other) => other.outcome.catch(() => {}));
        if (others.length > 0) await Promise.race(others);
      }
    };
    const lanes = Array.from({ length: this.#networks }, (_, lane) => lane);
    const failures: unknown[] = [];
    const ended = lanes.map((lane) =>
      work(lane).catch((error: unknown) => {
        failures.push(error);
        this.#end.abort(error);
      }),
    );
    await Promise.all(ended);
    if (failures.length > 0) throw failures[0];
    return queue.length > 0 ? [...taken, ...(await this.#pass(queue))] : taken;
  }

  async #shareThreads(): Promise<void> {
    if (this.#networks === 1) return;
    const { threads } = await torchInfo();
    this.#threads = threads;
    const each = Math.max(1, Math.floor(threads / this.#networks));
    for (let lane = 0; lane < this.#networks; lane++) await setTorchThreads(each, lane);
  }

  async #one(place: Place, training: Training): Promise<Outcome> {
    const { path } = place;
    if (existsSync(path)) return this.#there(place);
    await mkdir(dirname(path), { recursive: true });
    const claim = await Claim.take(path, this.options.claims);
    if (!(claim instanceof Claim)) {
      this.#tell({ ...place, kind: 'taken', by: claim });
      return 'taken';
    }
    try {
      if (existsSync(path)) return this.#there(place);
      return await this.#train(place, training);
    } finally {
      await claim.release();
    }
  }

  #there(place: Place): Outcome {
    this.summary.there++;
    this.#tell({ ...place, kind: 'there' });
    return 'ended';
  }

  async #train(place: Place, training: Training): Promise<Outcome> {
    this.#tell({ ...place, kind: 'started' });
    try {
      await this.#keys(place, training.lane);
    } catch (error) {
      if (error instanceof NetworkError && error.code === 'OUT_OF_MEMORY' && !training.alone) {
        this.#networks = Math.max(1, Math.min(this.#networks, this.#trainings.size - 1));
        this.#tell({ ...place, kind: 'postponed', networks: this.#networks, error });
        return 'postponed';
      }
      // What fails whatever is trained ends the work.
      if (!(error instanceof NetworkError) || !OF_ONE_RUN.includes(error.code)) throw error;
      await noteFailure(place.path, error);
      this.summary.failed++;
      this.#tell({ ...place, kind: 'failed', error });
      return 'ended';
    }
    this.summary.trained++;
    this.#tell({ ...place, kind: 'done' });
    return 'ended';
  }

  async #keys(place: Place, lane: number): Promise<void> {
    const { path, seed, index } = place;
    const { datasets = DATASETS, hp, config, device, order, channelsLast, cudaGraph, C, N } = this.options;
    const signal = this.#signal;
    await removeUnfinished(path);
    const parts = partsOf(path);
    const settings = this.#settings;
    const results = new Map<string, TrialDict>();
    for (const dataset of datasets) {
      const part = join(parts, `${dataset}.pth`);
      const known = await readKey(part, dataset, settings);
      const result =
        known ??
        (await trainTrial({
          arch: this.archs[index]!,
          dataset,
          data: await this.#dataSet(dataset),
          ...{ hp, config, seed, device, lane, order, channelsLast, cudaGraph, C, N, signal },
          onEpoch: (epoch) => this.#tell({ ...place, kind: 'epoch', dataset, epoch }),
        }));
      results.set(dataset, result);
      // The last is soon in the run's own file.
      if (known || results.size === datasets.length) continue;
      await mkdir(parts, { recursive: true });
      await writeTrials(part, { info: settings, results: new Map([[dataset, result]]) }, { overwrite: true, signal });
    }
    try {
      await writeTrials(path, { info: await machineInfo(), results }, { signal });
    } catch (error) {
      // Somebody took the run over, and was faster.
      if (!(error instanceof WriteError && error.code === 'EXISTS')) throw error;
    }
    await rm(parts, { recursive: true, force: true });
    await rm(failureOf(path), { force: true });
  }

  /** What data set keys must have been trained with to stand in one file. */
  get #settings(): string {
    const { hp, config, order, channelsLast, cudaGraph, limit, C = 16, N = 5 } = this.options;
    return JSON.stringify({ hp, config, order, channelsLast, cudaGraph, limit, C, N });
  }

  #dataSet(dataset: Dataset): Promise<DataSet> {
    let opened = this.#data.get(dataset);
    if (!opened) {
      opened = openDataset(dataset, this.options.data, { ...this.options.files, limit: this.options.limit });
      this.#data.set(dataset, opened);
    }
    return opened;
  }

  #tell(event: TrainEvent): void {
    if (event.kind !== 'there' && event.kind !== 'taken') this.#log.write(event);
    this.options.onEvent?.(event);
  }

  async close(): Promise<void> {
    this.options.signal?.removeEventListener('abort', this.#aborted);
    this.#log.close();
    if (this.#threads !== undefined) await setTorchThreads(this.#threads);
  }
}

/** What became of a run that was come by. */
type Outcome = 'ended' | 'taken' | 'postponed';

/** What another run, or this one at another time, may not meet. */
const OF_ONE_RUN: readonly string[] = ['OUT_OF_MEMORY', 'NOT_FINITE'];

const hidden = (path: string, ending: string) => join(dirname(path), `.${basename(path)}.${ending}`);
const partsOf = (path: string) => hidden(path, 'parts');
const failureOf = (path: string) => hidden(path, 'failed');

/** Why a run failed when it was tried last. */
export interface RunFailure {
  at: string;
  code: string;
  message: string;
}

async function noteFailure(path: string, error: NetworkError): Promise<void> {
  const failure: RunFailure = { at: new Date().toISOString(), code: error.code, message: error.message };
  await writeWhole(failureOf(path), [JSON.stringify(failure)]);
}

/** Why a run failed when it was tried last; undefined where it did not. */
export async function failureAt(path: string): Promise<RunFailure | undefined> {
  try {
    return JSON.parse(await readFile(failureOf(path), 'utf8')) as RunFailure;
  } catch {
    return undefined;
  }
}

/** Waits until one of some runs is finished, or nobody's any more. */
async function someoneLess(taken: readonly Place[], { claims, signal }: TrainRunsOptions): Promise<void> {
  for (;;) {
    signal?.throwIfAborted();
    for (const { path } of taken) {
      if (existsSync(path) || !(await claimant(path, claims))?.alive) return;
    }
    // What ends the wait early is thrown above.
    await setTimeout(WAIT_MS, undefined, { ...(signal && { signal }) }).catch(() => {});
  }
}
