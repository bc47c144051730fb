import { Float64, type OrderedDict, Tuple, type WritableValue } from '@nas-bench-201/core-native';
import type { DataSet } from '../datasets/data-set.js';
import { DataSetError } from '../datasets/errors.js';
import { openDataset } from '../datasets/open.js';
import type { Dataset } from '../names.js';
import { Network } from '../networks/network.js';
import { type TrainingConfig, totalEpochs, trainingConfig } from './config.js';
import type { EpochResult, SetMetrics } from './epochs.js';
import type { TrainOptions } from './train.js';

/** What a trial was trained with, as the reference's training script keeps it: one dict of a data set key. */
export type TrialDict = Map<string, WritableValue>;

export interface TrainTrialOptions extends TrainOptions {
  /** An architecture's string. */
  arch: string;
  /** What to train on: a data set of the benchmark, or the key of an opened data set. */
  dataset: Dataset | (string & {});
  /** The folder or archive with the data set's files, or the opened data set, which many trials may share. */
  data: string | DataSet;
  /** Of weights, order of images and augmentation. */
  seed: number;
  /** `'cpu'` (default), `'cuda'`, `'cuda:1'`. */
  device?: string | undefined;
  /** See `BuildOptions`: trials of different lanes are trained at the same time. */
  lane?: number | undefined;
  /** The first images of each set alone; of a data set that is opened here. */
  limit?: number | undefined;
  /** Channels of the first third, and cells of each. Default: 16 and 5. */
  C?: number | undefined;
  N?: number | undefined;
  /** Told of each epoch. */
  onEpoch?: ((epoch: EpochResult) => void) | undefined;
}

/**
 * Trains one architecture on one data set key from a seed as the benchmark was made (`evaluate_for_seed`).
 * @returns the reference's dict of it, in its order: `flop`, `param`, `channel`, `num_cells`, `config`, `total_epoch`,
 *   `train_losses`, …, `valid_times`, `net_state_dict`, `net_string`, `finish-train`
 * @throws DataSetError, NetworkError, ArchitectureError; the signal's reason
 */
export async function trainTrial(options: TrainTrialOptions): Promise<TrialDict> {
  const { arch, dataset, seed, C = 16, N = 5, device, lane, limit, signal } = options;
  const config = trainingConfig(options.hp, options.config);
  const data =
    typeof options.data === 'string' ? await openDataset(dataset, options.data, { limit, signal }) : options.data;
  if (data.key !== dataset) throw new DataSetError('UNKNOWN_DATASET', data.key, `expected the data set ${dataset}`);
  const { numClasses, imageSize } = data;
  const network = await Network.fromArch(arch, { C, N, numClasses, seed, device, lane, signal });
  try {
    const epochs: EpochResult[] = [];
    for await (const epoch of network.train(data, { ...options, config })) {
      epochs.push(epoch);
      options.onEpoch?.(epoch);
    }
    return new Map<string, WritableValue>([
      ['flop', new Float64(network.flops(imageSize))],
      ['param', new Float64(network.params())],
      ['channel', C],
      ['num_cells', N],
      ['config', configDict(config, data, options)],
      ['total_epoch', totalEpochs(config)],
      ...curves('train', epochs, ({ train }, epoch) => [[epoch, train]]),
      ...curves('valid', epochs, ({ sets }, epoch) => [...sets].map(([set, metrics]) => [`${set}@${epoch}`, metrics])),
      ['net_state_dict', (await network.stateDict({ signal })) as OrderedDict],
      ['net_string', network.toPrinted()],
      ['finish-train', true],
    ]);
  } finally {
    network.dispose();
  }
}

/** Losses, accuracies and times, a dict each. */
function curves(
  name: 'train' | 'valid',
  epochs: readonly EpochResult[],
  entries: (result: EpochResult, epoch: number) => [key: number | string, metrics: SetMetrics][],
): [string, WritableValue][] {
  const dict = (value: (metrics: SetMetrics) => number) =>
    new Map<WritableValue, WritableValue>(
      epochs.flatMap((result) =>
        entries(result, result.epoch).map(([key, metrics]) => [key, new Float64(value(metrics))] as const),
      ),
    );
  return [
    [`${name}_losses`, dict((metrics) => metrics.loss)],
    [`${name}_acc1es`, dict((metrics) => metrics.top1)],
    [`${name}_acc5es`, dict((metrics) => metrics.top5)],
    [`${name}_times`, dict((metrics) => metrics.seconds)],
  ];
}

/** The reference's config, and what was chosen that it does not know. */
function configDict(
  config: TrainingConfig,
  { numClasses, imageSize }: DataSet,
  { channelsLast, cudaGraph }: TrainTrialOptions,
): Map<WritableValue, WritableValue> {
  const { scheduler, eta_min, epochs, warmup, optim, LR, decay, momentum, nesterov, criterion, batch_size } = config;
  return new Map<WritableValue, WritableValue>(
    Object.entries({
      scheduler,
      eta_min: new Float64(eta_min),
      epochs,
      warmup,
      optim,
      LR: new Float64(LR),
      decay: new Float64(decay),
      momentum: new Float64(momentum),
      nesterov,
      criterion,
      batch_size,
      class_num: numClasses,
      xshape: Tuple.of(1, 3, imageSize, imageSize),
      ...(channelsLast && { memory_format: 'channels_last' }),
      ...(cudaGraph && { cuda_graph: true }),
    }),
  );
}
