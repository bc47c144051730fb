import { readFileSync } from 'node:fs';
import type { Dataset, TensorData } from 'nas-bench-201';
import { CommandError } from './failure.js';

const bad = (path: string, detail: string) => new CommandError('BAD_INPUT', `${path}: ${detail}`);

/**
 * Images of a `.png`, or of a `.npy` of the shape [3, height, width] or [batch, 3, height, width]: bytes are pixels and
 * are normalised as the data set's were, floats are taken as they are.
 */
export async function readImages(path: string, dataset: Dataset): Promise<TensorData> {
  const bytes = readFileSync(path);
  const { normalisedImages } = await import('nas-bench-201');
  if (bytes.subarray(0, 6).equals(Buffer.from('\x93NUMPY', 'latin1'))) {
    const { shape, values } = await readNpy(path, bytes);
    const sizes = shape.length === 3 ? [1, ...shape] : shape;
    if (values instanceof Uint8Array) return normalisedImages(values, sizes, dataset);
    return { data: Float32Array.from(values), shape: sizes };
  }
  if (!bytes.subarray(0, 8).equals(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'))) {
    throw bad(path, 'expected a PNG or NumPy (.npy) file');
  }
  const { PNG } = await import('pngjs');
  let image: { width: number; height: number; data: Uint8Array };
  try {
    image = PNG.sync.read(bytes);
  } catch (error) {
    throw bad(path, `this PNG cannot be read (${error instanceof Error ? error.message : error})`);
  }
  const { width, height, data } = image;
  const plane = width * height;
  // Four bytes a pixel, of which the last is how opaque it is.
  const pixels = Uint8Array.from({ length: 3 * plane }, (_, i) => data[(i % plane) * 4 + Math.floor(i / plane)]!);
  return normalisedImages(pixels, [1, 3, height, width], dataset);
}

async function readNpy(path: string, bytes: Buffer): Promise<{ shape: number[]; values: ArrayLike<number> }> {
  const { NDArray } = await import('nas-bench-201');
  const long = bytes[6]! >= 2;
  const start = long ? 12 : 10;
  const end = start + (bytes.length < start ? 0 : long ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8));
  const header = bytes.subarray(start, end).toString('latin1');
  const dtype = /'descr': *'([<>|][fu][1248])'/.exec(header)?.[1];
  const sizes = /'shape': *\(([\d, ]*)\)/.exec(header)?.[1];
  const kind = dtype?.slice(1);
  if (end > bytes.length || sizes === undefined || (kind !== 'u1' && kind !== 'f4' && kind !== 'f8')) {
    throw bad(path, 'expected a NumPy array of uint8, float32 or float64');
  }
  if (/'fortran_order': *True/.test(header)) throw bad(path, "expected the array in C's order");
  const shape = sizes.split(',').flatMap((size) => (size.trim() === '' ? [] : [Number(size)]));
  const count = shape.reduce((a, b) => a * b, 1);
  if (bytes.length - end !== count * Number(kind.slice(1))) {
    throw bad(path, `expected ${count} numbers for the shape (${shape.join(', ')})`);
  }
  const values = new NDArray(dtype!, shape, false, bytes.subarray(end)).toTypedArray();
  return { shape, values: values as ArrayLike<number> };
}
