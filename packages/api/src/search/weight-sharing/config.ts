import { SearchError } from '../errors.js';

/** How a search by weight sharing is run. The defaults of each algorithm are the reference's. */
export interface WeightSharingConfig {
  /** Whose loop: NAS-Bench-201's scripts, or NATS-Bench's newer one. */
  variant: 'nas-bench-201' | 'nats-bench';
  /** Channels of the first third of the supernet; the others have twice and four times as many. */
  channels: number;
  /** Cells of each third. */
  cells: number;
  /** Whether the cells' batch norms keep running statistics (the scripts' BN, `track_running_stats`). */
  bn: boolean;
  /** Whether they learn scale and shift. */
  affine: boolean;
  epochs: number;
  batchSize: number;
  evaluationBatchSize: number;
  /** Of the weights' SGD. Cosine, a step an epoch: from `learningRate` to `etaMin` in `period` epochs, and back. */
  learningRate: number;
  etaMin: number;
  period: number;
  momentum: number;
  nesterov: boolean;
  weightDecay: number;
  /** L2 norm that gradients are clipped to; 0: are not. */
  clip: number;
  /** Of Adam on the architecture parameters, or on ENAS's controller. */
  architecture: { learningRate: number; beta1: number; beta2: number; epsilon: number; weightDecay: number };
  /** GDAS's, from the first epoch to the last. */
  temperature: { max: number; min: number };
  /** Cells that SETN, RANDOM-NAS and ENAS choose among. */
  candidates: number;
  controller: { steps: number; aggregate: number; baselineDecay: number; entropyWeight: number; clip: number };
  /** Rate at which an image loses a stage of the supernet in the last epoch; it grows in equal steps. */
  dropPath: number;
  /** Keeps the channels of a pixel together in memory: faster on a CPU; rounds otherwise than the reference. */
  channelsLast: boolean;
}

type Groups = 'architecture' | 'temperature' | 'controller';

/** What is to be otherwise than published. */
export type WeightSharingSettings = {
  [K in Exclude<keyof WeightSharingConfig, Groups>]?: WeightSharingConfig[K] | undefined;
} & {
  [K in Groups]?: Partial<WeightSharingConfig[K]> | undefined;
};

/** As the reference's `CosineAnnealingLR`, without warm-up. */
export function learningRateOf({ learningRate, etaMin, period }: WeightSharingConfig, epoch: number): number {
  return etaMin + ((learningRate - etaMin) * (1 + Math.cos((Math.PI * epoch) / period))) / 2;
}

/** Falls from epoch to epoch; the highest where there is one epoch alone, which the reference would divide by zero. */
export function temperatureOf({ temperature: { max, min }, epochs }: WeightSharingConfig, epoch: number): number {
  return epochs > 1 ? max - ((max - min) * epoch) / (epochs - 1) : max;
}

/** @throws SearchError BAD_OPTION */
export function checkedConfig(config: WeightSharingConfig): WeightSharingConfig {
  const bad = (name: string, wanted: string, found: unknown) =>
    new SearchError('BAD_OPTION', `expected ${name} to be ${wanted}, found ${String(found)}`);
  if (config.variant !== 'nas-bench-201' && config.variant !== 'nats-bench') {
    throw bad('variant', 'nas-bench-201 or nats-bench', config.variant);
  }
  const wholes = ['channels', 'cells', 'epochs', 'batchSize', 'evaluationBatchSize', 'candidates'] as const;
  for (const name of wholes) {
    const value = config[name];
    if (!Number.isSafeInteger(value) || value < 1) throw bad(name, 'a whole number above 0', value);
  }
  if (config.candidates > 5 ** 6) throw bad('candidates', 'at most 15625', config.candidates);
  for (const name of ['steps', 'aggregate'] as const) {
    const value = config.controller[name];
    if (!Number.isSafeInteger(value) || value < 1) throw bad(`controller.${name}`, 'a whole number above 0', value);
  }
  for (const name of ['learningRate', 'etaMin', 'momentum', 'weightDecay', 'clip'] as const) {
    if (!(config[name] >= 0 && Number.isFinite(config[name]))) throw bad(name, 'a number from 0 on', config[name]);
  }
  for (const name of ['max', 'min'] as const) {
    if (!(config.temperature[name] > 0)) throw bad(`temperature.${name}`, 'above 0', config.temperature[name]);
  }
  if (!(config.period > 0)) throw bad('period', 'above 0', config.period);
  if (!(config.dropPath >= 0 && config.dropPath < 1)) throw bad('dropPath', 'from 0 to below 1', config.dropPath);
  return config;
}
