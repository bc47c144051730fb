/** Images with the numbers of their classes, decoded once and kept as bytes. */
export interface LabelledImages {
  /** count x 3 x size x size: planes of red, green, blue, row by row. */
  readonly pixels: Uint8Array;
  /** Class numbers from 0. */
  readonly labels: Int32Array;
  /** Height and width. */
  readonly size: number;
}

/** Some images of a set, and how they are gone through. */
export interface ImageSubset {
  readonly of: LabelledImages;
  /** Which of them; null: all. */
  readonly indices: Int32Array | null;
  /** Whether in another order every time. */
  readonly shuffled: boolean;
}

/** A file that images were read from. */
export interface DataFile {
  path: string;
  md5: string;
  /** As it was published. */
  expected: string;
}

/** What a network is trained and evaluated on. */
export interface DataSet {
  /** The benchmark's name of it, or the name of a folder of images. */
  readonly key: string;
  readonly numClasses: number;
  /** Names of the classes, where they are known. */
  readonly classes: readonly string[] | null;
  /** Height and width of an image. */
  readonly imageSize: number;
  /** Black pixels around an image that is cropped at random to its size again. */
  readonly padding: number;
  /** Of red, green and blue, of 255. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Augmented: flipped and cropped at random. */
  readonly train: ImageSubset;
  /** Evaluated after every epoch, in this order. */
  readonly sets: ReadonlyMap<string, ImageSubset>;
  /** With their MD5 sums; empty for a folder of images. */
  readonly files: readonly DataFile[];
}

export const countOf = ({ of, indices }: ImageSubset): number => indices?.length ?? of.labels.length;

/** The first images of a subset alone. */
export function firstOf(subset: ImageSubset, limit: number): ImageSubset {
  const { of, indices, shuffled } = subset;
  if (countOf(subset) <= limit) return subset;
  if (indices) return { of, indices: indices.subarray(0, limit), shuffled };
  const pixels = of.pixels.subarray(0, limit * 3 * of.size ** 2);
  return { of: { pixels, labels: of.labels.subarray(0, limit), size: of.size }, indices: null, shuffled };
}

/** One after another, as one. */
export function joined(parts: readonly LabelledImages[]): LabelledImages {
  const [first] = parts;
  if (parts.length === 1) return first!;
  const sum = (size: (part: LabelledImages) => number) => parts.reduce((total, part) => total + size(part), 0);
  const pixels = new Uint8Array(sum((part) => part.pixels.length));
  const labels = new Int32Array(sum((part) => part.labels.length));
  let [pixel, label] = [0, 0];
  for (const part of parts) {
    pixels.set(part.pixels, pixel);
    labels.set(part.labels, label);
    pixel += part.pixels.length;
    label += part.labels.length;
  }
  return { pixels, labels, size: first!.size };
}
