import { ReadError, type ReadErrorCode } from 'nas-bench-201';

/** Why something was not converted. Stable: codes are added, never renamed. */
export type ConvertErrorCode =
  /** It would be longer than the budget allows. */
  | 'LIMIT'
  /** The sink was closed before all was written. */
  | 'SINK_CLOSED'
  | 'UNKNOWN_FORMAT'
  /** There is a file of this name already. */
  | 'EXISTS'
  /** The disk is full, or the quota used up. */
  | 'NO_SPACE'
  /** The format has no place for what is to be written. */
  | 'CANNOT_HOLD'
  /** This format is written, not read; or read, not written. */
  | 'UNSUPPORTED'
  /** Nothing, or nothing that there is, was selected. */
  | 'BAD_SELECTION'
  /** A package that the format needs is not installed. */
  | 'MISSING_PACKAGE'
  /** Records that ought to come in the order of their indices do not. */
  | 'NOT_IN_ORDER';

/** Something could not be written in another format. */
export class ConvertError extends Error {
  override readonly name = 'ConvertError';
  constructor(
    readonly code: ConvertErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What is wrong with a file, and where. */
export function readError(
  code: ReadErrorCode,
  file: string,
  offset: number,
  detail: string,
  cause?: unknown,
): ReadError {
  return new ReadError(code, file, offset, `${file}: byte ${offset}: ${detail}`, { cause });
}
