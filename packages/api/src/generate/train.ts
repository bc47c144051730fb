import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { NetworkError, removeUnfinished, WriteError, writeWhole } from '@nas-bench-201/core-native';
import type { DataSet } from '../datasets/data-set.js';
import { type OpenDatasetOptions, openDataset } from '../datasets/open.js';
import { DATASETS, type Dataset } from '../names.js';
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
  /** See `TrainOptions`. */
  order?: 'reference' | 'device' | undefined;
  /** See `TrainOptions`. */
  channelsLast?: boolean | undefined;
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
  const work = new TrainingWork(layout, archs, options);
  try {
    return await work.all(
      wanted.flatMap((index) => (options.seeds ?? SEEDS[options.hp]).map((seed) => ({ index, seed }))),
    );
  } finally {
    work.close();
  }
}

type Place = Run & { path: string };

class TrainingWork {
  readonly #data = new Map<Dataset, Promise<DataSet>>();
  readonly #log = new RunLog();
  readonly #ranges: readonly Range[];
  readonly summary: TrainSummary = { trained: 0, there: 0, taken: 0, failed: 0 };

  constructor(
    readonly layout: Layout,
    readonly archs: readonly string[],
    readonly options: TrainRunsOptions,
  ) {
    this.#ranges = layout.ranges();
  }

  async all(runs: readonly Run[]): Promise<TrainSummary> {
    const { layout, options } = this;
    let left: Place[] = runs.map((run) => {
      const range = layout.rangeOf(run.index, this.#ranges);
      return { ...run, path: layout.run(range, options.hp, run) };
    });
    for (;;) {
      const taken: Place[] = [];
      for (const place of left) {
        options.signal?.throwIfAborted();
        if (await this.#one(place)) taken.push(place);
      }
      if (taken.length === 0 || !options.wait) {
        this.summary.taken = taken.length;
        return this.summary;
      }
      await someoneLess(taken, options);
      left = taken;
    }
  }

  /** Whether it was left to somebody else. */
  async #one(place: Place): Promise<boolean> {
    const { path } = place;
    if (existsSync(path)) return this.#there(place);
    await mkdir(dirname(path), { recursive: true });
    const claim = await Claim.take(path, this.options.claims);
    if (!(claim instanceof Claim)) {
      this.#tell({ ...place, kind: 'taken', by: claim });
      return true;
    }
    try {
      if (existsSync(path)) return this.#there(place);
      await this.#train(place);
      return false;
    } finally {
      await claim.release();
    }
  }

  #there(place: Place): false {
    this.summary.there++;
    this.#tell({ ...place, kind: 'there' });
    return false;
  }

  async #train(place: Place): Promise<void> {
    this.#tell({ ...place, kind: 'started' });
    try {
      await this.#keys(place);
    } catch (error) {
      // What fails whatever is trained ends the work.
      if (!(error instanceof NetworkError) || !OF_ONE_RUN.includes(error.code)) throw error;
      await noteFailure(place.path, error);
      this.summary.failed++;
      this.#tell({ ...place, kind: 'failed', error });
      return;
    }
    this.summary.trained++;
    this.#tell({ ...place, kind: 'done' });
  }

  async #keys(place: Place): Promise<void> {
    const { path, seed, index } = place;
    const { datasets = DATASETS, signal, hp, config, device, order, channelsLast, C, N } = this.options;
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
          ...{ hp, config, seed, device, order, channelsLast, C, N, signal },
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
    const { hp, config, order, channelsLast, limit, C = 16, N = 5 } = this.options;
    return JSON.stringify({ hp, config, order, channelsLast, limit, C, N });
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

  close(): void {
    this.#log.close();
  }
}

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
