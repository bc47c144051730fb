/** A command cannot do what it was asked to. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  constructor(
    readonly code:
      | 'NO_SUCH_PATH'
      | 'BAD_PATH'
      | 'BAD_INPUT'
      | 'BAD_USAGE'
      | 'NOTHING_FOUND'
      | 'WORKER'
      | 'NETWORK'
      | 'NO_CHECKSUM'
      | 'BAD_CHECKSUM'
      | 'BAD_ARCHIVE'
      | 'NO_SPACE',
    message: string,
  ) {
    super(message);
  }
}

/** What `--json` says of a failure. */
export interface Failure {
  code: string;
  /** Of a file that cannot be read. */
  file?: string;
  /** Where in it, in bytes. */
  offset?: number;
  message: string;
}

/** An error as one line. The error's class need not be known, which would load the API. */
export function describeFailure(error: unknown): Failure {
  if (!(error instanceof Error)) return { code: 'UNKNOWN', message: String(error) };
  const { code, file, offset, path } = error as Error & Partial<Record<'code' | 'file' | 'offset' | 'path', unknown>>;
  if (process.env.NB201_DEBUG) console.error(error);
  return {
    code: typeof code === 'string' ? code : error.name,
    ...(typeof file === 'string' && { file }),
    ...(typeof offset === 'number' && { offset }),
    // Node's own end in the function that failed: "ENOENT: no such file or directory, stat 'x'".
    message:
      typeof path === 'string' ? `${path}: ${error.message.replace(/^\w+: |, \w+( '.*')?$/g, '')}` : error.message,
  };
}
