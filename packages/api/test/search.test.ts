// Searching: the runner, the algorithms that the reference does not have, anybody's own, and how it fails.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
// The built package: its worker threads are files that Node loads.
import * as built from 'nas-bench-201';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type Evaluation,
  independentSeeds,
  loadSearch,
  NASBench201API,
  prepareSearch,
  repeatSearch,
  runSearch,
  SEARCH_ALGORITHMS,
  SearchError,
  type SearchErrorCode,
  type SearchMethod,
  type SearchName,
  type SearchRun,
  SearchTable,
} from '../src/index.js';
import { rungEpochs } from '../src/search/hyperband.js';
import { nearest } from '../src/search/nearest.js';
import { BENCHMARKS } from './support/ask.js';
import { madeUpTable } from './support/search-table.js';

const folder = mkdtempSync(join(tmpdir(), 'nb201-search-'));
afterAll(() => rmSync(folder, { recursive: true }));

const named = (start: string) => join(BENCHMARKS, readdirSync(BENCHMARKS).find((name) => name.startsWith(start))!);
const table = madeUpTable([1, 4, 12]);
const NAMES = Object.keys(SEARCH_ALGORITHMS) as SearchName[];

function failure(work: () => unknown): SearchError {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(SearchError);
    return error as SearchError;
  }
  throw new Error('expected a failure');
}

/** Runs an algorithm and keeps what it was told. */
function watched(method: SearchMethod, seed = 0, budget?: number): { run: SearchRun; told: Evaluation[] } {
  const told: Evaluation[] = [];
  const run = runSearch(
    table,
    (context) => {
      const search = method(context);
      return {
        ...search,
        observe(evaluation) {
          told.push(evaluation);
          search.observe?.(evaluation);
        },
      };
    },
    { seed, budget },
  );
  return { run, told };
}

describe('a run', () => {
  it.each(NAMES)('%s: keeps to the budget, says what each step cost, and answers what it saw', (name) => {
    const { run } = watched(prepareSearch(name).method, 3, 5000);
    expect(run.seconds).toBeLessThanOrEqual(5000);
    expect(run.seconds).toBeGreaterThan(5000 - 121 - 1);
    expect(run.clock.at(-1)).toBe(run.seconds);
    expect([...run.clock]).toEqual([...run.clock].sort((a, b) => a - b));
    expect(run.indexes).toContain(run.found);
    expect(run.incumbents.at(-1)).toBe(run.found);
    const again = runSearch(table, prepareSearch(name).method, { seed: 3, budget: 5000 });
    expect(again).toEqual(run);
    expect(runSearch(table, prepareSearch(name).method, { seed: 4, budget: 5000 }).indexes).not.toEqual(run.indexes);
  });

  it('is published with 12,000 seconds', () => {
    expect(runSearch(table, prepareSearch('random').method, { seed: 0 }).budget).toBe(12_000);
  });

  it('charges the real seconds of the algorithm where it is asked to', () => {
    const slow: SearchMethod = ({ space, random }) => ({
      suggest() {
        const end = performance.now() + 30;
        while (performance.now() < end);
        return space.random(random);
      },
    });
    const simulated = runSearch(table, slow, { seed: 0, budget: 500 });
    expect(simulated.seconds).toBe(4 * 121);
    const real = runSearch(table, slow, { seed: 0, budget: 500, chargeRealTime: true });
    expect(real.seconds).toBeGreaterThan(4 * 121 + 4 * 0.03);
  });

  it('draws one of several trials for each evaluation', () => {
    const { told } = watched(prepareSearch('random').method);
    expect(new Set(told.map((evaluation) => evaluation.trial))).toEqual(new Set([0, 1]));
  });
});

describe('local search', () => {
  it.each(['best', 'first'] as const)(
    'step %s: evaluates nothing twice, and ends each climb where no neighbour is better',
    (step) => {
      const method = prepareSearch('local-search', { step }).method;
      const { run, told } = watched(method, 1, 60_000);
      expect(new Set(run.indexes).size).toBe(run.indexes.length);
      const seen = new Map(told.map(({ index, accuracy }) => [index, accuracy]));
      const best = Math.max(...seen.values());
      const summit = told.find(({ accuracy }) => accuracy === best)!;
      for (const neighbour of table.space.neighbours(summit.index)) {
        expect(seen.get(neighbour)).toBeLessThanOrEqual(best);
      }
    },
  );

  it('evaluates all neighbours before it goes to the best, and goes to the first better one where it is told to', () => {
    const steps = (step: 'best' | 'first') => watched(prepareSearch('local-search', { step }).method, 5, 121 * 30).told;
    const isNeighbour = (a: Evaluation, b: Evaluation) => table.space.neighbours(a.index).includes(b.index);
    const byBest = steps('best');
    expect(byBest.slice(1, 25).every((evaluation) => isNeighbour(byBest[0]!, evaluation))).toBe(true);
    const second = byBest.slice(1, 25).reduce((a, b) => (b.accuracy > a.accuracy ? b : a));
    expect(byBest.slice(25).every((evaluation) => isNeighbour(second, evaluation))).toBe(true);
    const byFirst = steps('first');
    const better = byFirst.findIndex(({ accuracy }) => accuracy > byFirst[0]!.accuracy);
    expect(isNeighbour(byFirst[better]!, byFirst[better + 1]!)).toBe(true);
  });

  it('ends when it has seen the whole space', () => {
    const { run } = watched(prepareSearch('local-search').method, 0, 1e9);
    expect(run.indexes).toHaveLength(15_625);
  });
});

describe('successive halving and Hyperband', () => {
  it('have rungs of eta times fewer epochs', () => {
    expect(rungEpochs({ eta: 3, minEpochs: 1, maxEpochs: 12 })).toEqual([1, 4, 12]);
    expect(rungEpochs({ eta: 3, minEpochs: 2, maxEpochs: 200 })).toEqual([2, 7, 22, 66, 200]);
    expect(rungEpochs({ eta: 3, minEpochs: 1, maxEpochs: 81 })).toEqual([1, 3, 9, 27, 81]);
  });

  it('run the brackets of the papers', () => {
    const shape = (name: SearchName, runs: number) =>
      watched(prepareSearch(name).method)
        .told.slice(0, runs)
        .map(({ epochs }) => epochs);
    const bracket = [...Array(9).fill(1), ...Array(3).fill(4), 12];
    expect(shape('successive-halving', 26)).toEqual([...bracket, ...bracket]);
    // Li et al.: ceil(3/3 · 9), ceil(3/2 · 3), ceil(3/1 · 1).
    expect(shape('hyperband', 13 + 6 + 3)).toEqual([...bracket, ...Array(5).fill(4), 12, 12, 12, 12]);
  });

  it('let the best go on with the trial that they began, and pay for the epochs since', () => {
    const { told } = watched(prepareSearch('successive-halving').method);
    const first = told.slice(0, 9).sort((a, b) => b.accuracy - a.accuracy);
    const second = told.slice(9, 12);
    expect(new Set(second.map(({ index }) => index))).toEqual(new Set(first.slice(0, 3).map(({ index }) => index)));
    for (const { index, trial, cost } of second) {
      expect(first.find((evaluation) => evaluation.index === index)!.trial).toBe(trial);
      expect(cost).toBe(10 * 3 + 1);
    }
    expect(told[12]!.cost).toBe(10 * 8 + 1);
  });

  it('answer the best of those trained longest', () => {
    const { run, told } = watched(prepareSearch('hyperband').method, 2);
    const longest = told.filter(({ epochs }) => epochs === 12);
    expect(longest.find(({ index }) => index === run.found)!.accuracy).toBe(
      Math.max(...longest.map((e) => e.accuracy)),
    );
  });
});

describe('several runs', () => {
  const seeds = independentSeeds(10, 12);

  it('are the same on worker threads', async () => {
    const here = await repeatSearch(table, { name: 'r-ea' }, { seeds, threads: 0 });
    const told: number[] = [];
    const source = { name: 'r-ea', options: { sampleSize: 3 } };
    const inThreads = await built.repeatSearch(new built.SearchTable(table.parts), source, {
      seeds,
      threads: 2,
      onRun: (run) => told.push(run.seed),
    });
    expect(inThreads).toEqual(here);
    expect(told.sort((a, b) => a - b)).toEqual(seeds);
  });

  it("walk the reference's seeds", async () => {
    const runs = await repeatSearch(table, { name: 'random' }, { seeds: { walkFrom: 5, runs: 4 } });
    expect(runs.map((run) => run.seed)).toEqual([5, ...runs.slice(0, 3).map((run) => run.nextSeed)]);
  });

  it('keep what has finished when one fails, and tell why', async () => {
    const source = join(folder, 'fails-at-12.mjs');
    writeFileSync(
      source,
      'export default ({ space, random, seed }) => ({ suggest() { if (seed === 12) throw new Error("no more"); return space.random(random); } });',
    );
    const module = pathToFileURL(source).href;
    for (const run of [
      () => repeatSearch(table, { module }, { seeds, threads: 0 }),
      () => built.repeatSearch(new built.SearchTable(table.parts), { module }, { seeds, threads: 1 }),
    ]) {
      const error = await run().catch((e: SearchError) => e);
      expect(error).toMatchObject({ code: 'ALGORITHM_FAILED', message: "the algorithm's suggest() failed: no more" });
      expect((error as SearchError).finished.map((r) => r.seed)).toEqual([10, 11]);
    }
  });

  it('stop when they are aborted, in threads as well', async () => {
    for (const threads of [0, 2]) {
      const controller = new AbortController();
      const finished: SearchRun[] = [];
      const running = built.repeatSearch(
        new built.SearchTable(table.parts),
        { name: 'random' },
        {
          seeds: independentSeeds(0, 5000),
          threads,
          signal: controller.signal,
          onRun(run) {
            finished.push(run);
            if (finished.length === 3) controller.abort(new Error('enough'));
          },
        },
      );
      await expect(running).rejects.toThrow('enough');
      expect(finished.length).toBeGreaterThanOrEqual(3);
      expect(finished.length).toBeLessThan(5000);
    }
  });
});

describe("anybody's own algorithm", () => {
  it('is what the README shows', async () => {
    const readme = readFileSync(fileURLToPath(new URL('../../../README.md', import.meta.url)), 'utf8');
    const [, code] = /```js\n(\/\/ annealing\.mjs[\s\S]*?)```/.exec(readme)!;
    const file = join(folder, 'annealing.mjs');
    writeFileSync(file, code!);
    const method = await loadSearch({ module: pathToFileURL(file).href });
    const mean = (search: SearchMethod) =>
      Array.from({ length: 20 }, (_, seed) => runSearch(table, search, { seed }))
        .map((run) => Math.max(...run.accuracies))
        .reduce((a, b) => a + b / 20, 0);
    expect(mean(method)).toBeGreaterThan(mean(prepareSearch('random').method));
  });

  it('may name architectures by their strings', () => {
    const text = table.space.architectures[284]!;
    expect(runSearch(table, () => ({ suggest: () => text }), { seed: 0, budget: 300 }).found).toBe(284);
  });

  it.each<[string, SearchMethod, SearchErrorCode, string]>([
    [
      'suggests an index that there is not',
      () => ({ suggest: () => 15_625 }),
      'NOT_IN_SPACE',
      'an index from 0 to 15624',
    ],
    ['suggests half an index', () => ({ suggest: () => 0.5 }), 'NOT_IN_SPACE', 'found 0.5'],
    ['suggests a string of another space', () => ({ suggest: () => '|conv~0|' }), 'NOT_IN_SPACE', 'found "|conv~0|"'],
    [
      'asks for epochs that were not read',
      () => ({ suggest: () => ({ architecture: 1, epochs: 5 }) }),
      'NO_RESULTS',
      '1, 4, 12, found 5',
    ],
    ['suggests nothing', () => ({ suggest: () => undefined }), 'ALGORITHM_FAILED', 'ended without an architecture'],
    [
      'goes on after the budget has ended',
      () => ({ suggest: () => 1, overBudget: 'refuse' }),
      'ALGORITHM_FAILED',
      'does not end',
    ],
    ['cannot begin', () => Promise.reject as never, 'ALGORITHM_FAILED', 'suggest() failed'],
    [
      'throws in observe',
      () => ({
        suggest: () => 1,
        observe() {
          throw new Error('mine');
        },
      }),
      'ALGORITHM_FAILED',
      'observe() failed: mine',
    ],
  ])('fails where it %s', (_, method, code, message) => {
    const error = failure(() => runSearch(table, method, { seed: 0 }));
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  it('fails where its module is none', async () => {
    const empty = join(folder, 'empty.mjs');
    writeFileSync(empty, 'export const search = 1;');
    await expect(loadSearch({ module: pathToFileURL(empty).href })).rejects.toMatchObject({
      code: 'ALGORITHM_FAILED',
      message: expect.stringContaining('expected its default export to be a function'),
    });
    await expect(loadSearch({ module: pathToFileURL(join(folder, 'absent.mjs')).href })).rejects.toMatchObject({
      code: 'ALGORITHM_FAILED',
    });
  });
});

describe('what cannot be searched', () => {
  it.each<[string, Record<string, unknown>, SearchErrorCode, string]>([
    ['rea', {}, 'UNKNOWN_ALGORITHM', "did you mean 'r-ea'?"],
    ['simulated-annealing', {}, 'UNKNOWN_ALGORITHM', 'there are'],
    ['r-ea', { samplesize: 3 }, 'UNKNOWN_OPTION', "did you mean 'sampleSize'?"],
    ['random', { speed: 3 }, 'UNKNOWN_OPTION', 'there are none'],
    ['r-ea', { sampleSize: 0 }, 'BAD_OPTION', 'a whole number from 1 as sampleSize, found 0'],
    ['r-ea', { sampleSize: 2.5 }, 'BAD_OPTION', 'found 2.5'],
    ['reinforce', { emaMomentum: 2 }, 'BAD_OPTION', 'a number from 0 to 1'],
    ['local-search', { step: 'worst' }, 'BAD_OPTION', "one of 'best', 'first'"],
  ])('%s with %j', (name, options, code, message) => {
    const error = failure(() => prepareSearch(name, options));
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  it('a budget too small for one evaluation', () => {
    const random = prepareSearch('random').method;
    expect(failure(() => runSearch(madeUpTable(), random, { seed: 0, budget: 120 }))).toMatchObject({
      code: 'BUDGET_TOO_SMALL',
      message: "the budget of 120 s pays for no evaluation: the cheapest evaluation on 'cifar10' takes 121.0 s",
    });
    expect(runSearch(madeUpTable(), random, { seed: 0, budget: 121 }).indexes).toHaveLength(1);
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('a budget of %d seconds', (budget) => {
    expect(failure(() => runSearch(table, prepareSearch('random').method, { seed: 0, budget })).code).toBe(
      'BAD_OPTION',
    );
  });

  it.each([-1, 0.5, 2 ** 32])('a seed of %d', (seed) => {
    expect(failure(() => runSearch(table, prepareSearch('random').method, { seed })).code).toBe('BAD_OPTION');
  });

  it('a file without the 12-epoch results of a data set, or without epochs or times: it says which it has', async () => {
    const v1_0 = await NASBench201API.open(named('NAS-Bench-201-v1_0'), { onWarning: () => {} });
    await expect(SearchTable.read(v1_0, 'cifar100')).rejects.toMatchObject({
      code: 'NO_RESULTS',
      message: expect.stringMatching(/no .* of cifar100 with hp '12'.*FILEv1\.1/),
    });
    for (const epochs of [0, 13, 1.5]) {
      await expect(SearchTable.read(v1_0, 'cifar10', { epochs: [epochs] })).rejects.toMatchObject({
        code: 'BAD_OPTION',
      });
    }
    await expect(SearchTable.read(v1_0, 'cifar10', { hp: '200' })).rejects.toMatchObject({ code: 'NO_RESULTS' });
    v1_0.close();
    const size = await NASBench201API.open(join(BENCHMARKS, 'NATS-sss-v1_0-small-simple'), { onWarning: () => {} });
    await expect(SearchTable.read(size, 'cifar10')).rejects.toThrow('size space');
    size.close();
  });

  it('an architecture that the file has no results of', async () => {
    const api = await NASBench201API.open(named('NAS-Bench-201-v1_1'), { onWarning: () => {} });
    const few = await SearchTable.read(api, 'cifar10');
    expect(failure(() => runSearch(few, () => ({ suggest: () => 1 }), { seed: 0 }))).toMatchObject({
      code: 'NOT_IN_SPACE',
      message: "architecture 1 was suggested, and the file has no results of it on 'cifar10' with hp '12'",
    });
    expect(failure(() => runSearch(few, prepareSearch('r-ea').method, { seed: 0 })).code).toBe('NOT_IN_SPACE');
    api.close();
  });
});

it('refuses evaluations that take no time, on which no budget would ever end', () => {
  const { parts } = madeUpTable();
  const free = { ...parts.levels[0]!, cost: new Float64Array(parts.levels[0]!.cost.length) };
  const random = prepareSearch('random').method;
  expect(failure(() => runSearch(new SearchTable({ ...parts, levels: [free] }), random, { seed: 0 }))).toMatchObject({
    code: 'NO_RESULTS',
    message: expect.stringContaining('takes 0 s'),
  });
});

describe('a table of earlier epochs', () => {
  it('answers what the API answers, from a file and from a folder', async () => {
    for (const [path, dataset] of [
      [named('NAS-Bench-201-v1_1'), 'cifar10'],
      [join(BENCHMARKS, 'NATS-tss-v1_0-small-simple'), 'cifar10'],
    ] as const) {
      const api = await NASBench201API.open(path, { onWarning: () => {} });
      const read = await SearchTable.read(api, dataset, { hp: '12', epochs: [1, 4, 12] });
      let compared = 0;
      for (const index of api.evaluatedIndexes) {
        for (const epochs of [1, 4, 12]) {
          api.seed(index);
          const info: Record<string, number | null> = api.getMoreInfo(index, 'cifar10-valid', {
            hp: '12',
            iepoch: epochs - 1,
          });
          api.seed(index);
          if (info['valid-accuracy'] === undefined) continue;
          const seen = read.evaluate({ architecture: index, epochs }, api.randomGenerator);
          expect(seen.accuracy).toBe(info['valid-accuracy']);
          expect(seen.cost).toBeCloseTo(info['train-all-time']! + info['valid-per-time']!, 9);
          compared++;
        }
      }
      expect(compared, path).toBeGreaterThan(5);
      api.close();
    }
  });
});

describe('the near name', () => {
  it.each([
    ['rea', 'r-ea'],
    ['R-EA', 'r-ea'],
    ['hyperbnad', 'hyperband'],
    ['localsearch', 'local-search'],
    ['xyz', undefined],
  ])('of %s is %s', (name, near) => {
    expect(nearest(name, NAMES)).toBe(near);
  });
});
