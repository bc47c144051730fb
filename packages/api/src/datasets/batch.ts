import { NDArray } from '@nas-bench-201/core-native';
import type { LabelledImages } from './data-set.js';
import { DataSetError } from './errors.js';
import type { DataDict } from './published-files.js';

/**
 * The images of a batch file, whose rows are planes of red, green and blue, and their labels as they are stored.
 * @throws DataSetError BAD_FILE
 */
export function batchOf(dict: DataDict, labelKey: string, size: number, path: string): LabelledImages {
  const data = dict.get('data');
  const given = dict.get(labelKey);
  const labels = given instanceof NDArray ? Array.from(given.toTypedArray() as ArrayLike<number>) : given;
  const row = 3 * size ** 2;
  if (!(data instanceof NDArray && data.data instanceof Uint8Array) || data.dtype !== '|u1' || data.fortran) {
    throw new DataSetError('BAD_FILE', path, "expected an array of uint8 as 'data'");
  }
  if (data.shape.length !== 2 || data.shape[1] !== row || data.data.length !== data.shape[0]! * row) {
    const text = `expected 'data' of the shape [images, ${row}], found [${data.shape.join(', ')}]`;
    throw new DataSetError('BAD_FILE', path, text);
  }
  if (!Array.isArray(labels) || labels.length !== data.shape[0]) {
    throw new DataSetError('BAD_FILE', path, `expected a label of each of ${data.shape[0]} images as '${labelKey}'`);
  }
  for (const label of labels) {
    if (!Number.isInteger(label)) throw new DataSetError('BAD_FILE', path, `expected '${labelKey}' as whole numbers`);
  }
  return { pixels: data.data, labels: Int32Array.from(labels as number[]), size };
}

/** @throws DataSetError BAD_FILE, where a label is no class */
export function checkClasses(images: LabelledImages, numClasses: number, path: string): LabelledImages {
  const wrong = images.labels.find((label) => label < 0 || label >= numClasses);
  if (wrong !== undefined) {
    throw new DataSetError('BAD_FILE', path, `expected labels from 0 to ${numClasses - 1}, found ${wrong}`);
  }
  return images;
}

/** The names of classes in a meta file. @throws DataSetError BAD_FILE */
export function classNames(dict: DataDict, key: string, path: string): string[] {
  const names = dict.get(key);
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) {
    throw new DataSetError('BAD_FILE', path, `expected the names of classes as '${key}'`);
  }
  return names as string[];
}
