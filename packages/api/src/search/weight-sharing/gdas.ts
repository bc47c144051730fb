import type { WeightSharingAlgorithm } from './algorithm.js';
import { argmaxCell } from './cells.js';

/** GDAS (Dong and Yang, CVPR 2019): one operation an edge, drawn by straight-through Gumbel-softmax that cools down. */
export const gdas: WeightSharingAlgorithm = {
  async begin({ supernet, temperature }) {
    // The reference counts FLOPs with a pass, which draws noise.
    const blank = { data: new Float32Array(3 * 4 * 4), shape: [1, 3, 4, 4] };
    await supernet.evaluate({ images: blank, labels: [0] }, { temperature });
  },

  async step({ supernet, learningRate, temperature, config: { clip } }, train, valid) {
    const weights = await supernet.weightStep(train, { temperature }, { learningRate, clip });
    const architecture = await supernet.architectureStep(valid, { temperature });
    return { weights, architecture };
  },

  async choose({ supernet }) {
    return { cell: argmaxCell((await supernet.architecture())!), evaluation: null };
  },
};
