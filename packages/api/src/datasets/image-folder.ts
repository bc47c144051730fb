import { readdir } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import type { Channels } from './channels.js';
import type { DataSet, ImageSubset, LabelledImages } from './data-set.js';
import { DataSetError } from './errors.js';

export interface ImageFolderOptions {
  /** Height and width that images of a folder are scaled to, by their middle square; a multiple of 4. Default: 32. */
  imageSize?: number | undefined;
  signal?: AbortSignal | undefined;
}

const IMAGES = new Set(['.png', '.jpg', '.jpeg']);
const TRAIN = 'train';
const EVALUATION = ['valid', 'val', 'test'];
/** Images that are decoded at a time. */
const AT_ONCE = 16;

type Decode = (path: string) => Promise<Uint8Array>;

/**
 * A folder with a folder of PNG and JPEG images for each class, in the order of their names. Where it has a folder
 * `train`, the classes are in this and in `valid`, `val` or `test` beside it, which are evaluated; else all images are
 * trained on. Normalised by the mean and the deviation of the training images.
 * @throws DataSetError NO_IMAGES, BAD_FILE, NO_DECODER
 */
export async function readImageFolder(root: string, options: ImageFolderOptions = {}): Promise<DataSet> {
  const { imageSize = 32, signal } = options;
  if (!Number.isInteger(imageSize) || imageSize < 4 || imageSize % 4 !== 0) {
    throw new RangeError(`expected the size of images to be a multiple of 4, found ${imageSize}`);
  }
  const decode = await decoder(imageSize);
  const folders = await foldersOf(root);
  const trainRoot = folders.includes(TRAIN) ? join(root, TRAIN) : root;
  const classes = await foldersOf(trainRoot);
  if (classes.length === 0) throw new DataSetError('NO_IMAGES', trainRoot, 'expected a folder for each class here');
  const read = (path: string) => readClasses(path, classes, imageSize, decode, signal);
  const train = await read(trainRoot);
  const sets = new Map<string, ImageSubset>();
  for (const name of trainRoot === root ? [] : EVALUATION.filter((set) => folders.includes(set))) {
    sets.set(name, { of: await read(join(root, name)), indices: null, shuffled: false });
  }
  return {
    key: basename(resolve(root)),
    numClasses: classes.length,
    classes,
    imageSize,
    padding: Math.floor(imageSize / 8),
    ...channelsOf(train),
    train: { of: train, indices: null, shuffled: true },
    sets,
    files: [],
  };
}

async function foldersOf(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .sort();
}

async function readClasses(
  root: string,
  classes: readonly string[],
  size: number,
  decode: Decode,
  signal: AbortSignal | undefined,
): Promise<LabelledImages> {
  const there = await foldersOf(root);
  const stranger = there.find((name) => !classes.includes(name));
  if (stranger) throw new DataSetError('BAD_FILE', join(root, stranger), 'this class has no training images');
  const images: { path: string; label: number }[] = [];
  for (const name of there) {
    const folder = join(root, name);
    const files = (await readdir(folder)).filter((file) => IMAGES.has(extname(file).toLowerCase())).sort();
    images.push(...files.map((file) => ({ path: join(folder, file), label: classes.indexOf(name) })));
  }
  if (images.length === 0) throw new DataSetError('NO_IMAGES', root, 'there are no PNG or JPEG images of any class');
  const row = 3 * size ** 2;
  const pixels = new Uint8Array(images.length * row);
  for (let first = 0; first < images.length; first += AT_ONCE) {
    signal?.throwIfAborted();
    const some = images.slice(first, first + AT_ONCE);
    const decoded = await Promise.all(some.map(({ path }) => decode(path)));
    decoded.forEach((image, i) => {
      pixels.set(image, (first + i) * row);
    });
  }
  return { pixels, labels: Int32Array.from(images, ({ label }) => label), size };
}

/** Decodes an image into planes of red, green and blue. */
async function decoder(size: number): Promise<Decode> {
  let sharp: typeof import('sharp')['default'];
  try {
    sharp = (await import('sharp')).default;
  } catch (error) {
    const message = 'images are decoded by the package sharp, which is not installed (npm install sharp)';
    throw new DataSetError('NO_DECODER', 'sharp', message, {}, { cause: error });
  }
  return async (path) => {
    let interleaved: Buffer;
    try {
      const image = sharp(path).autoOrient().resize(size, size, { fit: 'cover' });
      interleaved = await image.toColourspace('srgb').removeAlpha().raw().toBuffer();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new DataSetError('BAD_FILE', path, `this image cannot be decoded: ${reason}`, {}, { cause: error });
    }
    const plane = size ** 2;
    const out = new Uint8Array(3 * plane);
    for (let channel = 0; channel < 3; channel++) {
      for (let i = 0; i < plane; i++) out[channel * plane + i] = interleaved[3 * i + channel]!;
    }
    return out;
  };
}

/** Mean and standard deviation of all pixels, of 255. */
function channelsOf({ pixels, labels, size }: LabelledImages): Channels {
  const plane = size ** 2;
  const count = labels.length * plane;
  const [sums, squares] = [
    [0, 0, 0],
    [0, 0, 0],
  ];
  for (let i = 0; i < pixels.length; i++) {
    const channel = Math.floor(i / plane) % 3;
    sums[channel]! += pixels[i]!;
    squares[channel]! += pixels[i]! ** 2;
  }
  const mean = sums.map((sum) => sum / count);
  // Images of one colour are not divided by zero.
  const std = squares.map((square, channel) =>
    Math.max(1, Math.sqrt(Math.max(0, square / count - mean[channel]! ** 2))),
  );
  return { mean, std };
}
