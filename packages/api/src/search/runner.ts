import { PythonRandom } from '../random/python-random.js';
import type { Evaluation, SearchAlgorithm, SearchMethod } from './algorithm.js';
import { SearchError } from './errors.js';
import type { SearchTable } from './table.js';

/** Simulated seconds that the reference's scripts search for, whatever the data set. */
export const PUBLISHED_BUDGET = 12_000;

/** How often an algorithm may go on to suggest after its budget has ended: BOHB does so some hundred times. */
const REFUSED_AT_MOST = 100_000;

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

  /** What the search would answer now. */
  answer(index: number | undefined): void {
    this.incumbents.push(index ?? -1);
  }

  /** The highest accuracy, of equals the earliest. */
  get best(): number {
    return this.#best;
  }
}

function checked(options: RunOptions): { seed: number; budget: number } {
  const { seed, budget = PUBLISHED_BUDGET } = options;
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
    throw new SearchError('BAD_OPTION', `expected a whole number from 0 to 2^32 - 1 as the seed, found ${seed}`);
  }
  if (!(budget > 0 && budget < Number.POSITIVE_INFINITY)) {
    throw new SearchError('BAD_OPTION', `expected a budget of more than 0 seconds, found ${budget}`);
  }
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
  const history = new History();
  let clock = 0;
  let asked = 0;
  let found: number | undefined;
  /** What is being asked of the algorithm, which may be anybody's. */
  let asking: 'suggest' | 'observe' | 'incumbent' = 'suggest';
  try {
    const algorithm: SearchAlgorithm = method({ space: table.space, random, seed });
    const { overBudget = 'drop', unconditional = 0 } = algorithm;
    let ended = false;
    let refused = 0;
    let since = performance.now();
    const chargeRealTime = () => {
      if (options.chargeRealTime) clock += (performance.now() - since) / 1000;
    };
    for (; ; asked++) {
      const must = asked < unconditional;
      if (overBudget !== 'refuse' && !must && clock >= budget) break;
      asking = 'suggest';
      since = performance.now();
      const suggestion = algorithm.suggest();
      chargeRealTime();
      if (suggestion === undefined) break;
      let evaluation = table.evaluate(suggestion, random);
      const after = clock + evaluation.cost;
      const pays = must || (!ended && (overBudget === 'keep' ? after < budget : after <= budget));
      if (pays) clock = after;
      else if (overBudget === 'drop') break;
      else ended = true;
      if (ended && ++refused > REFUSED_AT_MOST) throw new Error('the search does not end with its budget');
      if (!pays && overBudget === 'refuse') evaluation = { ...evaluation, accuracy: 0, cost: 0, paid: false };
      else history.add(evaluation, clock);
      if (pays || overBudget === 'refuse') {
        asking = 'observe';
        since = performance.now();
        algorithm.observe?.(evaluation);
        chargeRealTime();
      }
      asking = 'incumbent';
      if (pays || overBudget === 'keep') history.answer(algorithm.incumbent ? algorithm.incumbent() : history.best);
      if (ended && overBudget === 'keep') break;
    }
    asking = 'incumbent';
    found = algorithm.incumbent ? algorithm.incumbent() : history.best;
  } catch (error) {
    if (error instanceof SearchError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new SearchError('ALGORITHM_FAILED', `the algorithm's ${asking}() failed: ${message}`, { cause: error });
  }
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
