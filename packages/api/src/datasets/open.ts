import { statSync } from 'node:fs';
import { DATASETS, type Dataset } from '../names.js';
import { TASK_SHAPES } from '../space/cost.js';
import { CHANNELS } from './channels.js';
import { type PublishedImages, readCifar10, readCifar100 } from './cifar.js';
import { countOf, type DataSet, firstOf, type ImageSubset, type LabelledImages } from './data-set.js';
import { DataSetError } from './errors.js';
import { type ImageFolderOptions, readImageFolder } from './image-folder.js';
import { readImageNet16 } from './imagenet16.js';
import type { FilesOptions } from './published-files.js';
import { cifar10Split, cifar100TestSplit, imageNet16TestSplit } from './splits.js';

export interface OpenDatasetOptions extends FilesOptions, ImageFolderOptions {
  /** The first images of each set alone. Default: all. */
  limit?: number | undefined;
}

const all = (of: LabelledImages, shuffled = false): ImageSubset => ({ of, indices: null, shuffled });
const some = (of: LabelledImages, indices: Int32Array): ImageSubset => ({ of, indices, shuffled: true });

type Sets = [train: ImageSubset, sets: Record<string, ImageSubset>];

const READERS: Record<Dataset, (root: string, options: FilesOptions) => Promise<PublishedImages>> = {
  'cifar10-valid': readCifar10,
  cifar10: readCifar10,
  cifar100: readCifar100,
  'ImageNet16-120': (root, options) => readImageNet16(root, 120, options),
};

/** What each data set of the benchmark trains on, and what it is evaluated on in this order. */
const SETS: Record<Dataset, (images: PublishedImages) => Sets> = {
  'cifar10-valid': ({ train, test }) => {
    const split = cifar10Split(train.labels.length);
    return [some(train, split.train), { 'ori-test': all(test), 'x-valid': some(train, split.valid) }];
  },
  cifar10: ({ train, test }) => [all(train, true), { 'ori-test': all(test) }],
  cifar100: ({ train, test }) => {
    const split = cifar100TestSplit(test.labels);
    return [all(train, true), testSets(test, split)];
  },
  'ImageNet16-120': ({ train, test }) => {
    const split = imageNet16TestSplit(test.labels.length);
    return [all(train, true), testSets(test, split)];
  },
};

const testSets = (test: LabelledImages, { xvalid, xtest }: { xvalid: Int32Array; xtest: Int32Array }) => ({
  'ori-test': all(test),
  'x-valid': some(test, xvalid),
  'x-test': some(test, xtest),
});

const isKey = (key: string): key is Dataset => (DATASETS as readonly string[]).includes(key);

/**
 * Reads a data set of the benchmark from its published files, with the proposed splits.
 * @param key `cifar10-valid`, `cifar10`, `cifar100` or `ImageNet16-120`; or a folder of images by class, with `train/`
 *   and `test/`, `val/` or `valid/` in it where some are kept for evaluation
 * @param root the folder with the files, the one that it is in, or the archive as it was downloaded; of a folder of
 *   images nothing
 * @throws DataSetError
 */
export async function openDataset(
  key: Dataset | (string & {}),
  root?: string,
  options: OpenDatasetOptions = {},
): Promise<DataSet> {
  const { limit } = options;
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit > 0)) {
    throw new RangeError(`expected the limit to be a whole number above 0, found ${limit}`);
  }
  const opened = isKey(key) ? await published(key, root, options) : await folder(key, options);
  const limited = limit === undefined ? opened : limitedTo(opened, limit);
  for (const [set, subset] of [['train', limited.train] as const, ...limited.sets]) {
    if (countOf(subset) === 0) throw new DataSetError('NO_IMAGES', root ?? key, `there are no images in ${set}`);
  }
  return limited;
}

async function published(key: Dataset, root: string | undefined, options: FilesOptions): Promise<DataSet> {
  if (root === undefined) throw new DataSetError('NO_FILE', key, 'expected the folder that its files are in');
  const images = await READERS[key](root, options);
  const [train, sets] = SETS[key](images);
  const { imageSize, numClasses } = TASK_SHAPES[key];
  const { classes, files } = images;
  const common = { key, numClasses, classes, imageSize, padding: imageSize / 8, ...CHANNELS[key] };
  return { ...common, train, sets: new Map(Object.entries(sets)), files };
}

function folder(path: string, options: OpenDatasetOptions): Promise<DataSet> {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return readImageFolder(path, options);
  throw new DataSetError('UNKNOWN_DATASET', path, `expected ${DATASETS.join(', ')} or a folder of images by class`);
}

function limitedTo(data: DataSet, limit: number): DataSet {
  const sets = new Map([...data.sets].map(([set, subset]) => [set, firstOf(subset, limit)]));
  return { ...data, train: firstOf(data.train, limit), sets };
}
