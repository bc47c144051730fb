import type { PythonRandom } from '../random/python-random.js';
import type { SearchSpace } from './space.js';

/** What an algorithm asks for: an architecture by its index or string, and for how many epochs it is to be trained. */
export interface Suggestion {
  architecture: number | string;
  /** Default: all epochs of the table. */
  epochs?: number | undefined;
  /** An evaluation of the same architecture whose trial goes on: only the epochs since then are paid for. */
  resume?: Evaluation | undefined;
}

/** What came of a suggestion. */
export interface Evaluation {
  index: number;
  epochs: number;
  /** Which of the architecture's trials answered, by its place in the file. */
  trial: number;
  /** On x-valid, in per cent. */
  accuracy: number;
  /** Simulated seconds that it cost. */
  cost: number;
  /** Whether the budget paid for it. */
  paid: boolean;
}

/** A search under way: asked what to evaluate next, told what came of it, over and over until the budget is used up. */
export interface SearchAlgorithm {
  /** What to evaluate next; undefined ends the search. */
  suggest(): Suggestion | Suggestion['architecture'] | undefined;
  observe?(evaluation: Evaluation): void;
  /** The index of what it would answer now. Default: the highest accuracy that was seen, of equals the earliest. */
  incumbent?(): number | undefined;
  /** So many evaluations, the first ones, are made and charged whatever the budget. Default: 0. */
  readonly unconditional?: number;
  /**
   * What becomes of an evaluation that the rest of the budget does not pay for.
   * - `drop` (default): it ends the search and is forgotten.
   * - `keep`: it ends the search and counts, unpaid. (So does one that uses the budget up to the last second.)
   * - `refuse`: it and all that follow are observed as unpaid, with an accuracy of 0, until nothing is suggested.
   */
  readonly overBudget?: 'drop' | 'keep' | 'refuse';
}

/** What a search is given. */
export interface SearchContext {
  space: SearchSpace;
  /** Seeded with the run's seed. The trials of the evaluations are drawn from it, too, as in the reference. */
  random: PythonRandom;
  seed: number;
}

/** Begins a search. */
export type SearchMethod = (context: SearchContext) => SearchAlgorithm;
