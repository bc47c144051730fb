// NATS-Bench's version of the six (exps/NATS-algos/search-cell.py): one loop for all, weights first, nothing clipped, and a
// choice of the same kind after every epoch.
import type { LabelledBatch } from '../../networks/metrics.js';
import type { EvaluationBatches, SearchState, StepResult, WeightSharingAlgorithm } from './algorithm.js';
import {
  allCells,
  argmaxCell,
  type CellOperations,
  mostProbableCells,
  randomCell,
  randomConnectedCell,
} from './cells.js';
import { trainController } from './enas.js';
import type { WeightSharingName } from './registry.js';
import { bestOf, measured } from './selection.js';
import type { Choice } from './supernet.js';

/** A cell for each cell of the network. */
const eachItsOwn = ({ random, config: { cells } }: SearchState): Choice => ({
  each: Array.from({ length: 3 * cells }, () => randomConnectedCell(random)),
});

/** How the weights' pass chooses. */
const CHOICES: Record<WeightSharingName, (state: SearchState) => Choice | Promise<Choice>> = {
  'darts-v1': () => 'mixture',
  'darts-v2': () => 'mixture',
  gdas: ({ temperature }) => ({ temperature }),
  setn: ({ random }) => randomCell(random),
  enas: ({ supernet }) => supernet.sample(),
  'random-nas': eachItsOwn,
};

/** The cells among which one is chosen. */
const CANDIDATES: Record<WeightSharingName, (state: SearchState) => Promise<CellOperations[]>> = {
  'darts-v1': async ({ supernet }) => [argmaxCell((await supernet.architecture())!)],
  'darts-v2': async ({ supernet }) => [argmaxCell((await supernet.architecture())!)],
  gdas: async ({ supernet }) => [argmaxCell((await supernet.architecture())!)],
  setn: async ({ supernet, config }) => mostProbableCells((await supernet.architecture())!, config.candidates),
  'random-nas': async ({ random, config }) => random.sample(allCells(), config.candidates),
  async enas({ supernet, config }) {
    const cells: CellOperations[] = [];
    for (let i = 0; i < config.candidates; i++) cells.push(await supernet.sample());
    return cells;
  },
};

export function genericAlgorithm(name: WeightSharingName): WeightSharingAlgorithm {
  async function step(state: SearchState, train: LabelledBatch, valid: LabelledBatch): Promise<StepResult> {
    const { supernet, learningRate, config } = state;
    const choice = await CHOICES[name](state);
    const weights = await supernet.weightStep(train, choice, { learningRate, clip: config.clip });
    switch (name) {
      case 'darts-v2':
        return { weights, architecture: await supernet.unrolledStep(train, valid, { learningRate }) };
      case 'setn':
        return { weights, architecture: await supernet.architectureStep(valid, 'mixture') };
      case 'darts-v1':
      case 'gdas':
        return { weights, architecture: await supernet.architectureStep(valid, choice) };
      case 'enas':
        // With the same cell. Nothing is learnt, but batch norms take note.
        return { weights, architecture: await supernet.evaluate(valid, choice, { training: true }) };
      case 'random-nas':
        return { weights, architecture: await supernet.evaluate(valid, eachItsOwn(state), { training: true }) };
    }
  }

  async function choose(state: SearchState, batches: EvaluationBatches) {
    const { supernet } = state;
    const cells = await CANDIDATES[name](state);
    const { cell } = await bestOf(
      cells.length,
      batches,
      (i) => cells[i]!,
      (batch, candidate) => supernet.evaluate(batch, candidate),
    );
    // The chosen cell where the algorithm has learnt single ones; else as in a step.
    const single = name === 'setn' || name === 'enas';
    const evaluation = await measured(batches, async (batch) =>
      supernet.evaluate(batch, single ? cell : await CHOICES[name](state)),
    );
    return { cell, evaluation };
  }

  return {
    async begin({ random }) {
      // The cell that the reference's log begins with.
      random.sample(allCells(), 1);
    },
    step,
    choose,
    finish: choose,
    ...(name === 'enas' && {
      async afterSteps(state, batches) {
        const baselines = await trainController(state, batches);
        // The average, in place of the last.
        state.baseline = baselines.reduce((sum, value) => sum + value, 0) / baselines.length;
      },
    }),
  };
}
