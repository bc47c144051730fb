import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { SearchMethod } from './algorithm.js';
import { SearchError } from './errors.js';
import { type RunOptions, runSearch, type SearchRun } from './runner.js';
import { loadSearch, type SearchSource } from './source.js';
import type { SearchTable } from './table.js';
import type { WorkerAnswer, WorkerTask } from './worker.js';

export interface RepeatOptions extends Omit<RunOptions, 'seed'> {
  /**
   * One run a seed; or, as the reference's scripts do with a negative seed, so many runs of which each takes its seed
   * from where the one before left the generator. That walk soon goes round in circles: of 500 runs some are the same.
   */
  seeds: readonly number[] | { walkFrom: number; runs: number };
  /** Worker threads. Default: as many as the machine runs at once. A walk, or a function for an algorithm, takes none. */
  threads?: number | undefined;
  /** Aborted: what has finished was told to `onRun`. */
  signal?: AbortSignal | undefined;
  /** Told of each run when it has finished. */
  onRun?: ((run: SearchRun, finished: number) => void) | undefined;
}

/** Seeds that are independent of one another: `first`, `first + 1`, … */
export function independentSeeds(first: number, runs: number): number[] {
  return Array.from({ length: runs }, (_, i) => first + i);
}

const WAITING_SEEDS = 2;
const PATIENCE_MS = 20;

/**
 * Repeats a search over seeds.
 * @returns the runs in the order of the seeds
 * @throws SearchError, with the runs that had `finished`; the signal's reason where it was aborted
 */
export async function repeatSearch(
  table: SearchTable,
  search: SearchSource | SearchMethod,
  options: RepeatOptions,
): Promise<SearchRun[]> {
  const { seeds, threads, signal, onRun, ...runOptions } = options;
  const finished: SearchRun[] = [];
  const add = (run: SearchRun) => {
    finished.push(run);
    onRun?.(run, finished.length);
  };
  try {
    if (typeof search === 'function' || !Array.isArray(seeds) || threads === 0) {
      const method = typeof search === 'function' ? search : await loadSearch(search);
      await inThisThread(table, method, { ...options, seeds }, runOptions, add);
      return finished;
    }
    // Whatever is wrong with the algorithm is found here, before there are threads.
    await loadSearch(search);
    const count = Math.min(threads ?? availableParallelism(), seeds.length);
    await inThreads(count, seeds, { parts: table.parts, source: search, options: runOptions }, add, signal);
    const bySeed = new Map(finished.map((run) => [run.seed, run]));
    return seeds.map((seed) => bySeed.get(seed)!);
  } catch (error) {
    if (error instanceof SearchError) error.finished = finished;
    throw error;
  }
}

async function inThisThread(
  table: SearchTable,
  method: SearchMethod,
  { seeds, signal }: RepeatOptions,
  options: Omit<RunOptions, 'seed'>,
  add: (run: SearchRun) => void,
): Promise<void> {
  const [count, first] = 'runs' in seeds ? [seeds.runs, seeds.walkFrom] : [seeds.length, seeds[0]];
  let rested = performance.now();
  let seed = first;
  for (let i = 0; i < count; i++) {
    signal?.throwIfAborted();
    const run = runSearch(table, method, { ...options, seed: seed! });
    add(run);
    seed = 'runs' in seeds ? run.nextSeed : seeds[i + 1];
    if (performance.now() - rested > PATIENCE_MS) {
      await setImmediate();
      rested = performance.now();
    }
  }
}

/** Every thread always has a seed waiting beside the one that it runs. */
async function inThreads(
  count: number,
  seeds: readonly number[],
  task: WorkerTask,
  add: (run: SearchRun) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  const workers = Array.from(
    { length: count },
    () => new Worker(new URL('./worker.js', import.meta.url), { workerData: task }),
  );
  let next = 0;
  let running = seeds.length;
  try {
    await new Promise<void>((resolve, reject) => {
      if (running === 0) resolve();
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      for (const worker of workers) {
        const feed = () => {
          if (next < seeds.length) worker.postMessage(seeds[next++]);
        };
        worker.on('error', (error) => reject(new SearchError('ALGORITHM_FAILED', error.message, { cause: error })));
        worker.on('message', (answer: WorkerAnswer) => {
          if ('failure' in answer) return reject(new SearchError(answer.failure.code, answer.failure.message));
          feed();
          add(answer.run);
          if (--running === 0) resolve();
        });
        for (let i = 0; i < WAITING_SEEDS; i++) feed();
      }
    });
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
