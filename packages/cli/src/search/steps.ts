import type { NASBench201API, SearchRun, Truth } from 'nas-bench-201';
import type { Runs } from './repeat.js';

const COLUMNS = [
  'algorithm',
  'dataset',
  'hp',
  'seed',
  'step',
  'index',
  'architecture',
  'epochs',
  'valid_accuracy',
  'simulated_seconds',
  'incumbent',
  'incumbent_test_accuracy',
];

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Every step of every run as CSV, a run at a time. */
export function* csvOfSteps(all: readonly Runs[], api: NASBench201API, truth: Truth): Generator<string> {
  yield `${COLUMNS.join(',')}\n`;
  for (const { searcher, runs } of all) {
    for (const run of runs) {
      const head = [quoted(searcher.name), truth.dataset, searcher.hp, run.seed].join(',');
      let lines = '';
      run.indexes.forEach((index, step) => {
        const incumbent = run.incumbents[step]!;
        const cells = [
          step + 1,
          index,
          quoted(api.arch(index)),
          run.epochs[step],
          run.accuracies[step],
          run.clock[step],
          incumbent,
          truth.test[incumbent],
        ];
        lines += `${head},${cells.join(',')}\n`;
      });
      yield lines;
    }
  }
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
