import type { NativeMetrics, TensorData } from '@nas-bench-201/core-native';
import { NetworkError } from '@nas-bench-201/core-native';
import type { DeviceTensor } from './device-tensor.js';

/** Images with the numbers of their classes. */
export interface LabelledBatch {
  images: TensorData | DeviceTensor;
  labels: ArrayLike<number>;
}

/** What the reference measures of a batch or of many. */
export interface BatchMetrics {
  /** Cross-entropy, mean over the images. */
  loss: number;
  /** Per cent of the images whose class is the network's first choice. */
  top1: number;
  /** Per cent of the images whose class is among the network's first five. */
  top5: number;
  /** Images. */
  count: number;
}

/** Per cent as the reference rounds it: a float32 times the float32 100 / n. */
const percent = (correct: number, count: number) => Math.fround(correct * Math.fround(100 / count));

export function metricsOf({ loss, count, correctTop1, correctTop5 }: NativeMetrics): BatchMetrics {
  return { loss, top1: percent(correctTop1, count), top5: percent(correctTop5, count), count };
}

/** Averages weighted by images (the reference's `AverageMeter`). */
export function averageOf(batches: readonly BatchMetrics[]): BatchMetrics {
  const count = batches.reduce((sum, batch) => sum + batch.count, 0);
  const mean = (pick: (batch: BatchMetrics) => number) =>
    batches.reduce((sum, batch) => sum + pick(batch) * batch.count, 0) / count;
  return { loss: mean((b) => b.loss), top1: mean((b) => b.top1), top5: mean((b) => b.top5), count };
}

/** @throws NetworkError BAD_LABELS */
export function nativeLabels(labels: ArrayLike<number>): Int32Array {
  const out = Int32Array.from(labels);
  for (let i = 0; i < out.length; i++) {
    if (out[i] !== labels[i])
      throw new NetworkError('BAD_LABELS', `expected whole numbers as labels, found ${labels[i]}`);
  }
  return out;
}
