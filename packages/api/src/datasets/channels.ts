import type { Dataset } from '../names.js';

/** Mean and standard deviation of red, green and blue, of 255. */
export interface Channels {
  mean: readonly number[];
  std: readonly number[];
}

const CIFAR10: Channels = { mean: [125.3, 123.0, 113.9], std: [63.0, 62.1, 66.7] };

/** As the benchmark normalises the images of each data set (the reference's `get_datasets`). */
export const CHANNELS: Readonly<Record<Dataset, Channels>> = {
  'cifar10-valid': CIFAR10,
  cifar10: CIFAR10,
  cifar100: { mean: [129.3, 124.1, 112.4], std: [68.2, 65.4, 70.4] },
  'ImageNet16-120': { mean: [122.68, 116.66, 104.01], std: [63.22, 61.26, 65.09] },
};
