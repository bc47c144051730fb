import { SearchError } from '../errors.js';
import type { WeightSharingAlgorithm } from './algorithm.js';
import { checkedConfig, type WeightSharingConfig, type WeightSharingSettings } from './config.js';
import { dartsV1 } from './darts-v1.js';
import { dartsV2 } from './darts-v2.js';
import { enas } from './enas.js';
import { gdas } from './gdas.js';
import { genericAlgorithm } from './generic.js';
import { randomNas } from './random-nas.js';
import { setn } from './setn.js';

export type WeightSharingName = 'darts-v1' | 'darts-v2' | 'gdas' | 'setn' | 'enas' | 'random-nas';

/** An algorithm by name. */
export interface WeightSharingEntry {
  /** As the papers' tables call it. */
  title: string;
  /** For people: one line. */
  about: string;
  /** @internal */
  algorithm: WeightSharingAlgorithm;
  /** Where it is not as in `COMMON`. */
  config: Partial<WeightSharingConfig>;
}

const COMMON: Omit<WeightSharingConfig, 'period'> = {
  variant: 'nas-bench-201',
  channels: 16,
  cells: 5,
  bn: false,
  affine: false,
  epochs: 250,
  batchSize: 64,
  evaluationBatchSize: 512,
  learningRate: 0.025,
  etaMin: 0.001,
  momentum: 0.9,
  nesterov: true,
  weightDecay: 5e-4,
  clip: 5,
  architecture: { learningRate: 3e-4, beta1: 0.5, beta2: 0.999, epsilon: 1e-8, weightDecay: 1e-3 },
  temperature: { max: 10, min: 0.1 },
  candidates: 100,
  controller: { steps: 50, aggregate: 20, baselineDecay: 0.99, entropyWeight: 1e-4, clip: 5 },
  dropPath: 0,
  channelsLast: false,
};

/** The algorithms with the settings of the reference's scripts. */
export const WEIGHT_SHARING_ALGORITHMS: Readonly<Record<WeightSharingName, WeightSharingEntry>> = {
  'darts-v1': {
    title: 'DARTS-V1',
    about: 'gradient descent on a mixture of all operations, first order (Liu et al., 2019)',
    algorithm: dartsV1,
    config: { epochs: 50, evaluationBatchSize: 64 },
  },
  'darts-v2': {
    title: 'DARTS-V2',
    about: 'the same, second order',
    algorithm: dartsV2,
    config: { epochs: 50, evaluationBatchSize: 64 },
  },
  gdas: {
    title: 'GDAS',
    about: 'one operation an edge, drawn by Gumbel-softmax (Dong and Yang, 2019)',
    algorithm: gdas,
    config: {},
  },
  setn: {
    title: 'SETN',
    about: 'self-evaluated template network (Dong and Yang, 2019)',
    algorithm: setn,
    config: { clip: 0 },
  },
  enas: {
    title: 'ENAS',
    about: 'a controller learns by REINFORCE which cells do well (Pham et al., 2018)',
    algorithm: enas,
    config: {
      batchSize: 128,
      evaluationBatchSize: 128,
      learningRate: 0.05,
      etaMin: 5e-4,
      period: 10,
      weightDecay: 2.5e-4,
      architecture: { learningRate: 1e-3, beta1: 0, beta2: 0.999, epsilon: 1e-3, weightDecay: 0 },
    },
  },
  'random-nas': {
    title: 'RSPS',
    about: 'random search with parameter sharing (Li and Talwalkar, 2019)',
    algorithm: randomNas,
    config: {},
  },
};

/** What NATS-Bench's loop does for all. */
const GENERIC: Partial<WeightSharingConfig> = {
  variant: 'nats-bench',
  epochs: 100,
  batchSize: 64,
  evaluationBatchSize: 512,
  learningRate: 0.025,
  etaMin: 0.001,
  weightDecay: 5e-4,
  clip: 0,
};
const GENERIC_ENAS = { ...COMMON.architecture, learningRate: 1e-3, epsilon: 1e-3, weightDecay: 0 };

/** The algorithm, and how it is run. @throws SearchError UNKNOWN_ALGORITHM, UNKNOWN_OPTION, BAD_OPTION */
export function prepareWeightSharing(
  name: string,
  options: WeightSharingSettings = {},
): { name: WeightSharingName; title: string; algorithm: WeightSharingAlgorithm; config: WeightSharingConfig } {
  if (!Object.hasOwn(WEIGHT_SHARING_ALGORITHMS, name)) {
    const known = Object.keys(WEIGHT_SHARING_ALGORITHMS).join(', ');
    throw new SearchError('UNKNOWN_ALGORITHM', `expected one of ${known}, found '${name}'`);
  }
  const known = name as WeightSharingName;
  const { title, algorithm, config } = WEIGHT_SHARING_ALGORITHMS[known];
  const generic = options.variant === 'nats-bench';
  const defaults = generic
    ? { ...COMMON, ...GENERIC, ...(name === 'enas' && { architecture: GENERIC_ENAS }) }
    : { ...COMMON, ...config };
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  for (const option of Object.keys(given)) {
    if (!(option in COMMON) && option !== 'period') {
      throw new SearchError('UNKNOWN_OPTION', `weight-sharing searches have no option '${option}'`);
    }
  }
  const merged = { ...defaults, ...given } as WeightSharingConfig;
  for (const group of ['architecture', 'temperature', 'controller'] as const) {
    for (const part of Object.keys(merged[group])) {
      if (!(part in COMMON[group])) throw new SearchError('UNKNOWN_OPTION', `there is no option '${group}.${part}'`);
    }
    Object.assign(merged, { [group]: { ...defaults[group], ...merged[group] } });
  }
  return {
    name: known,
    title,
    algorithm: generic ? genericAlgorithm(known) : algorithm,
    config: checkedConfig({ ...merged, period: merged.period ?? merged.epochs }),
  };
}
