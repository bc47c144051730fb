/** Why a value was not written. Stable: codes are added, never renamed. */
export type ConvertErrorCode =
  /** It would be longer than the budget allows. */
  | 'LIMIT'
  /** The sink was closed before all was written. */
  | 'SINK_CLOSED'
  | 'UNKNOWN_FORMAT'
  /** The format has no place for it. */
  | 'UNSUPPORTED_VALUE';

/** A value could not be written in another format. */
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
