/** What can be wrong with a question. Stable: codes are added, never renamed. */
export type QueryErrorCode =
  | 'UNKNOWN_ARCHITECTURE'
  | 'NOT_EVALUATED'
  | 'UNKNOWN_DATASET'
  | 'UNKNOWN_SET'
  | 'UNKNOWN_HP'
  | 'UNKNOWN_SEED'
  | 'UNKNOWN_EPOCH'
  | 'NO_TIMES'
  | 'NO_LATENCY'
  | 'NO_WEIGHTS'
  | 'BAD_ARGUMENT'
  | 'BAD_VALUE'
  | 'NO_FILE';

/** The file has no answer to this question. The message says what it has. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
  constructor(
    readonly code: QueryErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** An answer, or what stands for one where there is none. */
export function orNone<T>(none: T, answer: () => T): T {
  try {
    return answer();
  } catch (error) {
    if (error instanceof QueryError) return none;
    throw error;
  }
}
