import type { EvaluationBatches, SearchState, WeightSharingAlgorithm } from './algorithm.js';
import { mostProbableCells, randomCell, randomConnectedCell } from './cells.js';
import { bestOf, measured } from './selection.js';

/** The best of the most probable cells. */
async function select({ supernet, config: { candidates } }: SearchState, batches: EvaluationBatches) {
  const cells = mostProbableCells((await supernet.architecture())!, candidates);
  return bestOf(
    cells.length,
    batches,
    (i) => cells[i]!,
    (batch, cell) => supernet.evaluate(batch, cell),
  );
}

/** SETN (Dong and Yang, ICCV 2019): weights learn uniformly drawn cells, the architecture a mixture; templates compete. */
export const setn: WeightSharingAlgorithm = {
  async begin({ random, config: { cells } }) {
    // The reference counts FLOPs with a pass through a cell of its own for each cell of the network.
    for (let cell = 0; cell < 3 * cells; cell++) randomConnectedCell(random);
  },

  async beforeSteps(state, batches) {
    // Logged by the reference, and not used; but it draws the order of the batches.
    await select(state, batches);
  },

  async step({ supernet, random, learningRate, config: { clip } }, train, valid) {
    const weights = await supernet.weightStep(train, randomCell(random), { learningRate, clip });
    const architecture = await supernet.architectureStep(valid, 'mixture');
    return { weights, architecture };
  },

  async choose(state, batches) {
    const { cell } = await select(state, batches);
    return { cell, evaluation: await measured(batches, (batch) => state.supernet.evaluate(batch, cell)) };
  },

  finish: (state, batches) => setn.choose(state, batches),
};
