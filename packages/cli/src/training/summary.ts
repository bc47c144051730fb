import type { EpochResult, MoreInfo, SetMetrics } from 'nas-bench-201';

/** Which set a query means by `valid`, `test` and `valtest` on each data set. */
const MEANT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'cifar10-valid': { valid: 'x-valid', test: 'ori-test' },
  cifar10: { test: 'ori-test' },
  cifar100: { valid: 'x-valid', test: 'x-test', valtest: 'ori-test' },
  'ImageNet16-120': { valid: 'x-valid', test: 'x-test', valtest: 'ori-test' },
};
/** Of a folder of images. */
const OWN: Readonly<Record<string, string>> = { valid: 'valid', test: 'test', valtest: 'val' };

/** A training as a query would answer for it after its last epoch. */
export function infoOf(dataset: string, epochs: readonly EpochResult[]): Partial<MoreInfo> {
  const out: Record<string, number> = {};
  const last = epochs.at(-1);
  if (!last) return out;
  const add = (name: string, of: (epoch: EpochResult) => SetMetrics | undefined) => {
    const metrics = of(last);
    if (!metrics) return;
    const seconds = epochs.reduce((sum, epoch) => sum + (of(epoch)?.seconds ?? 0), 0);
    out[`${name}-loss`] = metrics.loss;
    out[`${name}-accuracy`] = metrics.top1;
    out[`${name}-per-time`] = seconds / epochs.length;
    out[`${name}-all-time`] = seconds;
  };
  add('train', ({ train }) => train);
  for (const [name, set] of Object.entries(MEANT[dataset] ?? OWN)) add(name, ({ sets }) => sets.get(set));
  return out;
}
