import type { BatchMetrics, LabelledBatch } from '../../networks/metrics.js';
import type { PythonRandom } from '../../random/python-random.js';
import type { CellOperations } from './cells.js';
import type { WeightSharingConfig } from './config.js';
import type { PassResult, Supernet } from './supernet.js';

/** What an algorithm works with. */
export interface SearchState {
  readonly supernet: Supernet;
  readonly config: WeightSharingConfig;
  /** Python's generator: cells are drawn from it. */
  readonly random: PythonRandom;
  /** From 0. */
  readonly epoch: number;
  /** Of the weights, in this epoch. */
  readonly learningRate: number;
  /** Of GDAS, in this epoch. */
  readonly temperature: number;
  /** ENAS's reward to be beaten, of the epoch before. */
  baseline: number | undefined;
}

/** Labelled batches that cells are compared and judged on. */
export interface EvaluationBatches {
  /** All, once. */
  once(): AsyncIterable<LabelledBatch>;
  /** One after another, from the first again after the last. */
  cycle(): AsyncIterator<LabelledBatch>;
}

/** What the two halves of a step measured before they changed anything. */
export interface StepResult {
  weights: PassResult;
  /** None where only the weights learn. */
  architecture?: PassResult;
}

/** What stands at the end of an epoch. */
export interface EpochChoice {
  /** What would be answered now. */
  cell: CellOperations;
  /** Null where the algorithm evaluates nothing (GDAS). */
  evaluation: BatchMetrics | null;
}

/** A search by weight sharing: what becomes of a batch, and which cell comes out. */
export interface WeightSharingAlgorithm {
  /** Draws that the reference's script makes when the supernet has been built. */
  begin?(state: SearchState): Promise<void>;
  /** What a run does before its first epoch. */
  beforeSteps?(state: SearchState, batches: EvaluationBatches): Promise<void>;
  /** On a training batch and a batch of the validation images. */
  step(state: SearchState, train: LabelledBatch, valid: LabelledBatch): Promise<StepResult>;
  /** At the end of an epoch, before it is judged; `batches`: of the validation images (ENAS trains its controller). */
  afterSteps?(state: SearchState, batches: EvaluationBatches): Promise<void>;
  choose(state: SearchState, batches: EvaluationBatches): Promise<EpochChoice>;
  /** The answer, after the last epoch. Default: what that epoch chose. */
  finish?(state: SearchState, batches: EvaluationBatches): Promise<EpochChoice>;
}
