// The commands `search` and `compare` as a user runs them, on a file of all architectures.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { SEARCH_ALGORITHMS } from 'nas-bench-201';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { searchFile, TOOL } from '../../../test-fixtures/searches/search-file.mjs';
import { MAIN, runCli } from './support/cli.js';

const FIXTURES = fileURLToPath(new URL('../../../test-fixtures/', import.meta.url));
const BENCHMARKS = join(FIXTURES, 'benchmark');
const V1_0 = join(BENCHMARKS, readdirSync(BENCHMARKS).find((name) => name.startsWith('NAS-Bench-201-v1_0'))!);

const cli = (...args: string[]) => runCli(args, { timeout: 120_000 });

const folder = mkdtempSync(join(tmpdir(), 'nb201-cli-search-'));
afterAll(() => rmSync(folder, { recursive: true }));

function trace(
  name: string,
  dataset: string,
  seed: number,
): { best: number; asked: number[]; paid: number; seconds: number } {
  const { runs } = JSON.parse(readFileSync(join(FIXTURES, 'searches', `${name}.json`), 'utf8'));
  return runs.find((run: { dataset: string; seed: number }) => run.dataset === dataset && run.seed === seed);
}

it('tells the algorithms and their options, as they are', () => {
  const { out } = cli('search', '--help');
  for (const [name, { options }] of Object.entries(SEARCH_ALGORITHMS)) {
    const at = out.indexOf(`\n  ${name} `);
    expect(at, name).toBeGreaterThan(0);
    const text = out.slice(at, out.indexOf('\n  ', out.indexOf('\n', at + 1)) + 160);
    for (const [option, { default: value }] of Object.entries(options)) expect(text).toContain(`${option}=${value}`);
  }
});

describe('wrong usage', () => {
  it.each([
    [['search', 'r-ea', V1_0, '--dataset', 'cifar10-valid'], 'Allowed choices are cifar10, cifar100, ImageNet16-120'],
    [['search', 'r-ea', V1_0, '--option', 'sampleSize'], 'expected name=value'],
    [['search', 'r-ea', V1_0, '--runs', '0'], 'expected a whole number above 0'],
    [['search', 'r-ea', V1_0, '--seed', '-2'], 'or -1'],
    [['search', 'r-ea', V1_0, '--buget', '9'], 'Did you mean --budget?'],
    [
      ['search', 'r-ea', V1_0, '--dataset', 'cifar100', '--table', 'paper'],
      "the paper's table is of searches on cifar10",
    ],
  ])('%j', (args, message) => {
    const { code, out, err } = cli(...args);
    expect(err).toContain(message);
    expect(out).toBe('');
    expect(code).toBe(2);
  });

  it.each([
    [['search', 'rea', V1_0], 'UNKNOWN_ALGORITHM', "did you mean 'r-ea'?"],
    [['search', 'r-ea', V1_0, '-o', 'samplesize=3'], 'UNKNOWN_OPTION', "did you mean 'sampleSize'?"],
    [['search', 'r-ea', V1_0, '-o', 'sampleSize=x'], 'BAD_OPTION', 'found "x"'],
    [['search', './absent.mjs', V1_0], 'ALGORITHM_FAILED', 'absent.mjs'],
    [['search', 'r-ea', V1_0, '--dataset', 'cifar100'], 'NO_RESULTS', "of cifar100 with hp '12'"],
    [['compare', V1_0, '--algorithms', 'r-ea,hyperbnad'], 'UNKNOWN_ALGORITHM', "did you mean 'hyperband'?"],
  ])('%j fails with one line', (args, code, message) => {
    const failed = cli(...args, '--json');
    expect(failed.code).toBe(1);
    expect(failed.err).toMatch(/^error: .*\n$/);
    expect(failed.err).toContain(message);
    expect(JSON.parse(failed.out).error.code).toBe(code);
  });
});

const file = searchFile();
if (!file) console.warn(`SKIPPED, because there is no ${TOOL} to make a file with: searches on the command line`);

describe.skipIf(!file)(`on a file of all architectures${file ? '' : ` (needs ${TOOL})`}`, () => {
  it('shows the best so far over simulated time, and what was found', () => {
    const { code, out, err } = cli('search', 'r-ea', file!, '--seed', '7');
    expect(err).toBe('');
    expect(code).toBe(0);
    const { best, paid } = trace('r-ea', 'cifar10', 7);
    expect(out).toContain('R-EA, on cifar10, seed 7, populationSize 10, sampleSize 3');
    expect(out).toMatch(/^ +\d\d\.\d\d │.*█$/m);
    expect(out).toMatch(new RegExp(`^${best}  \\|`, 'm'));
    expect(out).toMatch(/^test accuracy {2}\d\d\.\d\d %/m);
    expect(out).toMatch(/^rank +[\d,]+ of 15,625$/m);
    expect(out).toMatch(/^regret +\d\.\d\d points below 94\.37 % of 6111$/m);
    expect(out).toContain(`${paid} evaluations`);
  });

  it('writes every step of every run as JSON, CSV and Parquet, those of the reference', async () => {
    const [csv, parquet] = ['csv', 'parquet'].map((name) => join(folder, `steps.${name}`)) as [string, string];
    const { code, out } = cli(
      'search',
      'random',
      file!,
      '--dataset',
      'cifar100',
      '--runs',
      '3',
      '--json',
      '--csv',
      csv,
      '--parquet',
      parquet,
    );
    expect(code).toBe(0);
    const { runs, summary } = JSON.parse(out);
    expect(runs.map((run: { seed: number }) => run.seed)).toEqual([0, 1, 2]);
    const rows = readFileSync(csv, 'utf8').trimEnd().split('\n');
    expect(rows[0]).toContain('algorithm,dataset,hp,seed,step,index,architecture');
    for (const { seed, found, steps, seconds } of runs) {
      const reference = trace('random', 'cifar100', seed);
      expect(steps.index).toEqual(reference.asked.slice(0, reference.paid));
      expect([found.index, seconds]).toEqual([reference.best, reference.seconds]);
      const own = rows.filter((row) => row.startsWith(`random,cifar100,12,${seed},`));
      expect(own.map((row) => Number(row.split(',')[5]))).toEqual(steps.index);
    }
    expect(rows).toHaveLength(
      1 + runs.reduce((n: number, run: { steps: { index: number[] } }) => n + run.steps.index.length, 0),
    );
    // DuckDB finds the same steps in both.
    const duck = await (await DuckDBInstance.create()).connect();
    const fromCsv = `SELECT * FROM read_csv('${csv}', types = {'hp': 'VARCHAR'})`;
    const difference = (a: string, b: string) =>
      duck.runAndReadAll(`SELECT count(*) FROM (${a} EXCEPT ALL ${b})`).then((reader) => reader.getRows());
    expect(await difference(fromCsv, `SELECT * FROM '${parquet}'`)).toEqual([[0n]]);
    expect(await difference(`SELECT * FROM '${parquet}'`, fromCsv)).toEqual([[0n]]);
    expect(summary.test[0]).toBeCloseTo(
      runs.reduce((n: number, run: { found: { test: number } }) => n + run.found.test / 3, 0),
      9,
    );
  });

  it("prints mean and deviation as the paper's table does, beside the published row", () => {
    const { code, out } = cli('search', 'bohb', file!, '--runs', '8', '--table', 'paper');
    expect(code).toBe(0);
    const [titles, here, published] = out.trimEnd().split('\n');
    expect(titles).toMatch(/cifar10 valid +test +cifar100 valid +test +ImageNet16-120 valid +test$/);
    expect(here).toMatch(/^BOHB( +\d\d\.\d\d±\d\.\d\d){6}$/);
    expect(published).toMatch(/^ {2}published +90\.82±0\.53 +93\.61±0\.52 .* 44\.42±1\.49$/);
  });

  it("walks the reference's seeds, and says that they go round in circles", () => {
    const { code, out } = cli('search', 'r-ea', file!, '--runs', '500', '--seed', '-1');
    expect(code).toBe(0);
    expect(out).toMatch(/^R-EA +500 /m);
    expect(out).toMatch(/^\d+ different seeds/m);
  });

  it('writes the steps of an algorithm that has no answer yet', async () => {
    const own = join(folder, 'late.mjs');
    writeFileSync(
      own,
      `export default ({ space, random }) => {
         let steps = 0;
         return { suggest: () => { steps++; return space.random(random); }, incumbent: () => (steps < 3 ? undefined : 7) };
       };`,
    );
    const [csv, parquet] = ['csv', 'parquet'].map((name) => join(folder, `late.${name}`)) as [string, string];
    expect(cli('search', own, file!, '--runs', '1', '--csv', csv, '--parquet', parquet).code).toBe(0);
    const duck = await (await DuckDBInstance.create()).connect();
    for (const table of [`read_csv('${csv}')`, `'${parquet}'`]) {
      const sql = `SELECT step::INT, incumbent::INT FROM ${table} WHERE incumbent_test_accuracy IS NULL ORDER BY step`;
      expect((await duck.runAndReadAll(sql)).getRows()).toEqual([
        [1, -1],
        [2, -1],
      ]);
    }
  });

  it('runs an algorithm of a module, and keeps the runs before it failed', () => {
    const own = join(folder, 'own.mjs');
    writeFileSync(
      own,
      `export default ({ space, random, seed }) => ({
         suggest() { if (seed === 3) throw new Error('three is enough'); return space.random(random); },
       });`,
    );
    expect(cli('search', own, file!, '--runs', '2', '--json').code).toBe(0);
    const { code, out, err } = cli('search', own, file!, '--runs', '6', '--threads', '1');
    expect(code).toBe(1);
    expect(out).toMatch(/^own +3 /m);
    expect(err).toContain('3 of 6 runs had finished');
    expect(err).toContain("the algorithm's suggest() failed: three is enough");
  });

  it('compares all that the file serves, draws it, and says what is left out', () => {
    const [svg, png] = [join(folder, 'c.svg'), join(folder, 'c.png')];
    const { code, out, err } = cli('compare', file!, '--runs', '6', '--svg', svg, '--png', png);
    expect(code).toBe(0);
    expect(err).toContain('Hyperband is left out: search.pth has no validation accuracies after 1 epoch');
    for (const title of ['R-EA', 'RS', 'REINFORCE', 'BOHB', 'local search']) {
      expect(out).toMatch(new RegExp(`^${title} +6 `, 'm'));
    }
    const drawing = readFileSync(svg, 'utf8');
    for (const text of ['R-EA', 'local search', 'Searches on cifar10', 'median and quartiles of 6 runs', '10,000']) {
      expect(drawing).toContain(`>${text}<`);
    }
    expect(drawing).not.toMatch(/NaN|Infinity/);
    expect(readFileSync(png).subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('keeps the finished runs when it is interrupted', async () => {
    const [csv, marker, own] = ['interrupted.csv', 'marker', 'marking.mjs'].map((name) => join(folder, name));
    writeFileSync(
      own!,
      `import { writeFileSync } from 'node:fs';
       export default ({ space, random, seed }) => {
         for (const end = Date.now() + 20; Date.now() < end; );
         if (seed === 5) writeFileSync(${JSON.stringify(marker)}, '');
         return { suggest: () => space.random(random) };
       };`,
    );
    const child = spawn(process.execPath, [MAIN, 'search', own!, file!, '--runs', '100000', '--csv', csv!]);
    let [out, err] = ['', ''];
    child.stdout.on('data', (text) => {
      out += text;
    });
    child.stderr.on('data', (text) => {
      err += text;
    });
    await vi.waitUntil(() => existsSync(marker!), { timeout: 60_000 });
    child.kill('SIGINT');
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(err).toMatch(/of 100,000 runs had finished/);
    expect(code).toBe(130);
    expect(out).toMatch(/^marking +[\d,]+ /m);
    expect(readFileSync(csv!, 'utf8')).toContain(',cifar10,12,0,1,');
  });
});
