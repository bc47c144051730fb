import { CURVE_FIELDS } from '@nas-bench-201/core-native';
import type { Dataset } from '../names.js';
import type { CurveRecord, TrialRecord } from '../records/record.js';

/** Images that are trained on, and those of each evaluation set. */
const IMAGES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'cifar10-valid': { train: 25_000, 'x-valid': 25_000, 'ori-test': 10_000 },
  cifar10: { train: 50_000, 'ori-test': 10_000 },
  cifar100: { train: 50_000, 'ori-test': 10_000, 'x-valid': 5_000, 'x-test': 5_000 },
  'ImageNet16-120': { train: 151_700, 'ori-test': 6_000, 'x-valid': 3_000, 'x-test': 3_000 },
} satisfies Record<Dataset, unknown>;

/** The run that all times come from. */
export const TIMED = { hp: '12', dataset: 'cifar10-valid', seed: 777 } as const;

/** Seconds an epoch of training on 25,000 images, and of evaluating one image. */
export interface Pace {
  epoch: number;
  image: number;
}

const TRAIN_TIMES = CURVE_FIELDS.indexOf('train_times');
const EVAL_TIMES = CURVE_FIELDS.indexOf('eval_times');

// As Python's sum and division, and NumPy's mean of at most a few hundred numbers, which adds eight at a time.
const mean = (values: Float64Array) => values.reduce((a, b) => a + b, 0) / values.length;

/** How fast an architecture was in the run that all times come from (`TIMED`). */
export function paceOf(timed: TrialRecord): Pace {
  const of = (field: number, set: string) => timed.curves.find((c) => c.field === field && c.set === set)!.values;
  const seconds = mean(of(EVAL_TIMES, 'ori-test')) + mean(of(EVAL_TIMES, 'x-valid'));
  const { 'ori-test': test, 'x-valid': valid } = IMAGES['cifar10-valid']!;
  return { epoch: mean(of(TRAIN_TIMES, '')), image: seconds / (valid! + test!) };
}

/**
 * A trial with times as if it had been trained where the timed run was: in proportion to its images
 * (`correct_time_related_info` of `statistics-v2.py`, which made FILEv1.1).
 */
export function withTimes(trial: TrialRecord, { epoch, image }: Pace): TrialRecord {
  const images = IMAGES[trial.dataset]!;
  const seconds = ({ field, set }: CurveRecord): number | undefined => {
    if (field === TRAIN_TIMES) return (epoch / IMAGES['cifar10-valid']!.train!) * images.train!;
    if (field === EVAL_TIMES) return image * images[set]!;
    return undefined;
  };
  const curves = trial.curves.map((curve) => {
    const value = seconds(curve);
    return value === undefined ? curve : { ...curve, values: new Float64Array(trial.epochs).fill(value) };
  });
  return { ...trial, curves };
}
