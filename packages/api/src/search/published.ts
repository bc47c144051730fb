import type { PaperDataset } from '../names.js';

/** Mean and standard deviation, per cent. */
export type MeanAndDeviation = readonly [mean: number, deviation: number];

/** A row of the paper's table: validation and test accuracy with 200 epochs, by data set. */
export type PublishedRow = Readonly<Record<PaperDataset, { valid: MeanAndDeviation; test: MeanAndDeviation }>>;

function row(...numbers: readonly MeanAndDeviation[]): PublishedRow {
  const [v10, t10, v100, t100, vImageNet, tImageNet] = numbers as [...MeanAndDeviation[]] & { length: 6 };
  return {
    cifar10: { valid: v10!, test: t10! },
    cifar100: { valid: v100!, test: t100! },
    'ImageNet16-120': { valid: vImageNet!, test: tImageNet! },
  };
}

/**
 * Table 5 of the NAS-Bench-201 paper (ICLR 2020): what 500 runs found with 12,000 simulated seconds each, searching on
 * CIFAR-10 only. The same architectures are reported on all three data sets.
 */
export const PUBLISHED_RESULTS: Readonly<Record<'r-ea' | 'random' | 'reinforce' | 'bohb', PublishedRow>> = {
  'r-ea': row([91.19, 0.31], [93.92, 0.3], [71.81, 1.12], [71.84, 0.99], [45.15, 0.89], [45.54, 1.03]),
  random: row([90.93, 0.36], [93.7, 0.36], [70.93, 1.09], [71.04, 1.07], [44.45, 1.1], [44.57, 1.25]),
  reinforce: row([91.09, 0.37], [93.85, 0.37], [71.61, 1.12], [71.71, 1.09], [45.05, 1.02], [45.24, 1.18]),
  bohb: row([90.82, 0.53], [93.61, 0.52], [70.74, 1.29], [70.85, 1.28], [44.26, 1.36], [44.42, 1.49]),
};
