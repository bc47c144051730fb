// The batches of the reference's `get_nas_search_loaders`, drawn as torch's DataLoader with worker processes draws them.
import type { TensorData } from '@nas-bench-201/core-native';
import { countOf, type DataSet, type ImageSubset } from '../../datasets/data-set.js';
import { type OpenDatasetOptions, openDataset } from '../../datasets/open.js';
import type { PaperDataset } from '../../names.js';
import type { LabelledBatch } from '../../networks/metrics.js';
import { PythonRandom } from '../../random/python-random.js';
import { TorchRandom } from '../../random/torch-random.js';
import { SearchError } from '../errors.js';
import { searchedDataset } from '../table.js';
import type { EvaluationBatches } from './algorithm.js';
import type { Supernet } from './supernet.js';

/** Worker processes of the reference's loaders. Each draws from generators of its own. */
const WORKERS = 4;

/** A batch of training images, and one of as many validation images. */
export interface PairedBatch {
  train: LabelledBatch;
  valid: LabelledBatch;
}

/** The generators of a worker process. */
interface Worker {
  python: PythonRandom;
  torch: TorchRandom;
}

/**
 * A data set as the searches use it: the weights learn from `train`; the architecture is trained and judged on `valid`.
 * CIFAR-10's are the halves of its training images, the others' `valid` is half of the test images.
 */
export class SearchData {
  readonly #values: Float32Array;

  constructor(
    readonly dataset: PaperDataset,
    readonly numClasses: number,
    readonly imageSize: number,
    readonly train: ImageSubset,
    readonly valid: ImageSubset,
    readonly padding: number,
    channels: { mean: readonly number[]; std: readonly number[] },
  ) {
    this.#values = normalisedValues(channels);
  }

  /** Reads a data set from its published files. @throws DataSetError */
  static async open(dataset: PaperDataset, root: string, options: OpenDatasetOptions = {}): Promise<SearchData> {
    return SearchData.of(dataset, await openDataset(searchedDataset(dataset), root, options));
  }

  /** @param data `cifar10-valid` for CIFAR-10 @throws SearchError BAD_DATA where it has no `x-valid` */
  static of(dataset: PaperDataset, data: DataSet): SearchData {
    const { numClasses, imageSize, train, sets, padding } = data;
    const valid = sets.get('x-valid');
    if (!valid) throw new SearchError('BAD_DATA', `expected validation images (x-valid), which '${data.key}' lacks`);
    return new SearchData(dataset, numClasses, imageSize, train, valid, padding, data);
  }

  /** How many steps an epoch has. The last batch may be smaller. */
  steps(batchSize: number): number {
    return Math.ceil(countOf(this.train) / batchSize);
  }

  /** An epoch: every training image once, each with a validation image of its own, drawn with replacement. */
  async *paired(supernet: Supernet, batchSize: number): AsyncGenerator<PairedBatch> {
    const [base, seed] = (await supernet.random(2)) as unknown as [bigint, bigint];
    const order = new TorchRandom(seed).randperm(countOf(this.train));
    const workers = workersOf(base);
    for (const [number, places] of batchesOf(order, batchSize)) {
      const worker = workers[number % WORKERS]!;
      const train = this.#batch(places.length);
      const valid = this.#batch(places.length);
      places.forEach((place, i) => {
        const other = worker.python.randint(0, countOf(this.valid) - 1);
        this.#augmented(train, i, this.train, place, worker.torch);
        this.#augmented(valid, i, this.valid, other, worker.torch);
      });
      yield { train, valid };
    }
  }

  /** An epoch of the training images alone (ENAS). */
  async *single(supernet: Supernet, batchSize: number): AsyncGenerator<LabelledBatch> {
    yield* this.#loader(supernet, this.train, batchSize, true);
  }

  /** The validation images. @param augmented as for training, which ENAS does */
  validation(supernet: Supernet, batchSize: number, augmented: boolean): EvaluationBatches {
    const once = () => this.#loader(supernet, this.valid, batchSize, augmented);
    return {
      once,
      async *cycle() {
        for (;;) yield* once();
      },
    };
  }

  async *#loader(
    supernet: Supernet,
    subset: ImageSubset,
    batchSize: number,
    augmented: boolean,
  ): AsyncGenerator<LabelledBatch> {
    const [base] = (await supernet.random(1)) as unknown as [bigint];
    const order = await this.#order(supernet, subset);
    const workers = workersOf(base);
    for (const [number, places] of batchesOf(order, batchSize)) {
      const { torch } = workers[number % WORKERS]!;
      const batch = this.#batch(places.length);
      places.forEach((place, i) => {
        if (augmented) this.#augmented(batch, i, subset, place, torch);
        else this.#plain(batch, i, subset, place);
      });
      yield batch;
    }
  }

  /** A subset is permuted by the generator itself, a whole set by one that it seeds. */
  async #order(supernet: Supernet, subset: ImageSubset): Promise<Int32Array> {
    const count = countOf(subset);
    if (subset.indices) return supernet.permutation(count);
    const [seed] = (await supernet.random(1)) as unknown as [bigint];
    return new TorchRandom(seed).randperm(count);
  }

  #batch(count: number): { images: TensorData; labels: Int32Array } {
    const { imageSize: size } = this;
    const shape = [count, 3, size, size];
    return { images: { data: new Float32Array(count * 3 * size * size), shape }, labels: new Int32Array(count) };
  }

  #plain(batch: { images: TensorData; labels: Int32Array }, at: number, subset: ImageSubset, place: number): void {
    const image = this.#image(batch, at, subset, place);
    const { pixels } = subset.of;
    const plane = this.imageSize ** 2;
    const data = batch.images.data.subarray(at * 3 * plane);
    for (let i = 0; i < 3 * plane; i++) data[i] = this.#values[Math.floor(i / plane) * 256 + pixels[image + i]!]!;
  }

  /** Flipped with probability 1/2, then a part of the image with black around it. */
  #augmented(
    batch: { images: TensorData; labels: Int32Array },
    at: number,
    subset: ImageSubset,
    place: number,
    torch: TorchRandom,
  ): void {
    const { imageSize: size, padding } = this;
    const flipped = torch.rand(1)[0]! < 0.5;
    const top = torch.randint(2 * padding + 1) - padding;
    const left = torch.randint(2 * padding + 1) - padding;
    const image = this.#image(batch, at, subset, place);
    const { pixels } = subset.of;
    const { data } = batch.images;
    let to = at * 3 * size * size;
    for (let channel = 0; channel < 3; channel++) {
      const values = channel * 256;
      const plane = image + channel * size * size;
      for (let row = top; row < top + size; row++) {
        for (let column = left; column < left + size; column++) {
          const inside = row >= 0 && row < size && column >= 0 && column < size;
          const from = plane + row * size + (flipped ? size - 1 - column : column);
          data[to++] = this.#values[values + (inside ? pixels[from]! : 0)]!;
        }
      }
    }
  }

  /** Where an image's pixels begin; notes its label. */
  #image(batch: { labels: Int32Array }, at: number, { of, indices }: ImageSubset, place: number): number {
    const index = indices ? indices[place]! : place;
    batch.labels[at] = of.labels[index]!;
    return index * 3 * of.size ** 2;
  }
}

/** What each byte of each channel becomes. */
function normalisedValues({ mean, std }: { mean: readonly number[]; std: readonly number[] }): Float32Array {
  return Float32Array.from({ length: 3 * 256 }, (_, i) => {
    const channel = i >> 8;
    const value = Math.fround(Math.fround((i & 255) / 255) - Math.fround(mean[channel]! / 255));
    return value / Math.fround(std[channel]! / 255);
  });
}

function workersOf(base: bigint): Worker[] {
  return Array.from({ length: WORKERS }, (_, number) => {
    const seed = base + BigInt(number);
    return { python: new PythonRandom(seed), torch: new TorchRandom(seed) };
  });
}

function* batchesOf(order: Int32Array, size: number): Generator<[number: number, places: Int32Array]> {
  for (let at = 0, number = 0; at < order.length; at += size) yield [number++, order.subarray(at, at + size)];
}
