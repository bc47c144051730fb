import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DataSet, ImageSubset, LabelledImages, TrainingConfig } from '../../src/index.js';

export interface Answers {
  torch: string;
  /** Of the processor: AVX2, AVX512 … */
  capability: string;
  rates: { epochs: number; warmup: number; iterations: number; eta_min: number; rates: number[] }[];
  order: {
    size: number;
    padding: number;
    mean: number[];
    std: number[];
    seed: number;
    subset: number[] | null;
    epochs: { indices: number[]; pixels: string }[];
  }[];
  /** Loss, top-1, top-5. */
  steps: { arch: string; steps: number[][]; evaluation: number[] }[];
  trials: {
    arch: string;
    C: number;
    N: number;
    seed: number;
    split: boolean;
    classes: number;
    size: number;
    mean: number[];
    std: number[];
    config: TrainingConfig;
    flop: number;
    param: number;
    state: string;
    order: string[];
    net_string: string;
    learning_rates: Record<string, number>;
    [curve: string]: unknown;
  }[];
}

const path = fileURLToPath(new URL('../../../../test-fixtures/training/answers.json', import.meta.url));

/** What the reference answered when it trained; see test-fixtures/scripts/make_training_fixtures.py. */
export const answers = JSON.parse(readFileSync(path, 'utf8')) as Answers;

/** The images that it was given. */
export function imagesOf(first: number, count: number, size: number, classes = 10): LabelledImages {
  const row = 3 * size ** 2;
  return {
    pixels: Uint8Array.from({ length: count * row }, (_, i) => ((i + first * row) * 7919) % 251),
    labels: Int32Array.from({ length: count }, (_, i) => ((first + i) * 7) % classes),
    size,
  };
}

const every = (first: number, count: number) => Int32Array.from({ length: count / 2 }, (_, i) => first + 2 * i);

/** 96 images, or half of them with the other half as x-valid, and 70 others as ori-test. */
export function dataSet(options: {
  size: number;
  classes: number;
  split: boolean;
  mean: readonly number[];
  std: readonly number[];
}): DataSet {
  const { size, classes, split, mean, std } = options;
  const of = imagesOf(0, 96, size, classes);
  const test = { of: imagesOf(1000, 70, size, classes), indices: null, shuffled: false };
  return {
    key: 'formula',
    numClasses: classes,
    classes: null,
    imageSize: size,
    padding: size / 8,
    mean,
    std,
    train: { of, indices: split ? every(0, 96) : null, shuffled: true },
    sets: new Map<string, ImageSubset>([
      ['ori-test', test],
      ...(split ? ([['x-valid', { of, indices: every(1, 96), shuffled: true }]] as const) : []),
    ]),
    files: [],
  };
}

export const CIFAR10_CHANNELS = { mean: [125.3, 123.0, 113.9], std: [63.0, 62.1, 66.7] };
