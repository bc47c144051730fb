import type { WeightSharingAlgorithm } from './algorithm.js';
import { dartsV1 } from './darts-v1.js';

/** DARTS, second order: the architecture's gradient looks one step of the weights ahead. */
export const dartsV2: WeightSharingAlgorithm = {
  async step({ supernet, learningRate, config: { clip } }, train, valid) {
    const architecture = await supernet.unrolledStep(train, valid, { learningRate });
    const weights = await supernet.weightStep(train, 'mixture', { learningRate, clip });
    return { weights, architecture };
  },

  choose: dartsV1.choose,
};
