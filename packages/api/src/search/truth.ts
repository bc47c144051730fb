import type { NASBench201API } from '../api.js';
import { type PaperDataset, remapDatasetSetNames } from '../names.js';

/**
 * What searches do not see and are judged by: the mean test and validation accuracy of every architecture after the
 * full training, as the paper's tables mean them (`paperAccuracy`). Per cent, NaN where the file has none.
 */
export class Truth {
  /** The index of the highest test accuracy. */
  readonly best: number;

  constructor(
    readonly dataset: PaperDataset,
    readonly valid: Float64Array,
    readonly test: Float64Array,
  ) {
    let best = 0;
    test.forEach((accuracy, index) => {
      if (accuracy > test[best]! || Number.isNaN(test[best]!)) best = index;
    });
    this.best = best;
  }

  /** @throws QueryError where the file has none of it */
  static async read(
    api: NASBench201API,
    dataset: PaperDataset,
    options: { signal?: AbortSignal } = {},
  ): Promise<Truth> {
    const column = (name: 'valid' | 'test') => {
      const [trained, set] = remapDatasetSetNames(dataset, name) as [PaperDataset, 'ori-test'];
      return api.column(trained, { metric: 'accuracy', set, hp: '200', ...options });
    };
    return new Truth(dataset, await column('valid'), await column('test'));
  }

  /** By how many points an architecture's test accuracy falls short of the best there is. */
  regret(index: number): number {
    return this.test[this.best]! - this.test[index]!;
  }

  /** An architecture's place by test accuracy, from 1; equals share the first of theirs. */
  rank(index: number): number {
    const accuracy = this.test[index]!;
    return 1 + this.test.reduce((better, other) => better + (other > accuracy ? 1 : 0), 0);
  }
}
