// What the reference's own search scripts did on a file of all architectures (test-fixtures/searches), against ours.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { searchFile, TOOL } from '../../../test-fixtures/searches/search-file.mjs';
import {
  type HpName,
  NASBench201API,
  PAPER_DATASETS,
  type PaperDataset,
  PythonRandom,
  prepareSearch,
  runSearch,
  type SearchMethod,
  SearchTable,
  Truth,
} from '../src/index.js';
import { type ReinforceSearch, reinforceSearch } from '../src/search/reinforce.js';
import { searchedDataset } from '../src/search/table.js';
import { FIXTURES } from './support/ask.js';

interface Trace {
  dataset: PaperDataset;
  seed: number;
  hp?: HpName;
  paid: number;
  seconds: number;
  best: number;
  next_seed?: number;
  asked: number[];
  accuracies: number[];
  learning_rate: number;
  losses: number[];
  parameters: number[];
}

interface Distribution {
  hp: HpName;
  seeds: number;
  found: number[];
  paid: number[];
}

function runsOf<T>(name: string): T[] {
  return JSON.parse(readFileSync(join(FIXTURES, 'searches', `${name}.json`), 'utf8')).runs;
}

/** The largest distance between two empirical distributions (Kolmogorov and Smirnov). */
function ksDistance(a: readonly number[], b: readonly number[]): number {
  const below = (values: readonly number[], x: number) => values.filter((value) => value <= x).length / values.length;
  return Math.max(...[...a, ...b].map((x) => Math.abs(below(a, x) - below(b, x))));
}

/** What it exceeds in one of a hundred comparisons of equal distributions. */
function ksLimit(n: number, m: number): number {
  return 1.628 * Math.sqrt((n + m) / (n * m));
}

const file = searchFile();
if (!file) console.warn(`SKIPPED, because there is no ${TOOL} to make a file with: the searches against the reference`);

describe.skipIf(!file)(`searches on a file of all architectures${file ? '' : ` (needs ${TOOL})`}`, () => {
  let api: NASBench201API;
  const tables = new Map<string, SearchTable>();
  const table = (dataset: PaperDataset, hp: HpName = '12') => tables.get(dataset + hp)!;
  beforeAll(async () => {
    api = await NASBench201API.open(file!, { onWarning: () => {} });
    for (const hp of ['12', '200'] as const) {
      for (const dataset of PAPER_DATASETS) tables.set(dataset + hp, await SearchTable.read(api, dataset, { hp }));
    }
    return () => api.close();
  }, 120_000);

  /** Ours as the trace tells the reference's; `paid`: of what was asked, what the budget paid for. */
  const ours = (trace: Trace, method: SearchMethod) => {
    const run = runSearch(table(trace.dataset, trace.hp), method, { seed: trace.seed });
    return {
      best: run.found,
      seconds: run.seconds,
      next_seed: run.nextSeed,
      asked: [...run.indexes],
      accuracies: [...run.accuracies],
    };
  };

  it.each(['r-ea', 'random'] as const)(
    '%s: the architectures, accuracies, seconds and answer of the reference for 10 seeds on 3 data sets',
    (name) => {
      const traces = runsOf<Trace>(name);
      expect(traces).toHaveLength(30);
      for (const trace of traces) {
        const { best, seconds, next_seed, paid } = trace;
        const [asked, accuracies] = [trace.asked.slice(0, paid), trace.accuracies.slice(0, paid)];
        expect(ours(trace, prepareSearch(name).method), `${trace.dataset}, seed ${trace.seed}`).toEqual({
          best,
          seconds,
          next_seed,
          asked,
          accuracies,
        });
      }
    },
  );

  it('REINFORCE: the architectures, rewards and answer of the reference; losses and policy up to rounding', () => {
    let [furthestLoss, furthestParameter] = [0, 0];
    const traces = runsOf<Trace>('reinforce');
    expect(traces).toHaveLength(36);
    for (const trace of traces) {
      let search: ReinforceSearch | undefined;
      const losses: number[] = [];
      const method: SearchMethod = (context) => {
        search = reinforceSearch({ learningRate: trace.learning_rate, emaMomentum: 0.9 }, context);
        const { suggest, observe } = search;
        return {
          overBudget: 'keep',
          suggest,
          observe(evaluation) {
            observe!(evaluation);
            losses.push(search!.loss);
          },
        };
      };
      const { best, seconds, next_seed, asked, accuracies } = trace;
      expect(ours(trace, method), `${trace.dataset}, rate ${trace.learning_rate}, seed ${trace.seed}`).toEqual({
        best,
        seconds,
        next_seed,
        asked,
        accuracies,
      });
      expect(losses).toHaveLength(trace.losses.length);
      const furthest = (a: ArrayLike<number>, b: readonly number[]) =>
        Math.max(...b.map((x, i) => Math.abs(x - a[i]!)));
      furthestLoss = Math.max(furthestLoss, furthest(losses, trace.losses));
      furthestParameter = Math.max(furthestParameter, furthest(search!.parameters, trace.parameters));
    }
    // Measured: 6.2e-5 of losses up to some hundreds, 2e-6 of logits up to some tens.
    expect(furthestLoss).toBeLessThan(2e-4);
    expect(furthestParameter).toBeLessThan(1e-5);
  });

  it("BOHB: the reference's architectures and answer, where ConfigSpace is seeded, in both settings", () => {
    const traces = runsOf<Trace>('bohb');
    expect(traces).toHaveLength(24);
    for (const trace of traces) {
      const { best, seconds, asked, accuracies } = trace;
      const method = prepareSearch('bohb', {}, trace.hp!).method;
      expect(ours(trace, method), `${trace.dataset}, hp ${trace.hp}, seed ${trace.seed}`).toMatchObject({
        best,
        seconds,
        asked,
        accuracies,
      });
    }
  });

  it('BOHB: accuracies found and architectures paid for are distributed as the unseeded reference has them', async () => {
    const { test } = await Truth.read(api, 'cifar10');
    const runs = (name: string, hp: HpName, count: number) => {
      const { method } = prepareSearch(name, {}, hp);
      return Array.from({ length: count }, (_, i) => runSearch(table('cifar10', hp), method, { seed: 1000 + i }));
    };
    for (const reference of runsOf<Distribution>('bohb-distribution')) {
      expect(reference.found.length).toBeGreaterThanOrEqual(100);
      const mine = runs('bohb', reference.hp, 200);
      const limit = ksLimit(reference.found.length, mine.length);
      const found = (indexes: readonly number[]) => indexes.map((index) => test[index]!);
      expect(ksDistance(found(mine.map((run) => run.found)), found(reference.found))).toBeLessThan(limit);
      expect(
        ksDistance(
          mine.map((run) => run.indexes.length),
          reference.paid,
        ),
      ).toBeLessThan(limit);
      // Another algorithm is told apart.
      const others = runs('r-ea', reference.hp, 200);
      const apart = [
        ksDistance(found(others.map((run) => run.found)), found(reference.found)),
        ksDistance(
          others.map((run) => run.indexes.length),
          reference.paid,
        ),
      ];
      expect(Math.max(...apart), JSON.stringify(apart)).toBeGreaterThan(limit);
    }
  });

  it('a table answers what the API answers, from the same state of the generator', () => {
    for (const [key, asked] of tables) {
      const { dataset, hp } = asked;
      for (let k = 0; k < 150; k++) {
        const index = (k * 7919 + key.length) % api.length;
        api.seed(k);
        const info: Record<string, number | null> = api.getMoreInfo(index, searchedDataset(dataset), {
          hp,
          isRandom: true,
        });
        const random = new PythonRandom(k);
        const seen = asked.evaluate({ architecture: index }, random);
        expect([seen.accuracy, seen.cost]).toEqual([
          info['valid-accuracy'],
          info['train-all-time']! + info['valid-per-time']!,
        ]);
        expect(random.getstate()).toEqual(api.randomGenerator.getstate());
      }
    }
  });

  it("the reference's 500 runs are found again by walking its seeds", () => {
    const traces = runsOf<Trace>('r-ea').filter(({ dataset }) => dataset === 'cifar10');
    const { method } = prepareSearch('r-ea');
    let seed = traces[0]!.seed;
    const walked: number[] = [];
    for (let run = 0; run < 500; run++) {
      walked.push(seed);
      seed = runSearch(table('cifar10'), method, { seed }).nextSeed;
    }
    expect(walked[1]).toBe(traces[0]!.next_seed);
    // It goes round in circles.
    expect(new Set(walked).size).toBeLessThan(500);
  });
});
