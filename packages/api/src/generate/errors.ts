/** What can be wrong with a benchmark that is made. Stable: codes are added, never renamed. */
export type GenerateErrorCode =
  | 'NO_META'
  | 'BAD_META'
  | 'BAD_RANGE'
  | 'BAD_TRIAL'
  | 'NO_TRIALS'
  | 'NO_TIMES'
  | 'CONFLICT'
  | 'NO_SLURM'
  | 'SLURM';

/** A step of making a benchmark cannot be done. */
export class GenerateError extends Error {
  override readonly name = 'GenerateError';
  constructor(
    readonly code: GenerateErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
