import type { PaperDataset } from '../names.js';
import type { WeightSharingName } from './weight-sharing/registry.js';

/** Mean and standard deviation, per cent. */
export type MeanAndDeviation = readonly [mean: number, deviation: number];

/** A row of the paper's table: validation and test accuracy with 200 epochs, by data set, and of how many runs. */
export type PublishedRow = Readonly<Record<PaperDataset, { valid: MeanAndDeviation; test: MeanAndDeviation }>> & {
  readonly runs: number;
};

function row(runs: number, ...numbers: readonly MeanAndDeviation[]): PublishedRow {
  const [v10, t10, v100, t100, vImageNet, tImageNet] = numbers as [...MeanAndDeviation[]] & { length: 6 };
  return {
    runs,
    cifar10: { valid: v10!, test: t10! },
    cifar100: { valid: v100!, test: t100! },
    'ImageNet16-120': { valid: vImageNet!, test: tImageNet! },
  };
}

const DARTS = row(3, [39.77, 0], [54.3, 0], [15.03, 0], [15.61, 0], [16.43, 0], [16.32, 0]);

/**
 * Table 5 of the NAS-Bench-201 paper (ICLR 2020), searches on CIFAR-10 only: what 500 runs found with 12,000 simulated
 * seconds each, and three runs of those by weight sharing, with tracked statistics (BN 1). The same architectures are
 * reported on all three data sets.
 */
export const PUBLISHED_RESULTS: Readonly<
  Record<'r-ea' | 'random' | 'reinforce' | 'bohb' | WeightSharingName, PublishedRow>
> = {
  'r-ea': row(500, [91.19, 0.31], [93.92, 0.3], [71.81, 1.12], [71.84, 0.99], [45.15, 0.89], [45.54, 1.03]),
  random: row(500, [90.93, 0.36], [93.7, 0.36], [70.93, 1.09], [71.04, 1.07], [44.45, 1.1], [44.57, 1.25]),
  reinforce: row(500, [91.09, 0.37], [93.85, 0.37], [71.61, 1.12], [71.71, 1.09], [45.05, 1.02], [45.24, 1.18]),
  bohb: row(500, [90.82, 0.53], [93.61, 0.52], [70.74, 1.29], [70.85, 1.28], [44.26, 1.36], [44.42, 1.49]),
  'random-nas': row(3, [80.42, 3.58], [84.07, 3.61], [52.12, 5.55], [52.31, 5.77], [27.22, 3.24], [26.28, 3.09]),
  'darts-v1': DARTS,
  'darts-v2': DARTS,
  gdas: row(3, [89.89, 0.08], [93.61, 0.09], [71.34, 0.04], [70.7, 0.3], [41.59, 1.33], [41.71, 0.98]),
  setn: row(3, [84.04, 0.28], [87.64, 0], [58.86, 0.06], [59.05, 0.24], [33.06, 0.02], [32.52, 0.21]),
  enas: row(3, [37.51, 3.19], [53.89, 0.58], [13.37, 2.35], [13.96, 2.33], [15.06, 1.95], [14.84, 2.1]),
};
