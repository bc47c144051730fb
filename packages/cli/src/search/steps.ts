import type { NASBench201API, SearchRun, Truth } from 'nas-bench-201';
import { writeWhole } from '../write.js';
import type { Runs } from './repeat.js';

/** The columns of a table of steps, and their types in Parquet. */
const COLUMNS = {
  algorithm: 'STRING',
  dataset: 'STRING',
  hp: 'STRING',
  seed: 'INT32',
  step: 'INT32',
  index: 'INT32',
  architecture: 'STRING',
  epochs: 'INT32',
  valid_accuracy: 'DOUBLE',
  simulated_seconds: 'DOUBLE',
  incumbent: 'INT32',
  incumbent_test_accuracy: 'DOUBLE',
} as const;

type Cell = string | number | null;

/** Every step of every run, a run at a time. */
function* stepsOf(all: readonly Runs[], api: NASBench201API, truth: Truth): Generator<Cell[][]> {
  for (const { searcher, runs } of all) {
    for (const run of runs) {
      yield Array.from(run.indexes, (index, step): Cell[] => {
        const incumbent = run.incumbents[step]!;
        return [
          searcher.name,
          truth.dataset,
          searcher.hp,
          run.seed,
          step + 1,
          index,
          api.arch(index),
          run.epochs[step]!,
          run.accuracies[step]!,
          run.clock[step]!,
          incumbent,
          // An algorithm may have no answer yet.
          truth.test[incumbent] ?? null,
        ];
      });
    }
  }
}

function* csvOfSteps(runs: Iterable<Cell[][]>, lineOf: (cells: Cell[]) => string): Generator<string> {
  yield lineOf(Object.keys(COLUMNS));
  for (const steps of runs) yield steps.map(lineOf).join('');
}

async function parquetOfSteps(runs: Iterable<Cell[][]>): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import('hyparquet-writer');
  const steps = [...runs].flat();
  const columnData = Object.entries(COLUMNS).map(([name, type], c) => ({
    name,
    type,
    nullable: name === 'incumbent_test_accuracy',
    data: steps.map((cells) => cells[c]!),
  }));
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}

/** Writes every step of every run where that was asked for. */
export async function writeSteps(
  { csv, parquet }: { csv?: string | undefined; parquet?: string | undefined },
  all: readonly Runs[],
  api: NASBench201API,
  truth: Truth,
): Promise<void> {
  if (csv) {
    const { csvLine } = await import('@nas-bench-201/converters');
    await writeWhole(csv, csvOfSteps(stepsOf(all, api, truth), csvLine));
  }
  if (parquet) await writeWhole(parquet, [await parquetOfSteps(stepsOf(all, api, truth))]);
}

/** What a run found, and how good that is. */
export function foundBy(run: SearchRun, api: NASBench201API, truth: Truth) {
  const index = run.found;
  return {
    index,
    architecture: api.arch(index),
    valid: truth.valid[index]!,
    test: truth.test[index]!,
    rank: truth.rank(index),
    regret: truth.regret(index),
  };
}

/** All of it for `--json`. */
export function jsonOfRuns({ searcher, runs, ended }: Runs, api: NASBench201API, truth: Truth) {
  const { name, title, hp, options } = searcher;
  return {
    algorithm: name,
    title,
    hp,
    options,
    complete: ended === undefined,
    runs: runs.map((run) => ({
      seed: run.seed,
      budget: run.budget,
      seconds: run.seconds,
      found: foundBy(run, api, truth),
      steps: {
        index: [...run.indexes],
        epochs: [...run.epochs],
        validAccuracy: [...run.accuracies],
        seconds: [...run.clock],
        incumbent: [...run.incumbents],
      },
    })),
  };
}
