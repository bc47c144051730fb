import { orNone } from '../errors.js';
import { type Dataset, infoSetsOf } from '../names.js';
import type { ArchResults, Metrics, TrialChoice } from './arch-results.js';
import type { Info } from './last-epoch.js';

const KEYS = {
  train: ['train-loss', 'train-accuracy', 'train-per-time', 'train-all-time'],
  valid: ['valid-loss', 'valid-accuracy', 'valid-per-time', 'valid-all-time'],
  test: ['test-loss', 'test-accuracy', 'test-per-time', 'test-all-time'],
  valtest: ['valtest-loss', 'valtest-accuracy', 'valtest-per-time', 'valtest-all-time'],
} as const;

/** The answer of `getMoreInfo` out of whole results: what `LastEpoch.info` knows for the last epoch. @throws QueryError */
export function infoOf(
  results: ArchResults,
  dataset: Dataset,
  iepoch: number | null | undefined,
  choice: TrialChoice,
): Info {
  const metrics = (set: string): Metrics => results.getMetrics(dataset, set, iepoch, choice);
  const out: Info = {};
  const train = metrics('train');
  const epochs = train.iepoch + 1;
  const put = (prefix: keyof typeof KEYS, { loss, accuracy, all_time }: Metrics) => {
    const [lossKey, accuracyKey, perTimeKey, allTimeKey] = KEYS[prefix];
    out[lossKey] = loss;
    out[accuracyKey] = accuracy;
    out[perTimeKey] = all_time === null ? null : all_time / epochs;
    out[allTimeKey] = all_time;
  };
  put('train', train);
  for (const [name, set] of Object.entries(infoSetsOf(dataset)) as ['valid' | 'test' | 'valtest', string][]) {
    const needed = dataset === 'cifar10-valid' && name === 'valid';
    if (needed) put(name, metrics(set));
    // Asked first: that a set was not evaluated at some epoch is the rule, and an error takes longer than all else here.
    else if (results.isEvaluated(dataset, set, iepoch)) {
      const there = orNone(undefined, () => metrics(set));
      if (there) put(name, there);
    }
  }
  return out;
}
