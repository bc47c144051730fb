import {
  compute,
  type NativeNetwork,
  type NativeProgress,
  type NativeSchedule,
  torch,
} from '@nas-bench-201/core-native';
import type { DataSet } from '../datasets/data-set.js';
import type { Hp } from '../names.js';
import { type TrainingConfig, totalEpochs, trainingConfig } from './config.js';
import type { EpochResult, SetMetrics, TrainingProgress } from './epochs.js';
import { type DrawOrder, drawsOnDevice, nativeSubset } from './images.js';

export interface TrainOptions {
  /** The benchmark's hyper-parameters by their number of epochs. Default: '12'. */
  hp?: Hp | undefined;
  /** What should be otherwise than `hp` says. */
  config?: Partial<TrainingConfig> | undefined;
  /** Of the order of images and their augmentation. Default: the network's own seed. */
  seed?: number | undefined;
  /**
   * `reference`: order and augmentation are drawn as the reference does with one data worker, from torch's CPU generator
   * after the weights were drawn from it, number for number. `device`: the same distribution, drawn on the device. Default:
   * `reference` on the CPU, else `device`.
   */
  order?: DrawOrder | undefined;
  /** As of `SGD`: faster on many devices, rounded otherwise. Default: false. */
  channelsLast?: boolean | undefined;
  /** As of `SGD`: a training step as one CUDA graph. Default: false. */
  cudaGraph?: boolean | undefined;
  signal?: AbortSignal | undefined;
  /** Told several times a second how far it has come. */
  onProgress?: ((progress: TrainingProgress) => void) | undefined;
}

/** How long the compute thread works before it tells how far it has come, in milliseconds. */
const STRETCH = 200;

/** The schedule of a configuration as the addon takes it. */
const scheduleOf = ({ LR, eta_min, warmup, epochs }: TrainingConfig): NativeSchedule => ({
  rate: LR,
  least: eta_min,
  warmup,
  epochs,
});

/**
 * The learning rates of the iterations of an epoch (the reference's `CosineAnnealingLR`).
 * @throws NetworkError NO_LIBTORCH
 */
export function learningRates(config: TrainingConfig, epoch: number, iterations: number): Float64Array {
  return torch().learningRates(scheduleOf(config), epoch, iterations);
}

/** One epoch after another; the network is trained as far as they are asked for. */
export async function* trainEpochs(
  network: NativeNetwork,
  device: string,
  data: DataSet,
  options: TrainOptions & { seed: number },
): AsyncGenerator<EpochResult> {
  const { signal, onProgress } = options;
  const config = trainingConfig(options.hp, options.config);
  const names = ['train', ...data.sets.keys()];
  const { mean, std, padding } = data;
  const trainer = await compute(
    () =>
      torch().Trainer.create(network, {
        sgd: {
          momentum: config.momentum,
          weightDecay: config.decay,
          nesterov: config.nesterov,
          channelsLast: options.channelsLast ?? false,
          cudaGraph: options.cudaGraph,
        },
        schedule: scheduleOf(config),
        batch: config.batch_size,
        seed: options.seed,
        drawOnDevice: drawsOnDevice(options.order, device),
        pixels: { mean, std, padding },
        train: nativeSubset(data.train),
        sets: [...data.sets.values()].map(nativeSubset),
      }),
    signal,
  );
  const epochs = totalEpochs(config);
  for (let epoch = 0; epoch < epochs; epoch++) {
    let progress: NativeProgress;
    do {
      progress = await compute(() => trainer.advance(network, STRETCH), signal);
      onProgress?.(progressOf(progress, epochs, names));
    } while (!progress.epochDone);
    yield epochOf(progress, epochs, names);
  }
}

function progressOf({ epoch, set, images, total, measured }: NativeProgress, epochs: number, names: string[]) {
  const { loss, top1, seconds } = measured.at(-1)!;
  return { epoch, epochs, set: names[set]!, images, total, loss, top1, seconds };
}

function epochOf({ epoch, learningRate, measured }: NativeProgress, epochs: number, names: string[]): EpochResult {
  const [train, ...rest] = measured as [SetMetrics, ...SetMetrics[]];
  const sets = new Map(rest.map((metrics, i) => [names[i + 1]!, metrics]));
  return { epoch, epochs, learningRate, train, sets };
}
