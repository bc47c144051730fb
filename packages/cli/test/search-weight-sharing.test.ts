// The searches that train a supernet, as a user runs them.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { torchPath, WEIGHT_SHARING_ALGORITHMS, type WeightSharingRun } from 'nas-bench-201';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPython } from '../../../test-fixtures/python.mjs';
import { searchFile, TOOL } from '../../../test-fixtures/searches/search-file.mjs';
import { MAIN, runCli } from './support/cli.js';
import { withSmallDisk } from './support/small-disk.js';

const folder = mkdtempSync(join(tmpdir(), 'nb201-cli-weight-sharing-'));
afterAll(() => rmSync(folder, { recursive: true }));
const cli = (...args: string[]) => runCli(args, { timeout: 120_000 });

const python = findPython('numpy, PIL');
const missing = [!python && 'a python3 with numpy and PIL', !torchPath().built && 'libtorch'].filter(Boolean);
if (missing.length) console.warn(`SKIPPED, for want of ${missing.join(' and ')}: searches by weight sharing`);

/** A small search; `to`: where it leaves its files. */
const small = (to: string, ...more: string[]) =>
  `search gdas --data ${folder} --any-sums --seed 1 --channels 4 --cells 1 --epochs 3 --threads 1 -o batchSize=16 --out ${to}`
    .split(' ')
    .concat(more);

/** What is told of each epoch, and at the end, without what time it took. */
const told = (out: string) =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => ({ ...JSON.parse(line), seconds: 0, result: '' }));

it('tells the searches in its help, and the options of each in theirs', () => {
  const { out } = cli('search', '--help');
  for (const name of Object.keys(WEIGHT_SHARING_ALGORITHMS)) expect(out).toContain(name);
  const own = cli('search', 'gdas', '--help').out;
  for (const option of ['--data', '--bn', '--device', '--channels', '--benchmark', '--variant'])
    expect(own).toContain(option);
  expect(own).not.toContain('--budget');
});

it.each([
  [['search', 'gdas', '--svg', 'x.svg', '--data', folder], 2, 'name it by --benchmark'],
  [['search', 'gdas', '--bn', '2'], 2, 'Allowed choices are 0, 1'],
  [['search', 'setn', '--data', join(folder, 'nowhere')], 1, 'data_batch_1'],
])('%j fails with a word about it', (args, code, text) => {
  const outcome = cli(...args);
  expect(outcome.err).toContain(text);
  expect([outcome.code, outcome.out]).toEqual([code, '']);
});

describe.skipIf(missing.length > 0)('a search by weight sharing', () => {
  beforeAll(() => {
    const script = fileURLToPath(new URL('../../../test-fixtures/scripts/make_small_data_sets.py', import.meta.url));
    execFileSync(python!, [script, folder, '--images', '24']);
  });

  it('goes on after kill -9 to what it would have found', async () => {
    const whole = cli(...small(join(folder, 'whole'), '--json'));
    expect([whole.err, whole.code]).toEqual(['', 0]);
    const child = spawn(process.execPath, [MAIN, ...small(join(folder, 'killed'), '--json')]);
    let first = '';
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk) => {
        first += chunk;
        child.kill('SIGKILL');
      });
      child.on('close', () => resolve());
    });
    const done = told(first).length;
    expect(done).toBeGreaterThan(0);
    const rest = cli(...small(join(folder, 'killed'), '--json'));
    expect([...told(first), ...told(rest.out)]).toEqual(told(whole.out));
    expect(readdirSync(join(folder, 'killed', 'checkpoint'))).toEqual(['seed-1-basic.pth']);
    const other = cli(...small(join(folder, 'killed'), '--bn', '0'));
    expect(other.err).toContain('is of a search with bn true, this one has false');
    expect(other.code).toBe(1);
  });

  it('stops on a full disk with the last checkpoint whole, and goes on from it once there is room', async (context) => {
    const whole = cli(...small(join(folder, 'roomy'), '--json'));
    const { size } = statSync(join(folder, 'roomy', 'checkpoint', 'seed-1-basic.pth'));
    const out = join(folder, 'full');
    mkdirSync(out);
    // Room for one checkpoint, and not for the next beside it.
    const ran = await withSmallDisk(out, size * 1.6, async (disk) => {
      const stopped = cli(...small(out, '--json'));
      expect(stopped.err).toMatch(/goes on from .*\nerror: .*seed-1-basic\.pth: .*no space left on device/);
      expect(stopped.code).toBe(1);
      expect(readdirSync(join(out, 'checkpoint'))).toEqual(['seed-1-basic.pth']);
      disk.resize(size * 4);
      const rest = cli(...small(out, '--json'));
      expect([rest.err, rest.code]).toEqual(['', 0]);
      const [failure, ...before] = told(stopped.out).reverse();
      expect(failure).toMatchObject({ error: { code: 'IO', file: join(out, 'checkpoint', 'seed-1-basic.pth') } });
      expect([...before, ...told(rest.out)]).toEqual(told(whole.out));
    });
    if (!ran) context.skip();
  });

  it.skipIf(!existsSync(TOOL))('tells how good its cells are, draws it, and is compared with the others', () => {
    const file = searchFile()!;
    const [out, svg] = [join(folder, 'known'), join(folder, 'known.svg')];
    const done = cli(...small(out, '--benchmark', file, '--svg', svg));
    expect([done.err, done.code]).toEqual(['', 0]);
    expect(done.out).toMatch(/epoch 3 of 3.*test of the cell \d+\.\d\d %/);
    expect(done.out).toMatch(/test accuracy +\d+\.\d\d %/);
    expect(readFileSync(svg, 'utf8')).toContain('test accuracy of the current cell');
    const result = join(out, 'seed-1.json');
    const { found } = JSON.parse(readFileSync(result, 'utf8')) as WeightSharingRun;
    const compared = cli('compare', file, '--algorithms', 'random', '--runs', '2', '--with', result, '--json');
    const { searches } = JSON.parse(compared.out);
    expect(searches.map((search: { title: string }) => search.title)).toEqual(['RS', 'GDAS']);
    expect(searches[1].runs[0].found.architecture).toBe(found);
    expect(cli('compare', file, '--algorithms', 'random', '--runs', '2', '--with', result).out).toMatch(
      /GDAS +1 [\s\S]*published +3 +89\.89±0\.08 +93\.61±0\.09/,
    );
  });
});
