import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { torchPath } from 'nas-bench-201';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { findPython } from '../../../test-fixtures/python.mjs';
import { runCli } from './support/cli.js';

vi.setConfig({ testTimeout: 60_000 });

const root = fileURLToPath(new URL('../../../test-fixtures/', import.meta.url));
const BENCHMARK = join(root, 'benchmark/NAS-Bench-201-v1_1-b134ee.pth');
const python = findPython('numpy, PIL');
const missing = [!python && 'no python3 with numpy and PIL', !torchPath().built && 'no libtorch'].filter(Boolean);

const cli = (...args: string[]) => runCli(args, { env: { OMP_NUM_THREADS: '1', TORCH_HOME: '' } });
const SMALL = ['--channels', '4', '--cells', '1', '--batch', '32', '--any-sums'];

describe.skipIf(missing.length)(`train${missing.length ? ` (SKIPPED: ${missing.join(', ')})` : ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'nb201-train-'));
  beforeAll(() => {
    execFileSync(python!, [join(root, 'scripts/make_small_data_sets.py'), folder]);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('prints each epoch, then what a query prints with the recorded figures beside it, and writes the trial', () => {
    const [trial, picture] = [join(folder, 'arch-000041-seed-0777.pth'), join(folder, 'curve.svg')];
    const args = ['--dataset', 'cifar10-valid', '--data', folder, '--epochs', '2', ...SMALL];
    const files = ['--benchmark', BENCHMARK, '--out', trial, '--svg', picture];
    const { code, out, err } = cli('train', '41', ...args, ...files);
    expect(code).toBe(0);
    expect(err).toMatch(
      /warning: .*data_batch_1: its MD5 is [0-9a-f]{32}, not the published c99cafc152244af753f735de768cd75f/,
    );
    expect(out).toMatch(/^41 {2}\|nor_conv_1x1~0\|\+.*\ncifar10-valid: 61 images of 10 classes; seed 777, cpu\n/);
    expect(out).toMatch(/\n {4}0 {2}0\.10000 .*\n {4}1 {2}0\.05000 .*\n/);
    expect(out).toMatch(/\n {22}valid {2,}\d\.\d{4} .* {2,}\d\.\d{4} +69\.12\n/);
    expect(out).toContain(`written to ${trial}`);
    expect(readFileSync(picture, 'utf8')).toContain('recorded');
    expect(cli('info', trial).out).toContain('Training run of architecture 41, seed 777');
    const again = cli('train', '41', ...args, '--out', trial);
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('there is a file of this name')]);
  });

  it('answers in JSON, and takes a folder of images by class', () => {
    const { code, out } = cli(
      'train',
      '3',
      '--dataset',
      join(folder, 'folder'),
      '--hp',
      '12',
      '--epochs',
      '1',
      ...SMALL,
      '--json',
    );
    expect(code).toBe(0);
    const answer = JSON.parse(out);
    expect(answer).toMatchObject({ index: 3, dataset: 'folder', seed: 777, recorded: null, out: null });
    expect(answer.epochs).toHaveLength(1);
    expect(answer.epochs[0]).toMatchObject({
      epoch: 0,
      learningRate: 0.1,
      train: { count: 4 },
      sets: { test: { count: 1 } },
    });
    expect(answer.info['test-accuracy']).toBe(answer.epochs[0].sets.test.top1);
  });

  it('says what batch fits where memory does not suffice, and leaves nothing behind', () => {
    const out = join(folder, 'limited.pth');
    const data = ['--dataset', 'cifar10-valid', '--data', folder, '--any-sums', '--epochs', '1', '--cells', '1'];
    const train = (batch: string) =>
      cli('train', '41', ...data, '--batch', batch, '--memory', '40', '--out', out, '--json');
    const before = readdirSync(folder);
    const { code, out: answer } = train('256');
    expect(code).toBe(1);
    const { error } = JSON.parse(answer);
    const message = /^out of memory on cpu with batches of 61 images; batches of (15|30) fit$/;
    expect(error).toMatchObject({ code: 'OUT_OF_MEMORY', message: expect.stringMatching(message) });
    expect(readdirSync(folder)).toEqual(before);
    expect(train(message.exec(error.message)![1]!).code).toBe(0);
    expect(existsSync(out)).toBe(true);
  });

  it('says what it lacks, and leaves nothing behind', () => {
    const out = join(folder, 'none.pth');
    for (const [args, code, text] of [
      [['--dataset', 'cifar10', '--data', folder], 1, 'expected c99cafc152244af753f735de768cd75f'],
      [['--dataset', 'cifar10', '--data', '/nowhere'], 1, 'cifar-10-python.tar.gz'],
      [['--dataset', 'cifar11'], 1, 'expected cifar10-valid'],
      [[], 2, '--dataset'],
      [
        ['--dataset', 'cifar10', '--data', folder, '--any-sums', '--lr', '1e30', '--batch', '8', '--cells', '1'],
        1,
        'diverged',
      ],
      [['--dataset', 'cifar10', '--data', folder, '--any-sums', '--device', 'tpu'], 1, "expected a device 'cpu'"],
    ] as const) {
      const outcome = cli('train', '41', ...args, '--out', out);
      expect([outcome.code, outcome.err]).toEqual([code, expect.stringContaining(text)]);
    }
    expect(cli('train', '15625', '--dataset', 'cifar10').err).toContain('0 to 15624');
    expect(existsSync(out)).toBe(false);
  });
});
