/** What can be wrong with a data set. Stable: codes are added, never renamed. */
export type DataSetErrorCode = 'UNKNOWN_DATASET' | 'NO_FILE' | 'ALTERED' | 'BAD_FILE' | 'NO_IMAGES' | 'NO_DECODER';

/** A data set cannot be used. The message names the file and, where there is one, the MD5 that was published. */
export class DataSetError extends Error {
  override readonly name = 'DataSetError';
  constructor(
    readonly code: DataSetErrorCode,
    /** The file or folder. */
    readonly file: string,
    message: string,
    /** MD5 sums, in hexadecimal. */
    readonly md5: { expected?: string | undefined; found?: string | undefined } = {},
    options?: ErrorOptions,
  ) {
    super(`${file}: ${message}`, options);
  }
}
