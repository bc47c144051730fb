import { batchOf } from './batch.js';
import type { PublishedImages } from './cifar.js';
import { joined, type LabelledImages } from './data-set.js';
import { DataSetError } from './errors.js';
import { type FilesOptions, IMAGENET16, readPublished } from './published-files.js';

const SIZE = 16;
const ROW = 3 * SIZE ** 2;
const ALL_CLASSES = 1000;

/**
 * The images of the first classes (the reference's `ImageNet16` with `use_num_of_class_only`), in the order of the files;
 * labels are counted from 0.
 * @param numClasses 120, 150, 200 or all 1,000
 * @throws DataSetError
 */
export async function readImageNet16(
  root: string,
  numClasses: number,
  options?: FilesOptions,
): Promise<PublishedImages> {
  const batches: LabelledImages[] = [];
  let test: LabelledImages | undefined;
  const files = await readPublished(
    root,
    IMAGENET16,
    (name, dict, path) => {
      const kept = firstClasses(batchOf(dict, 'labels', SIZE, path), numClasses, path);
      if (name === 'val_data') test = kept;
      else batches[Number(name.slice('train_data_batch_'.length)) - 1] = kept;
    },
    options,
  );
  return { train: joined(batches), test: test!, classes: null, files };
}

function firstClasses({ pixels, labels }: LabelledImages, numClasses: number, path: string): LabelledImages {
  const wrong = labels.find((label) => label < 1 || label > ALL_CLASSES);
  if (wrong !== undefined) {
    throw new DataSetError('BAD_FILE', path, `expected labels from 1 to ${ALL_CLASSES}, found ${wrong}`);
  }
  const kept = Array.from(labels, (_, i) => i).filter((i) => labels[i]! <= numClasses);
  const out = new Uint8Array(kept.length * ROW);
  kept.forEach((from, to) => {
    out.set(pixels.subarray(from * ROW, (from + 1) * ROW), to * ROW);
  });
  return { pixels: out, labels: Int32Array.from(kept, (i) => labels[i]! - 1), size: SIZE };
}
