import { writeTorch } from '@nas-bench-201/core-native';
import type { TrialDict } from './trial.js';

/** What a file of trials holds: one run of an architecture with a seed. */
export interface TrialRun {
  /** What it was made on, as text. */
  info: string;
  /** By data set key, in the order in which they were trained. */
  results: ReadonlyMap<string, TrialDict>;
}

/**
 * Writes `arch-<index>-seed-<seed>.pth` as the reference's training script does: {info, a dict for each key,
 * all_dataset_keys}. The file appears when it is complete, or not at all.
 * @throws WriteError
 */
export async function writeTrials(
  path: string,
  { info, results }: TrialRun,
  options: { overwrite?: boolean | undefined; signal?: AbortSignal | undefined } = {},
): Promise<number> {
  const file = new Map<string, unknown>([['info', info], ...results, ['all_dataset_keys', [...results.keys()]]]);
  return writeTorch(path, file as never, options);
}
