import type { SearchRun } from './runner.js';

/** Why a search did not run, or not to its end. Stable: codes are added, never renamed. */
export type SearchErrorCode =
  | 'UNKNOWN_ALGORITHM'
  | 'UNKNOWN_OPTION'
  | 'BAD_OPTION'
  | 'BUDGET_TOO_SMALL'
  /** The benchmark file has not what the search asks for. */
  | 'NO_RESULTS'
  /** An algorithm suggested what is no architecture of the space, or was not evaluated. */
  | 'NOT_IN_SPACE'
  /** An algorithm threw; what it threw is the `cause`. */
  | 'ALGORITHM_FAILED'
  /** Images that a search cannot be run on. */
  | 'BAD_DATA'
  /** A loss is no number any more. */
  | 'NOT_FINITE'
  /** A checkpoint of another search, or none at all. */
  | 'BAD_CHECKPOINT';

/** A search that did not run, or not to its end. */
export class SearchError extends Error {
  override readonly name = 'SearchError';
  /** Of several runs, those that had finished. */
  finished: readonly SearchRun[] = [];

  constructor(
    readonly code: SearchErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
