import { batchOf, checkClasses, classNames } from './batch.js';
import { type DataFile, joined, type LabelledImages } from './data-set.js';
import { CIFAR10, CIFAR100, type FilesOptions, readPublished } from './published-files.js';

const SIZE = 32;

/** A data set as it was published: without splits. */
export interface PublishedImages {
  train: LabelledImages;
  test: LabelledImages;
  classes: string[] | null;
  files: DataFile[];
}

/** @throws DataSetError */
export async function readCifar10(root: string, options?: FilesOptions): Promise<PublishedImages> {
  const batches: LabelledImages[] = [];
  let [test, classes]: [LabelledImages?, string[]?] = [];
  const files = await readPublished(
    root,
    CIFAR10,
    (name, dict, path) => {
      if (name === 'batches.meta') {
        classes = classNames(dict, 'label_names', path);
        return;
      }
      const batch = checkClasses(batchOf(dict, 'labels', SIZE, path), 10, path);
      if (name === 'test_batch') test = batch;
      else batches[Number(name.slice('data_batch_'.length)) - 1] = batch;
    },
    options,
  );
  return { train: joined(batches), test: test!, classes: classes!, files };
}

/** With the fine labels. @throws DataSetError */
export async function readCifar100(root: string, options?: FilesOptions): Promise<PublishedImages> {
  const sets: Record<string, LabelledImages> = {};
  let classes: string[] | undefined;
  const files = await readPublished(
    root,
    CIFAR100,
    (name, dict, path) => {
      if (name === 'meta') classes = classNames(dict, 'fine_label_names', path);
      else sets[name] = checkClasses(batchOf(dict, 'fine_labels', SIZE, path), 100, path);
    },
    options,
  );
  return { train: sets.train!, test: sets.test!, classes: classes!, files };
}
