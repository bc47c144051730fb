import type { BatchMetrics } from '../../networks/metrics.js';

/** An epoch of a search. */
export interface WeightSharingEpoch {
  /** From 0. */
  epoch: number;
  learningRate: number;
  /** Averages over the epoch's steps, in train mode. */
  weights: BatchMetrics;
  /** None where only the weights learn. */
  architecture: BatchMetrics | null;
  /** On the validation images; null where the algorithm evaluates nothing. */
  evaluation: BatchMetrics | null;
  /** Per cent: what epochs are compared by, the evaluation's or, for want of one, the architecture steps'. */
  accuracy: number;
  /** What would be answered now, an architecture's string. */
  cell: string;
  /** Edges x operations; null where there are none. */
  parameters: number[] | null;
  /** ENAS's, for the next epoch. */
  baseline: number | null;
  /** Of the steps alone, with the controller's. */
  seconds: number;
}

/** How far an epoch has come. */
export interface WeightSharingProgress {
  epoch: number;
  epochs: number;
  /** Steps of this epoch that are done, and all of them. */
  step: number;
  steps: number;
  /** Averages over the steps so far. */
  weights: BatchMetrics;
  architecture: BatchMetrics | null;
}

/** What a search found. */
export interface WeightSharingRun {
  algorithm: string;
  title: string;
  dataset: string;
  seed: number;
  /** The answer, an architecture's string. */
  found: string;
  /** On the validation images, where the algorithm evaluates its answer. */
  evaluation: BatchMetrics | null;
  epochs: WeightSharingEpoch[];
  /** The epoch of the highest accuracy. */
  best: number;
  /** Of all steps, and of the last choice. */
  seconds: number;
}
