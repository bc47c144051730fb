import type { WeightSharingAlgorithm } from './algorithm.js';
import { argmaxCell } from './cells.js';
import { measured } from './selection.js';

/** DARTS, first order (Liu et al., ICLR 2019): gradient descent on a mixture of all operations. */
export const dartsV1: WeightSharingAlgorithm = {
  async step({ supernet, learningRate, config: { clip } }, train, valid) {
    const weights = await supernet.weightStep(train, 'mixture', { learningRate, clip });
    const architecture = await supernet.architectureStep(valid, 'mixture');
    return { weights, architecture };
  },

  async choose({ supernet }, batches) {
    const evaluation = await measured(batches, (batch) => supernet.evaluate(batch, 'mixture'));
    return { cell: argmaxCell((await supernet.architecture())!), evaluation };
  },
};
