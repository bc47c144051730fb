import { QueryError } from './errors.js';
import type { Reference } from './results/averaging.js';

/**
 * What a network was trained on:
 * - `cifar10-valid`: half of CIFAR-10's training images; the other half is its `x-valid`.
 * - `cifar10`: all 50,000 training images of CIFAR-10.
 * - `cifar100`: all training images of CIFAR-100; `x-valid` and `x-test` are the two halves of its test images.
 * - `ImageNet16-120`: the 151,700 training images; `x-valid` and `x-test` are the two halves of its 6,000 others.
 */
export const DATASETS = ['cifar10-valid', 'cifar10', 'cifar100', 'ImageNet16-120'] as const;
export type Dataset = (typeof DATASETS)[number];

/** The data sets of the paper's searches and tables. */
export const PAPER_DATASETS = ['cifar10', 'cifar100', 'ImageNet16-120'] as const;
export type PaperDataset = (typeof PAPER_DATASETS)[number];

/** The evaluation sets that each data set has. */
export const EVALUATION_SETS = {
  'cifar10-valid': ['x-valid', 'ori-test'],
  cifar10: ['ori-test'],
  cifar100: ['ori-test', 'x-valid', 'x-test'],
  'ImageNet16-120': ['ori-test', 'x-valid', 'x-test'],
} as const satisfies Record<Dataset, readonly string[]>;

/** A set of `D` on which something was measured. */
export type SetOf<D extends Dataset> = 'train' | (typeof EVALUATION_SETS)[D][number];

/** A set as `findBest` takes it: by its own name, or `valid` and `test` as the reference maps them. */
export type MetricSet<D extends Dataset> = D extends 'cifar10-valid' ? SetOf<D> | 'valid' : SetOf<D> | 'valid' | 'test';

/**
 * The hyper-parameters by their number of epochs: 12 (`less`) and 200 (`full`) in NAS-Bench-201 and NATS-Bench's
 * topology space; 1, 12 and 90 in its size space.
 */
export type Hp = '01' | '12' | '90' | '200' | 1 | 12 | 90 | 200;
export type HpName = '01' | '12' | '90' | '200';

/** How many epochs a training has. */
export const EPOCHS_OF_HP: Readonly<Record<HpName, number>> = { '01': 1, '12': 12, '90': 90, '200': 200 };

/** Which hyper-parameters an answer is for. */
export interface HpOption {
  /** Default: '12', as in the reference. */
  hp?: Hp | undefined;
  /** As version 1.3 of the reference asked: true is `hp: '12'`, false `hp: '200'`. */
  use12EpochsResult?: boolean | undefined;
}

const HP_NAMES: Record<string, HpName> = { '01': '01', '1': '01', '12': '12', '90': '90', '200': '200' };

export function hpName(options: HpOption = {}): HpName {
  if (options.hp === undefined) return options.use12EpochsResult === false ? '200' : '12';
  const name = HP_NAMES[String(options.hp)];
  if (!name)
    throw new QueryError('UNKNOWN_HP', `expected hp 12 or 200 (1, 12 or 90 in the size space), found ${options.hp}`);
  return name;
}

/** `valid` and `test` as the sets that the paper means (nas_201_api's `remap_dataset_set_names`). */
export function remapDatasetSetNames(dataset: string, metricOnSet: string): [dataset: string, set: string] {
  if (dataset === 'cifar10') {
    if (metricOnSet === 'valid') return ['cifar10-valid', 'x-valid'];
    if (metricOnSet === 'test') return ['cifar10', 'ori-test'];
  } else if (dataset === 'cifar100' || dataset === 'ImageNet16-120') {
    if (metricOnSet === 'valid') return [dataset, 'x-valid'];
    if (metricOnSet === 'test') return [dataset, 'x-test'];
  } else if (dataset === 'cifar10-valid' && metricOnSet === 'valid') {
    return [dataset, 'x-valid'];
  }
  return [dataset, metricOnSet];
}

/** The sets that `getMoreInfo` calls `valid`, `test` and `valtest`. */
export function infoSetsOf(dataset: string): { valid: string; test: string; valtest?: string } {
  return dataset === 'cifar10-valid' || dataset === 'cifar10'
    ? { valid: 'x-valid', test: 'ori-test' }
    : { valid: 'x-valid', test: 'x-test', valtest: 'ori-test' };
}

/** Says which sets there are, and where the asked one is. */
export function unknownSet(dataset: string, set: string, there: Iterable<string>): QueryError {
  const elsewhere =
    dataset === 'cifar10' && set.endsWith('valid')
      ? "; validation of CIFAR-10 is the set x-valid of the data set 'cifar10-valid'"
      : dataset === 'cifar10-valid' && set === 'x-test'
        ? "; test of CIFAR-10 is the set ori-test of the data set 'cifar10'"
        : '';
  return new QueryError(
    'UNKNOWN_SET',
    `'${dataset}' has no set '${set}' here; it has ${[...there].map((s) => `'${s}'`).join(', ')}${elsewhere}`,
  );
}

/** What the reference's files call hyper-parameters. */
const REFERENCE_KEYS: Readonly<Record<string, string>> = { '12': 'less', '200': 'full' };

/** What a file of this kind calls hyper-parameters: `less` and `full`, or NATS-Bench's `12` and `200`. */
export function hpKey(hp: string, reference: Reference): string {
  return reference === 'nas-bench-201' ? (REFERENCE_KEYS[hp] ?? hp) : hp;
}

/** What `hpKey` made of hyper-parameters. */
export function hpOfKey(key: string): string {
  return Object.keys(REFERENCE_KEYS).find((hp) => REFERENCE_KEYS[hp] === key) ?? key;
}
