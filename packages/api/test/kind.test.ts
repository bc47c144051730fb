import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type BenchmarkDescription,
  describeFile,
  type FileDescription,
  QueryError,
  ReadError,
  type UnreadableDescription,
} from '../src/index.js';
import { BENCHMARKS, FIXTURES } from './support/ask.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nb201-kind-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function written(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const benchmark = async (name: string) => (await describeFile(join(BENCHMARKS, name))) as BenchmarkDescription;
const v1_1 = () => readdirSync(BENCHMARKS).find((name) => name.startsWith('NAS-Bench-201-v1_1'))!;
const v1_0 = () => readdirSync(BENCHMARKS).find((name) => name.startsWith('NAS-Bench-201-v1_0'))!;

const row = (d: BenchmarkDescription, hp: string, dataset: string) =>
  d.results.find((r) => r.hp === hp && r.dataset === dataset);

describe('benchmark files', () => {
  it('tells version 1.1, its trials, sets and times', async () => {
    const d = await benchmark(v1_1());
    expect(d).toMatchObject({
      kind: 'nas-bench-201',
      version: '1.1',
      layout: 'file',
      space: 'topology',
      container: 'torch-legacy',
      bzip2: false,
      size: statSync(d.path).size,
      architectures: 60,
      evaluated: 5,
      hps: ['12', '200'],
      weights: false,
    });
    expect(d.results).toHaveLength(8);
    expect(row(d, '12', 'cifar10-valid')).toMatchObject({
      trials: { 2: 5 },
      sets: ['x-valid', 'ori-test'],
      times: true,
    });
    expect(row(d, '200', 'cifar100')).toMatchObject({ trials: { 1: 3, 2: 1, 3: 1 }, times: true });
    expect(row(d, '200', 'cifar100')!.sets.sort()).toEqual(['ori-test', 'x-test', 'x-valid']);
    expect(d.problems.join()).toContain('names 60 architectures; the space has 15,625');
  });

  it('tells version 1.0 by what `less` has, and that its times are not known', async () => {
    const d = await benchmark(v1_0());
    expect(d).toMatchObject({ kind: 'nas-bench-201', version: '1.0', evaluated: 3 });
    expect(d.results.filter((r) => r.hp === '12').map((r) => r.dataset)).toEqual(['cifar10-valid']);
    expect(d.results.every((r) => !r.times)).toBe(true);
  });

  it('knows an intermediate file by its instances', async () => {
    expect(await benchmark('instances.pth')).toMatchObject({ kind: 'intermediate', version: null, evaluated: 2 });
  });

  it.each([
    'v1_1-zip.pth',
    'irregular.pth',
    'irregular-zip.pth',
    ...[0, 1, 2, 3, 4, 5].map((p) => `v1_1-protocol${p}.pkl`),
  ])('%s is version 1.1', async (name) => {
    expect(await benchmark(name)).toMatchObject({ kind: 'nas-bench-201', version: '1.1' });
  });

  it('counts trials where one record lacks a data set', async () => {
    expect(row(await benchmark('irregular.pth'), '12', 'cifar10')!.trials).toEqual({ 1: 2 });
  });

  it('says how it is packed', async () => {
    expect(await benchmark('v1_1-protocol4.pickle.pbz2')).toMatchObject({ container: 'pickle', bzip2: true });
    expect(await benchmark('v1_1-zip.pth')).toMatchObject({ container: 'torch-zip', bzip2: false });
  });

  it('counts the architectures whose costs cannot be right', async () => {
    expect((await benchmark(v1_1())).problems.join()).toMatch(/cannot be right .* of 1 architecture\./);
  });

  it('reports progress and can be aborted', async () => {
    const seen: number[] = [];
    await describeFile(join(BENCHMARKS, v1_1()), { onProgress: ({ bytes, total }) => seen.push(bytes / total) });
    expect(seen.at(-1)).toBe(1);
    await expect(describeFile(join(BENCHMARKS, v1_1()), { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });
});

describe('NATS-Bench and archives', () => {
  it('a folder of the topology space', async () => {
    expect(await benchmark('NATS-tss-v1_0-small-simple')).toMatchObject({
      kind: 'nats-bench',
      layout: 'folder',
      space: 'topology',
      hps: ['12', '200'],
      architectures: 3,
      evaluated: 3,
      weights: false,
    });
  });

  it('a folder of the size space, and what is missing in it', async () => {
    const d = await benchmark('NATS-sss-v1_0-small-simple');
    expect(d).toMatchObject({ kind: 'nats-bench', space: 'size', hps: ['01', '12', '90'], evaluated: 3 });
    expect(d.problems).toContain('Missing: the files of 5 architectures.');
  });

  it('one file of all', async () => {
    const d = await benchmark('NATS-tss-v1_0-small.pickle.pbz2');
    expect(d).toMatchObject({ kind: 'nats-bench', layout: 'file', space: 'topology', evaluated: 3 });
    expect(row(d, '200', 'cifar10')!.trials).toEqual({ 1: 1, 2: 1, 3: 1 });
  });

  it('the files in its folders', async () => {
    const at = (name: string) => describeFile(join(BENCHMARKS, name));
    expect(await at('NATS-sss-v1_0-small-simple/meta.pickle.pbz2')).toMatchObject({
      kind: 'nats-meta',
      space: 'size',
      architectures: 8,
    });
    expect(await at('NATS-sss-v1_0-small-simple/000003.pickle.pbz2')).toMatchObject({
      kind: 'architecture',
      family: 'nats-bench',
      space: 'size',
      index: 3,
    });
    expect(await at('archive/000003-FULL.pth')).toMatchObject({
      kind: 'architecture',
      family: 'nas-bench-201',
      space: 'topology',
      index: 3,
      weights: true,
    });
    expect(await at('archive')).toMatchObject({ kind: 'archive-folder', files: 2 });
    expect(await at('.')).toMatchObject({ kind: 'folder' });
  });
});

describe('other files', () => {
  it.each(readdirSync(join(FIXTURES, 'values')))('describes %s', async (name) => {
    const d = await describeFile(join(FIXTURES, 'values', name));
    expect(['pickle', 'torch', 'state-dict', 'data-batch']).toContain(d.kind);
    expect(d.title).not.toBe('');
    expect(d.hint).not.toBe('');
    expect(() => JSON.stringify(d)).not.toThrow();
  });

  it('tells what it is made of', async () => {
    const at = (name: string) => describeFile(join(FIXTURES, 'values', name));
    expect(await at('several.pkl')).toMatchObject({ kind: 'pickle', pickles: 4, type: 'dict', keys: ['first'] });
    expect(await at('one-tensor-legacy.pth')).toMatchObject({
      kind: 'torch',
      tensors: 1,
      parameters: 4,
      type: 'Tensor',
    });
    expect(await at('python2-batch.pkl')).toMatchObject({ kind: 'data-batch', dataset: 'CIFAR-10' });
    expect(await at('view-metadata.pth')).toMatchObject({ kind: 'state-dict', tensors: 3 });
  });

  it('knows a training run and the list of architectures, as Python writes them', async () => {
    // Protocol 0, by hand.
    const run = written(
      'arch-000157-seed-0777.pth',
      "(dS'info'\nNsS'cifar10'\n(dS'total_epoch'\nI12\nsS'finish-train'\nI01\nsS'net_state_dict'\n(dssS'all_dataset_keys'\n(lS'cifar10'\nas.",
    );
    expect(await describeFile(run)).toMatchObject({
      kind: 'training-run',
      index: 157,
      seed: 777,
      datasets: [{ dataset: 'cifar10', epochs: 12, finished: true, weights: true }],
    });
    const meta = written(
      'meta-node-4.pth',
      "(dS'archs'\n(lS'a'\nasS'total'\nI15625\nsS'max_node'\nI4\nsS'splits'\n(ds.",
    );
    expect(await describeFile(meta)).toMatchObject({ kind: 'meta-node', architectures: 1, total: 15625, maxNode: 4 });
  });
});

describe('files that cannot be read', () => {
  const kindOf = async (name: string, content: string | Uint8Array): Promise<FileDescription> =>
    describeFile(written(name, content));

  it.each([
    ['page.pth', '<!DOCTYPE html><html>Quota exceeded</html>', 'web-page'],
    ['pointer.pth', 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4\n', 'lfs-pointer'],
    ['picture.pth', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), 'picture'],
    ['packed.pth', gzipSync('x'), 'archive'],
    [
      'tar.pth',
      Buffer.concat([Buffer.from('a.txt'.padEnd(257, '\0')), Buffer.from('ustar'.padEnd(255, '\0'))]),
      'archive',
    ],
    ['text.pth', 'hello world\n', 'foreign'],
    ['empty.pth', '', 'cut-short'],
  ])('%s', async (name, content, kind) => {
    const d = await kindOf(name, content);
    expect(d).toMatchObject({ kind, offset: 0, problems: [expect.stringContaining(name)] });
    expect(d.hint).not.toBe('');
  });

  it('a benchmark that was cut short', async () => {
    const whole = readFileSync(join(BENCHMARKS, v1_1()));
    for (const part of [0.01, 0.5, 0.99]) {
      const d = await kindOf('cut.pth', whole.subarray(0, whole.length * part));
      expect(d).toMatchObject({ kind: 'cut-short', code: 'TRUNCATED', size: Math.floor(whole.length * part) });
      // What was cut begins at most a number's or a short text's length before the end.
      expect(d.size - (d as UnreadableDescription).offset).toBeLessThan(100);
    }
  });

  it('a benchmark with broken bytes', async () => {
    const broken = Buffer.from(readFileSync(join(BENCHMARKS, v1_1())));
    broken.fill(0xff, broken.length >> 1, (broken.length >> 1) + 64);
    expect(await kindOf('broken.pth', broken)).toMatchObject({ kind: 'damaged', code: expect.any(String) });
  });

  it('what the limits forbid to read', async () => {
    const d = await describeFile(join(FIXTURES, 'values', 'frames.pkl'), { limits: { maxPickleBytes: 1000 } });
    expect(d).toMatchObject({ kind: 'damaged', code: 'LIMIT' });
  });

  it('throws what is about the disk, not the file', async () => {
    await expect(describeFile(join(folder, 'nowhere'))).rejects.toThrow(QueryError);
    if (process.platform === 'linux') await expect(describeFile('/dev/zero')).rejects.toThrow(ReadError);
    mkdirSync(join(folder, 'empty'));
    expect(await describeFile(join(folder, 'empty'))).toMatchObject({ kind: 'folder' });
  });
});
