import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPython } from '../../../test-fixtures/python.mjs';
import {
  cifar10Split,
  cifar100TestSplit,
  DataSetError,
  type ImageSubset,
  imageNet16TestSplit,
  imageNet16TrainSplit,
  type LabelledImages,
  openDataset,
} from '../src/index.js';
import { itWith, SHARED } from './support/shared.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const CONFIGS = join(root, '.cache/reference/AutoDL-Projects/configs/nas-benchmark');
const script = join(root, 'test-fixtures/scripts/make_small_data_sets.py');
const python = findPython('numpy, PIL');

/** The numbers in one of the reference's split files. */
function splitFile(name: string): Record<string, number[]> {
  const parsed = JSON.parse(readFileSync(join(CONFIGS, name), 'utf8')) as Record<string, [string, string[]]>;
  return Object.fromEntries(Object.entries(parsed).map(([key, [, values]]) => [key, values.map(Number)]));
}

describe('the proposed splits', () => {
  itWith(join(CONFIGS, 'cifar-split.txt'), "are the reference's files", () => {
    const asArrays = (split: Record<string, Int32Array>) =>
      Object.fromEntries(Object.entries(split).map(([key, values]) => [key, [...values]]));
    expect(asArrays(cifar10Split())).toEqual(splitFile('cifar-split.txt'));
    expect(asArrays(imageNet16TestSplit())).toEqual(splitFile('imagenet-16-120-test-split.txt'));
    expect(asArrays(imageNet16TrainSplit())).toEqual(splitFile('ImageNet16-120-split.txt'));
  });

  it("begin as the benchmark's paper files do", () => {
    const { train, valid } = cifar10Split();
    expect([train[0], train[10], train[111]]).toEqual([0, 26, 203]);
    expect([valid[0], valid[10], valid[111]]).toEqual([1, 18, 242]);
    const { xvalid, xtest } = imageNet16TestSplit();
    expect([xvalid.length, xtest.length, ...xvalid.slice(0, 5)]).toEqual([3000, 3000, 1, 2, 3, 6, 7]);
  });
});

const REAL = process.env.NB201_DATA ?? '';

describe('the published CIFAR files', () => {
  itWith(
    REAL || '$NB201_DATA',
    'have the published sums, and the split of the test images that the reference has',
    async () => {
      const cifar10 = await openDataset('cifar10-valid', REAL);
      expect(cifar10.files.every(({ md5, expected }) => md5 === expected)).toBe(true);
      expect([...cifar10.sets.values()].map(({ of, indices }) => indices?.length ?? of.labels.length)).toEqual([
        10_000, 25_000,
      ]);
      const cifar100 = await openDataset('cifar100', REAL, { anySums: true });
      const { xvalid, xtest } = cifar100TestSplit(cifar100.sets.get('ori-test')!.of.labels);
      expect({ xvalid: [...xvalid], xtest: [...xtest] }).toEqual(splitFile('cifar100-test-split.txt'));
    },
  );
});

const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const told = ({ pixels, labels }: LabelledImages) => ({ pixels: sha(pixels), labels: [...labels] });
const indices = (subset: ImageSubset | undefined) => [...(subset?.indices ?? [])];

describe.skipIf(!python)(`data sets${python ? '' : ' (SKIPPED: there is no python3 with numpy and PIL)'}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'nb201-data-'));
  const changed = join(folder, 'changed');
  let truth: Record<string, { train: unknown; test: unknown; image: string }>;
  const anySums = { anySums: true };

  beforeAll(() => {
    truth = JSON.parse(execFileSync(python!, [script, folder]).toString());
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const failure = async (work: Promise<unknown>): Promise<DataSetError> => {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(DataSetError);
    return error as DataSetError;
  };

  /** A copy of a data set's folder, to be damaged. */
  const copy = (name: string): string => {
    rmSync(changed, { recursive: true, force: true });
    cpSync(join(folder, name), join(changed, name), { recursive: true });
    return join(changed, name);
  };

  it('hold the images and labels of their files, wherever the folder is named', async () => {
    for (const at of [folder, join(folder, 'cifar-10-batches-py')]) {
      const data = await openDataset('cifar10', at, anySums);
      expect(told(data.train.of)).toEqual(truth.cifar10!.train);
      expect(told(data.sets.get('ori-test')!.of)).toEqual(truth.cifar10!.test);
      expect(data.classes?.[3]).toBe('cat');
      expect(data).toMatchObject({ key: 'cifar10', numClasses: 10, imageSize: 32, padding: 4 });
    }
  });

  it('are read from the archive as it was downloaded', async () => {
    const data = await openDataset('cifar10', join(folder, 'cifar-10-python.tar.gz'), anySums);
    expect(told(data.train.of)).toEqual(truth.cifar10!.train);
    expect(told(data.sets.get('ori-test')!.of)).toEqual(truth.cifar10!.test);
    expect(data.files.map(({ path }) => path.split('/').at(-1))).toContain('batches.meta');
  });

  it('have the sets of the benchmark in the order of its evaluations', async () => {
    const valid = await openDataset('cifar10-valid', folder, anySums);
    expect([...valid.sets.keys()]).toEqual(['ori-test', 'x-valid']);
    expect(indices(valid.train).slice(0, 5)).toEqual([0, 5, 7, 11, 13]);
    expect(indices(valid.sets.get('x-valid')).slice(0, 5)).toEqual([1, 2, 3, 4, 6]);
    expect(valid.sets.get('x-valid')!.of).toBe(valid.train.of);
    const hundred = await openDataset('cifar100', folder, anySums);
    expect([...hundred.sets.keys()]).toEqual(['ori-test', 'x-valid', 'x-test']);
    expect(told(hundred.train.of)).toEqual(truth.cifar100!.train);
    const [xvalid, xtest] = [indices(hundred.sets.get('x-valid')), indices(hundred.sets.get('x-test'))];
    expect([...xvalid, ...xtest].sort((a, b) => a - b)).toEqual(Array.from({ length: 24 }, (_, i) => i));
    expect(xvalid.length).toBe(12);
  });

  it('of ImageNet16 hold the first 120 classes, counted from 0', async () => {
    const data = await openDataset('ImageNet16-120', folder, anySums);
    expect(told(data.train.of)).toEqual(truth['ImageNet16-120']!.train);
    expect(told(data.sets.get('ori-test')!.of)).toEqual(truth['ImageNet16-120']!.test);
    expect(data).toMatchObject({ numClasses: 120, imageSize: 16, padding: 2 });
  });

  it('can be limited to their first images', async () => {
    const whole = await openDataset('cifar10-valid', folder, anySums);
    const few = await openDataset('cifar10-valid', folder, { ...anySums, limit: 7 });
    expect(indices(few.train)).toEqual(indices(whole.train).slice(0, 7));
    expect([...few.sets.get('ori-test')!.of.labels]).toEqual([...whole.sets.get('ori-test')!.of.labels].slice(0, 7));
  });

  it('of other content than the published are refused, with the sum that was expected', async () => {
    const error = await failure(openDataset('cifar10', folder));
    expect(error.code).toBe('ALTERED');
    expect(error.file).toMatch(/data_batch_1$/);
    expect(error.md5.expected).toBe('c99cafc152244af753f735de768cd75f');
    expect(error.message).toContain('c99cafc152244af753f735de768cd75f');
    expect((await failure(openDataset('cifar10', join(folder, 'cifar-10-python.tar.gz')))).code).toBe('ALTERED');
  });

  it('that lack a file name it, with its published sum', async () => {
    const at = copy('cifar-10-batches-py');
    rmSync(join(at, 'data_batch_4'));
    const error = await failure(openDataset('cifar10', at, anySums));
    expect(error).toMatchObject({ code: 'NO_FILE', file: join(at, 'data_batch_4') });
    expect(error.message).toContain('634d18415352ddfa80567beed471001a');
    expect((await failure(openDataset('cifar100', join(folder, 'nowhere')))).code).toBe('NO_FILE');
    expect((await failure(openDataset('cifar11', folder))).code).toBe('UNKNOWN_DATASET');
  });

  it('whose files end early or hold something else are refused', async () => {
    const at = copy('cifar-10-batches-py');
    truncateSync(join(at, 'test_batch'), 5000);
    expect(await failure(openDataset('cifar10', at, anySums))).toMatchObject({
      code: 'BAD_FILE',
      file: join(at, 'test_batch'),
      md5: { expected: '40351d587109b95175f43aff81a1287e' },
    });
    writeFileSync(join(at, 'test_batch'), Buffer.from('\x80\x02]q\x00.', 'latin1'));
    expect((await failure(openDataset('cifar10', at, anySums))).code).toBe('BAD_FILE');
    cpSync(join(folder, 'ImageNet16/val_data'), join(at, 'test_batch'));
    expect((await failure(openDataset('cifar10', at, anySums))).message).toContain('[images, 3072]');
    const archive = join(changed, 'cifar-10-python.tar.gz');
    cpSync(join(folder, 'cifar-10-python.tar.gz'), archive);
    truncateSync(archive, statSync(archive).size >> 1);
    expect(await failure(openDataset('cifar10', archive, anySums))).toMatchObject({ code: 'BAD_FILE', file: archive });
  });

  it('of images in folders have a class a folder', async () => {
    const data = await openDataset(join(folder, 'folder'));
    expect(data).toMatchObject({ key: 'folder', numClasses: 2, classes: ['cat', 'dog'], imageSize: 32 });
    expect([...data.train.of.labels]).toEqual([0, 0, 1, 1]);
    expect(sha(data.train.of.pixels.slice(0, 3072))).toBe(truth.folder!.image);
    expect([...data.train.of.pixels.slice(3 * 3072)].every((value) => Math.abs(value - 77) <= 1)).toBe(true);
    expect([...data.sets.keys()]).toEqual(['test']);
    expect([...data.sets.get('test')!.of.labels]).toEqual([1]);
    const plane = Array.from({ length: 4 }, (_, image) => [
      ...data.train.of.pixels.slice(image * 3072, image * 3072 + 1024),
    ]).flat();
    expect(data.mean[0]).toBeCloseTo(plane.reduce((a, b) => a + b) / plane.length, 9);
  });

  it('of images that cannot be decoded name them', async () => {
    const at = copy('folder');
    writeFileSync(join(at, 'train/cat/a.png'), 'no image');
    expect(await failure(openDataset(at))).toMatchObject({ code: 'BAD_FILE', file: join(at, 'train/cat/a.png') });
    rmSync(join(at, 'train'), { recursive: true });
    expect((await failure(openDataset(at))).code).toBe('NO_IMAGES');
  });

  itWith(join(SHARED, 'real/imagenet16-120-xvalid.u16'), 'of ImageNet16-120 are split as the benchmark has it', () => {
    const stored = readFileSync(join(SHARED, 'real/imagenet16-120-xvalid.u16'));
    const expected = Array.from({ length: 3000 }, (_, i) => stored.readUInt16LE(2 * i));
    expect([...imageNet16TestSplit().xvalid]).toEqual(expected);
  });
});
