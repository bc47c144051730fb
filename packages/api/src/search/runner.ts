import { PythonRandom } from '../random/python-random.js';
import type { Evaluation, SearchAlgorithm, SearchMethod, Suggestion } from './algorithm.js';
import { SearchError } from './errors.js';
import type { SearchTable } from './table.js';

/** Simulated seconds that the reference's scripts search for, whatever the data set. */
export const PUBLISHED_BUDGET = 12_000;

export interface RunOptions {
  /** Seeds the random choices, as the reference's `--rand_seed` does. A whole number from 0 to 2^32 - 1. */
  seed: number;
  /** Simulated seconds. Default: 12,000, as published. */
  budget?: number | undefined;
  /** Adds the real seconds that the algorithm itself takes to the simulated clock. Default: false, reproducible. */
  chargeRealTime?: boolean | undefined;
}

/** What a search did. All evaluations that count, in their order, as columns. */
export interface SearchRun {
  seed: number;
  /** Simulated seconds. */
  budget: number;
  /** Simulated seconds at the end. */
  seconds: number;
  /** The index of the architecture that the search answers. */
  found: number;
  /** The indices of what was evaluated. */
  indexes: Int32Array;
  /** What the search saw: on x-valid, in per cent. */
  accuracies: Float64Array;
  /** For how many epochs each was trained. */
  epochs: Int32Array;
  /** The simulated clock after each. */
  clock: Float64Array;
  /** What the search would have answered after each; -1 where nothing yet. */
  incumbents: Int32Array;
  /** The seed that the reference takes for the next of its 500 runs: it draws it from where this run left the generator. */
  nextSeed: number;
}

/** The evaluations of a run as they are made. */
class History {
  readonly indexes: number[] = [];
  readonly accuracies: number[] = [];
  readonly epochs: number[] = [];
  readonly clock: number[] = [];
  readonly incumbents: number[] = [];
  #best = -1;
  #highest = Number.NEGATIVE_INFINITY;

  add({ index, accuracy, epochs }: Evaluation, clock: number): void {
    this.indexes.push(index);
    this.accuracies.push(accuracy);
    this.epochs.push(epochs);
    this.clock.push(clock);
    if (accuracy > this.#highest) {
      this.#highest = accuracy;
      this.#best = index;
    }
  }

  /** The highest accuracy, of equals the earliest. */
  get best(): number {
    return this.#best;
  }
}

/** Calls into an algorithm, which may be anybody's. */
function asking<T>(what: 'suggest' | 'observe' | 'incumbent', call: () => T): T {
  try {
    return call();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new SearchError('ALGORITHM_FAILED', `the algorithm's ${what}() failed: ${message}`, { cause: error });
  }
}

function checked(options: RunOptions): { seed: number; budget: number } {
  const { seed, budget = PUBLISHED_BUDGET } = options;
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
    throw new SearchError('BAD_OPTION', `expected a whole number from 0 to 2^32 - 1 as the seed, found ${seed}`);
  }
  if (!(budget > 0)) throw new SearchError('BAD_OPTION', `expected a budget of more than 0 seconds, found ${budget}`);
  return { seed, budget };
}

function tooSmall(budget: number, why: string): SearchError {
  return new SearchError('BUDGET_TOO_SMALL', `the budget of ${budget} s pays for no evaluation: ${why}`);
}

/**
 * Runs a search to the end of its budget: asks the algorithm, draws a trial, charges the simulated clock, tells the
 * algorithm. The reference's order of random draws is kept: an algorithm's own, then one for the trial.
 * @throws SearchError
 */
export function runSearch(table: SearchTable, method: SearchMethod, options: RunOptions): SearchRun {
  const { seed, budget } = checked(options);
  if (budget < table.cheapest) {
    throw tooSmall(budget, `the cheapest evaluation on '${table.dataset}' takes ${table.cheapest.toFixed(1)} s`);
  }
  const random = new PythonRandom(seed);
  const algorithm: SearchAlgorithm = asking('suggest', () => method({ space: table.space, random, seed }));
  const { overBudget = 'drop', unconditional = 0 } = algorithm;
  const history = new History();
  let clock = 0;
  let ended = false;

  const timed = <T>(what: 'suggest' | 'observe', call: () => T): T => {
    if (!options.chargeRealTime) return asking(what, call);
    const began = performance.now();
    const answer = asking(what, call);
    clock += (performance.now() - began) / 1000;
    return answer;
  };
  const observe = (evaluation: Evaluation) => timed('observe', () => algorithm.observe?.(evaluation));

  let asked = 0;
  for (; ; asked++) {
    const must = asked < unconditional;
    if (overBudget !== 'refuse' && !must && clock >= budget) break;
    const suggested = timed('suggest', () => algorithm.suggest());
    if (suggested === undefined) break;
    const suggestion: Suggestion = typeof suggested === 'object' ? suggested : { architecture: suggested };
    const evaluation = table.evaluate(suggestion, random);
    const after = clock + evaluation.cost;
    if (must || (!ended && (overBudget === 'keep' ? after < budget : after <= budget))) {
      clock = after;
      history.add(evaluation, clock);
      observe(evaluation);
    } else if (overBudget === 'refuse') {
      ended = true;
      observe({ ...evaluation, accuracy: 0, cost: 0, paid: false });
      continue;
    } else {
      if (overBudget === 'keep') history.add({ ...evaluation, paid: false }, clock);
      else break;
      ended = true;
    }
    history.incumbents.push(
      algorithm.incumbent ? (asking('incumbent', () => algorithm.incumbent!()) ?? -1) : history.best,
    );
    if (ended) break;
  }

  const found = algorithm.incumbent ? asking('incumbent', () => algorithm.incumbent!()) : history.best;
  if (found === undefined || found < 0) {
    if (asked > 0 && history.indexes.length === 0) throw tooSmall(budget, 'the first evaluation takes more');
    throw new SearchError('ALGORITHM_FAILED', 'the algorithm ended without an architecture');
  }
  return {
    seed,
    budget,
    seconds: clock,
    found,
    indexes: Int32Array.from(history.indexes),
    accuracies: Float64Array.from(history.accuracies),
    epochs: Int32Array.from(history.epochs),
    clock: Float64Array.from(history.clock),
    incumbents: Int32Array.from(history.incumbents),
    nextSeed: random.randint(1, 100_000),
  };
}
