import type { EvaluationBatches, SearchState, WeightSharingAlgorithm } from './algorithm.js';
import { bestOf, measured } from './selection.js';

/** Samples that each epoch chooses among; at the end it is among `candidates`. */
const SAMPLES_AN_EPOCH = 10;

/** REINFORCE on the controller, each sample judged on one batch. @returns the baselines of all samples */
export async function trainController(
  { supernet, baseline, config: { controller } }: SearchState,
  batches: EvaluationBatches,
): Promise<number[]> {
  const { steps, aggregate, baselineDecay, entropyWeight, clip } = controller;
  const baselines: number[] = [];
  const cycle = batches.cycle();
  for (let sample = 1; sample <= steps * aggregate; sample++) {
    const { value: batch } = await cycle.next();
    const cell = await supernet.sample({ learn: true });
    const { top1 } = await supernet.evaluate(batch, cell);
    const given = { accuracy: Math.fround(top1 / 100), baseline, baselineDecay, entropyWeight, aggregate };
    baselines.push((await supernet.reinforce(given)).baseline);
    if (sample % aggregate === 0) await supernet.controllerStep(clip);
  }
  await cycle.return?.();
  return baselines;
}

async function select(state: SearchState, batches: EvaluationBatches, candidates: number) {
  const { supernet } = state;
  const { cell } = await bestOf(
    candidates,
    batches,
    () => supernet.sample(),
    (batch, sampled) => supernet.evaluate(batch, sampled),
  );
  return { cell, evaluation: await measured(batches, (batch) => supernet.evaluate(batch, cell)) };
}

/** ENAS (Pham et al., ICML 2018): an LSTM samples cells; by turns the weights learn them and the LSTM what they reached. */
export const enas: WeightSharingAlgorithm = {
  async step({ supernet, learningRate, config: { clip } }, train) {
    return { weights: await supernet.weightStep(train, await supernet.sample(), { learningRate, clip }) };
  },

  async afterSteps(state, batches) {
    state.baseline = (await trainController(state, batches)).at(-1);
  },

  choose: (state, batches) => select(state, batches, SAMPLES_AN_EPOCH),

  finish: (state, batches) => select(state, batches, state.config.candidates),
};
