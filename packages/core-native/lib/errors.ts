/** What can be wrong with a file, or with the way it is asked. Stable: codes are added, never renamed. */
export type ReadErrorCode =
  | 'IO'
  | 'NOT_A_FILE'
  | 'NOT_RECOGNIZED'
  | 'UNSUPPORTED_CONTAINER'
  | 'TRUNCATED'
  | 'CHANGED'
  | 'BAD_OPCODE'
  | 'BAD_PROTOCOL'
  | 'UNSUPPORTED_OPCODE'
  | 'BAD_LENGTH'
  | 'BAD_FRAME'
  | 'BAD_TEXT'
  | 'STACK_UNDERFLOW'
  | 'MISSING_MARK'
  | 'BAD_STOP'
  | 'BAD_MEMO'
  | 'BAD_OPERAND'
  | 'BAD_CALL'
  | 'UNHASHABLE_KEY'
  | 'TOO_DEEP'
  | 'LIMIT'
  | 'BAD_CONTAINER'
  | 'BAD_CHECKSUM'
  | 'BAD_TENSOR'
  | 'UNSUPPORTED_TENSOR'
  | 'FULL_MODEL'
  | 'NOT_A_BENCHMARK'
  | 'BAD_RECORD'
  | 'ABORTED'
  | 'DISPOSED';

/** A file could not be read. The message names the file, the byte, what was expected and what was found. */
export class ReadError extends Error {
  override readonly name = 'ReadError';
  readonly code: ReadErrorCode;
  /** The file as it was named when it was opened. */
  readonly file: string;
  /** Where in the file, in bytes; in the decompressed bytes of a bzip2 file. */
  readonly offset: number;

  constructor(code: ReadErrorCode, file: string, offset: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.file = file;
    this.offset = offset;
  }
}

/** What can be wrong with what is written. Stable: codes are added, never renamed. */
export type WriteErrorCode = 'EXISTS' | 'IO' | 'UNSUPPORTED_VALUE';

/** A file could not be written; nothing is left of it. */
export class WriteError extends Error {
  override readonly name = 'WriteError';
  constructor(
    readonly code: WriteErrorCode,
    /** The file as it was named; empty where the bytes go elsewhere. */
    readonly file: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(file ? `${file}: ${message}` : message, options);
  }
}

interface NativeFailure extends Error {
  code: ReadErrorCode;
  file: string;
  offset: number;
}

function isNativeFailure(error: unknown): error is NativeFailure {
  return (
    error instanceof Error &&
    typeof (error as Partial<NativeFailure>).code === 'string' &&
    typeof (error as Partial<NativeFailure>).file === 'string' &&
    typeof (error as Partial<NativeFailure>).offset === 'number'
  );
}

/** A failure of the native code as a `ReadError`; anything else as it is. */
export function fromNative(error: unknown): unknown {
  if (!isNativeFailure(error) || error instanceof ReadError) return error;
  return new ReadError(error.code, error.file, error.offset, error.message);
}

/** Runs native code; what it throws is a `ReadError`. */
export function native<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw fromNative(error);
  }
}

/** As `native`, for what settles later. */
export async function nativeAsync<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fromNative(error);
  }
}

/** A path that the system can be asked for. @throws TypeError */
export function checkedPath(path: unknown): string {
  if (typeof path !== 'string' || path === '') throw new TypeError('expected a path');
  if (path.includes('\0')) throw new TypeError('expected a path without NUL characters');
  return path;
}

/** As `checkedPath`, for a file that may lie in an archive: that the native code looks at. @throws TypeError */
export function checkedFile(file: unknown): void {
  if (typeof file !== 'object' || file === null) checkedPath(file);
}
