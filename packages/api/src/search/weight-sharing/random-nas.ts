import type { EvaluationBatches, SearchState, WeightSharingAlgorithm } from './algorithm.js';
import { randomCell } from './cells.js';
import { bestOf, measured } from './selection.js';

const select = ({ supernet, random, config: { candidates } }: SearchState, batches: EvaluationBatches) =>
  bestOf(
    candidates,
    batches,
    () => randomCell(random),
    (batch, cell) => supernet.evaluate(batch, cell),
  );

/** Random search with weight sharing (Li and Talwalkar, UAI 2019): only the weights learn. */
export const randomNas: WeightSharingAlgorithm = {
  async step({ supernet, random, learningRate, config: { clip } }, train) {
    return { weights: await supernet.weightStep(train, randomCell(random), { learningRate, clip }) };
  },

  async choose(state, batches) {
    // Of a new random cell every batch: it says nothing of the one that is chosen.
    const evaluation = await measured(batches, (batch) => state.supernet.evaluate(batch, randomCell(state.random)));
    return { cell: (await select(state, batches)).cell, evaluation };
  },

  async finish(state, batches) {
    return { cell: (await select(state, batches)).cell, evaluation: null };
  },
};
