import { NumpyRandom } from '../random/numpy-random.js';
import { EDGES } from '../space/cell.js';
import { OPERATIONS } from '../space/operations.js';
import type { SearchMethod } from './algorithm.js';
import { Bracket, type BracketRun } from './bracket.js';
import { CategoricalDensity } from './density.js';

export interface BohbOptions {
  iterations: number;
  samples: number;
  randomFraction: number;
  minBandwidth: number;
  eta: number;
  minBudget: number;
  maxBudget: number;
}

type Configuration = ArrayLike<number>;

const EDGE_COUNT = EDGES.length;
const OPERATION_COUNT = OPERATIONS.length;
/** The fewest results that a density is fitted to: one more than there are edges. */
const MIN_POINTS = EDGE_COUNT + 1;
const GOOD_PERCENT = 15;
const FLOOR = 1e-32;

/** Python's `max`: the first, unless the second is larger. A density may be no number, which is not larger than any. */
function pythonMax(first: number, second: number): number {
  if (second > first) return second;
  return first;
}

/** What is known of one rung: its results, and the densities of the good and the bad ones. */
interface Rung {
  results: { configuration: Configuration; loss: number }[];
  model: { good: CategoricalDensity; bad: CategoricalDensity } | undefined;
}

/** hpbandster's sampler: where good configurations are dense and bad ones are not. */
class Sampler {
  readonly #numpy: NumpyRandom;
  /** ConfigSpace's own generator, which the reference leaves unseeded. */
  readonly #space: NumpyRandom;
  readonly #rungs: Rung[];

  constructor(
    seed: number,
    rungs: number,
    readonly options: BohbOptions,
  ) {
    this.#numpy = new NumpyRandom(seed);
    this.#space = new NumpyRandom(seed);
    this.#rungs = Array.from({ length: rungs }, () => ({ results: [], model: undefined }));
  }

  sample(): Configuration {
    const { samples, randomFraction } = this.options;
    const model = this.#rungs.findLast((rung) => rung.model)?.model;
    if (!model || this.#numpy.rand() < randomFraction) return this.#atRandom();
    let best: Configuration | undefined;
    let lowest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < samples; i++) {
      const candidate = this.#near(model.good);
      const good = model.good.at(candidate);
      const bad = model.bad.at(candidate);
      const score = pythonMax(FLOOR, bad) / pythonMax(good, FLOOR);
      if (!Number.isFinite(score) && Number.isFinite(good)) return candidate;
      if (score < lowest) {
        lowest = score;
        best = candidate;
      }
    }
    if (best) return best;
    // hpbandster draws one in vain, which it cannot convert, and then another.
    this.#atRandom();
    return this.#atRandom();
  }

  #atRandom(): Configuration {
    const uniform = new Array<number>(OPERATION_COUNT).fill(1 / OPERATION_COUNT);
    return Array.from({ length: EDGE_COUNT }, () => this.#space.choice(uniform));
  }

  #near({ rows, bandwidths }: CategoricalDensity): Configuration {
    const row = rows[this.#numpy.randint(rows.length)]!;
    return bandwidths.map((bandwidth, edge) =>
      this.#numpy.rand() < 1 - bandwidth ? row[edge]! : this.#numpy.randint(OPERATION_COUNT),
    );
  }

  observe(rung: number, configuration: Configuration, loss: number): void {
    if (this.#rungs.some(({ model }, other) => model && other > rung)) return;
    const known = this.#rungs[rung]!;
    known.results.push({ configuration, loss });
    const n = known.results.length;
    if (n < MIN_POINTS) return;
    const sorted = known.results.toSorted((a, b) => a.loss - b.loss).map((result) => result.configuration);
    const goodCount = Math.max(MIN_POINTS, Math.floor((GOOD_PERCENT * n) / 100));
    const badCount = Math.max(MIN_POINTS, Math.floor(((100 - GOOD_PERCENT) * n) / 100));
    const good = sorted.slice(0, goodCount);
    const bad = sorted.slice(goodCount, goodCount + badCount);
    if (good.length < MIN_POINTS || bad.length < MIN_POINTS) return;
    const fit = (rows: Configuration[]) => new CategoricalDensity(rows, this.options.minBandwidth);
    known.model = { good: fit(good), bad: fit(bad) };
  }
}

/** How many run on each rung of iteration i (hpbandster's `get_next_iteration`). */
function countsOf(iteration: number, rungs: number, eta: number): number[] {
  const s = rungs - 1 - (iteration % rungs);
  const first = Math.floor(Math.floor(rungs / (s + 1)) * eta ** s);
  return Array.from({ length: s + 1 }, (_, i) => Math.max(Math.trunc(first * eta ** -i), 1));
}

/**
 * BOHB (Falkner et al., ICML 2018), the reference's BOHB.py with hpbandster: brackets of successive halving whose
 * configurations come from densities of good and bad results. As there, a rung changes nothing of what the benchmark is
 * asked; the answer is the lowest loss on the last rung, and what the budget does not pay for counts as a loss of 100.
 * With `hp` 12 it is the search of the published row, with 200 that of today's script.
 */
export function bohb(options: BohbOptions): SearchMethod {
  const { eta, minBudget, maxBudget, iterations } = options;
  const rungs = Math.floor(Math.log(maxBudget / minBudget) / Math.log(eta)) + 1;
  return ({ space, seed }) => {
    const sampler = new Sampler(seed, rungs, options);
    let iteration = -1;
    let bracket: Bracket<Configuration, { loss: number }> | undefined;
    let run: BracketRun<Configuration> | undefined;
    /** The best of each rung; of equals the earliest. */
    const best = new Array<{ index: number; loss: number } | undefined>(rungs);
    return {
      overBudget: 'refuse',
      suggest() {
        run = bracket?.next();
        while (!run) {
          if (++iteration === iterations) return undefined;
          bracket = new Bracket(countsOf(iteration, rungs, eta), () => sampler.sample());
          run = bracket.next();
        }
        return space.indexOf(run.candidate);
      },
      observe({ index, accuracy, paid }) {
        const loss = paid ? 100 - accuracy : 100;
        bracket!.report(run!, { loss });
        const rung = rungs - bracket!.counts.length + run!.rung;
        sampler.observe(rung, run!.candidate, loss);
        if (!best[rung] || loss < best[rung].loss) best[rung] = { index, loss };
      },
      incumbent: () => best.findLast((entry) => entry)?.index,
    };
  };
}
