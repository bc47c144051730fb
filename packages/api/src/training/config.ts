import { EPOCHS_OF_HP, type Hp, hpName } from '../names.js';

/** How a network is trained: the reference's `.config` files, by their names. */
export interface TrainingConfig {
  /** Cosine, a step an epoch. */
  scheduler: 'cos';
  /** The learning rate that the schedule ends with. */
  eta_min: number;
  /** Epochs of the schedule; those of the warm-up come on top. */
  epochs: number;
  warmup: number;
  optim: 'SGD';
  /** The learning rate that it begins with. */
  LR: number;
  /** Weight decay, of every parameter. */
  decay: number;
  momentum: number;
  nesterov: boolean;
  /** Cross-entropy. */
  criterion: 'Softmax';
  batch_size: number;
}

const BENCHMARK: TrainingConfig = {
  scheduler: 'cos',
  eta_min: 0,
  epochs: 200,
  warmup: 0,
  optim: 'SGD',
  LR: 0.1,
  decay: 5e-4,
  momentum: 0.9,
  nesterov: true,
  criterion: 'Softmax',
  batch_size: 256,
};

/**
 * The benchmark's hyper-parameters (the reference's `LESS.config`, `CIFAR.config`, `ImageNet-16.config` and NATS-Bench's
 * `hyper-opts`, which differ in the number of epochs alone), with what should be otherwise.
 * @throws QueryError UNKNOWN_HP; RangeError
 */
export function trainingConfig(hp: Hp = '12', other: Partial<TrainingConfig> = {}): TrainingConfig {
  const config = { ...BENCHMARK, epochs: EPOCHS_OF_HP[hpName({ hp })], ...other };
  const whole = (name: 'epochs' | 'warmup' | 'batch_size', least: number) => {
    if (!Number.isSafeInteger(config[name]) || config[name] < least) {
      throw new RangeError(`expected ${name} to be a whole number from ${least} on, found ${config[name]}`);
    }
  };
  whole('epochs', 1);
  whole('warmup', 0);
  whole('batch_size', 1);
  for (const name of ['LR', 'eta_min', 'decay', 'momentum'] as const) {
    if (!(config[name] >= 0 && Number.isFinite(config[name]))) {
      throw new RangeError(`expected ${name} to be a number from 0 on, found ${config[name]}`);
    }
  }
  return config;
}

/** Epochs of a training, warm-up included. */
export const totalEpochs = ({ epochs, warmup }: TrainingConfig): number => epochs + warmup;
