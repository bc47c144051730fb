import { compute, type NativeImageSet, type NativeSubset, torch } from '@nas-bench-201/core-native';
import type { DataSet, ImageSubset, LabelledImages } from '../datasets/data-set.js';
import { DeviceTensor } from '../networks/device-tensor.js';

/** Images that libtorch has already, for as long as somebody has them here. */
const known = new WeakMap<LabelledImages, NativeImageSet>();

function imageSet(images: LabelledImages): NativeImageSet {
  const there = known.get(images) ?? new (torch().ImageSet)(images.pixels, images.labels, images.size);
  known.set(images, there);
  return there;
}

/** @throws NetworkError NO_LIBTORCH; RangeError, TypeError */
export function nativeSubset({ of, indices, shuffled }: ImageSubset): NativeSubset {
  return { of: imageSet(of), indices, shuffled };
}

/** Where order and augmentation come from; see `TrainOptions.order`. */
export type DrawOrder = 'reference' | 'device';

export interface BatchOptions {
  /** A set of the data set. Default: `train`. */
  set?: string | undefined;
  /** Images a batch. Default: 256. */
  batch?: number | undefined;
  /** Default: 0. */
  seed?: number | undefined;
  /** Whether images are flipped and cropped at random. Default: those of `train` are. */
  augmented?: boolean | undefined;
  /** Default: 1. */
  epochs?: number | undefined;
  order?: DrawOrder | undefined;
  /** `'cpu'` (default), `'cuda'`, `'cuda:1'`. */
  device?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** What a network is given of a data set. */
export interface ImageBatch {
  epoch: number;
  /** Batch x 3 x size x size, normalised. To be disposed of by whoever takes it. */
  images: DeviceTensor;
  labels: Int32Array;
  /** Which images of their set these are. */
  indices: Int32Array;
}

/**
 * The batches of a data set as a training sees them, one after another: normalised, shuffled where the set is, augmented.
 * With `order: 'reference'` those of torch's data loader with one worker after `torch.manual_seed(seed)`.
 * @throws NetworkError, RangeError; the signal's reason
 */
export async function* imageBatches(data: DataSet, options: BatchOptions = {}): AsyncGenerator<ImageBatch> {
  const { set = 'train', batch = 256, seed = 0, epochs = 1, device = 'cpu', signal } = options;
  const subset = set === 'train' ? data.train : data.sets.get(set);
  if (!subset) throw new RangeError(`expected train, ${[...data.sets.keys()].join(', ')}; found ${set}`);
  const { mean, std, padding } = data;
  const loader = await compute(
    () =>
      torch().ImageLoader.create(nativeSubset(subset), {
        pixels: { mean, std, padding },
        augmented: options.augmented ?? set === 'train',
        batch,
        seed,
        drawOnDevice: drawsOnDevice(options.order, device),
        device,
      }),
    signal,
  );
  for (let epoch = 0; epoch < epochs; epoch++) {
    await compute(() => loader.begin(), signal);
    for (;;) {
      const next = await compute(() => loader.next(), signal);
      if (!next) break;
      yield { epoch, images: new DeviceTensor(next.images), labels: next.labels, indices: next.indices };
    }
  }
}

/** The default follows the device. */
export const drawsOnDevice = (order: DrawOrder | undefined, device: string): boolean =>
  (order ?? (device === 'cpu' ? 'reference' : 'device')) === 'device';
