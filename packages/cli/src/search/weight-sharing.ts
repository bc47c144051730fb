import { readFile } from 'node:fs/promises';
import type { NASBench201API, PaperDataset, SearchRun, WeightSharingRun } from 'nas-bench-201';
import { CommandError } from '../failure.js';
import type { Runs } from './repeat.js';

/**
 * Results that searches by weight sharing have left, as runs beside the others: an epoch is a step, which costs the
 * seconds that it took, and what is asked for is the cell that it would have answered.
 */
export async function weightSharingRuns(
  paths: readonly string[],
  api: NASBench201API,
  dataset: PaperDataset,
): Promise<Runs[]> {
  const byName = new Map<string, Runs>();
  for (const path of paths) {
    const result = await readResult(path);
    if (result.dataset !== dataset) {
      throw new CommandError('BAD_INPUT', `${path}: is of a search on ${result.dataset}, not on ${dataset}`);
    }
    const { algorithm: name, title } = result;
    const source = { name };
    const known: Runs = byName.get(name) ?? {
      searcher: { name, title, source, hp: '200', options: {}, epochs: undefined },
      runs: [],
    };
    known.runs.push(runOf(result, (cell) => indexOf(cell, api, path)));
    byName.set(name, known);
  }
  return [...byName.values()];
}

async function readResult(path: string): Promise<WeightSharingRun> {
  let result: Partial<WeightSharingRun> | null;
  try {
    result = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    result = null;
  }
  if (typeof result?.found !== 'string' || !Array.isArray(result.epochs) || result.epochs.length === 0) {
    throw new CommandError('BAD_INPUT', `${path}: expected the result of a search by weight sharing (seed-*.json)`);
  }
  return result as WeightSharingRun;
}

function indexOf(cell: string, api: NASBench201API, path: string): number {
  const index = api.queryIndexByArch(cell);
  if (index < 0) throw new CommandError('NOTHING_FOUND', `${path}: ${api.filename} does not have ${cell}`);
  return index;
}

function runOf({ seed, found, epochs, seconds }: WeightSharingRun, index: (cell: string) => number): SearchRun {
  const indexes = Int32Array.from(epochs, ({ cell }) => index(cell));
  let total = 0;
  const answer = index(found);
  const incumbents = Int32Array.from(indexes);
  incumbents[incumbents.length - 1] = answer;
  return {
    seed,
    budget: seconds,
    seconds,
    found: answer,
    indexes,
    epochs: Int32Array.from(epochs, ({ epoch }) => epoch + 1),
    accuracies: Float64Array.from(epochs, ({ accuracy }) => accuracy),
    clock: Float64Array.from(epochs, (epoch) => {
      total += epoch.seconds;
      return total;
    }),
    incumbents,
    nextSeed: seed,
  };
}
