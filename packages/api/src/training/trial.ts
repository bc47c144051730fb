import type { WritableValue } from '@nas-bench-201/core-native';
import type { DataSet } from '../datasets/data-set.js';
import type { Dataset, Hp } from '../names.js';
import type { TrainingConfig } from './config.js';
import type { EpochResult, TrainingProgress } from './epochs.js';

/** What a trial was trained with, as the reference's training script keeps it: one dict of a data set key. */
export type TrialDict = Map<string, WritableValue>;

export interface TrainTrialOptions {
  /** An architecture's string. */
  arch: string;
  /** What to train on. */
  dataset: Dataset;
  /** The folder or archive with the data set's files, or the opened data set, which many trials may share. */
  data: string | DataSet;
  /** Default: '12'. */
  hp?: Hp | undefined;
  /** What should be otherwise than `hp` says. */
  config?: Partial<TrainingConfig> | undefined;
  /** Of weights, order of images and augmentation. */
  seed: number;
  /** `'cpu'` (default), `'cuda'`, `'cuda:1'`. */
  device?: string | undefined;
  /** See `TrainOptions`. */
  order?: 'reference' | 'device' | undefined;
  /** The first images of each set alone. */
  limit?: number | undefined;
  /** Channels of the first third, and cells of each. Default: 16 and 5. */
  C?: number | undefined;
  N?: number | undefined;
  signal?: AbortSignal | undefined;
  onEpoch?: ((epoch: EpochResult) => void) | undefined;
  onProgress?: ((progress: TrainingProgress) => void) | undefined;
}

/**
 * Trains one architecture on one data set key from a seed as the benchmark was made (`evaluate_for_seed`).
 * @returns the reference's dict of it, in its order: `flop`, `param`, `channel`, `num_cells`, `config`, `total_epoch`,
 *   `train_losses`, …, `valid_times`, `net_state_dict`, `net_string`, `finish-train`
 * @throws DataSetError, NetworkError, ArchitectureError; the signal's reason
 */
export declare function trainTrial(options: TrainTrialOptions): Promise<TrialDict>;
