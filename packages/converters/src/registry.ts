import type { Writable } from 'node:stream';
import type { PythonValue } from 'nas-bench-201';
import { ConvertError } from './errors.js';
import { json } from './json/format.js';

export interface WriteOptions {
  signal?: AbortSignal | undefined;
  /** What may be written at most: a small file can describe a huge value. Default: 100 MiB. */
  maxBytes?: number | undefined;
  /** Values that may be written at most, containers and what is in them. Default: 10 million. */
  maxValues?: number | undefined;
}

/** Something that values can be written as. */
export interface Format<Options extends WriteOptions = WriteOptions> {
  name: string;
  /** For people: one line. */
  about: string;
  /** Of its files, with the dot. */
  extensions: readonly string[];
  /**
   * Writes a value and leaves the sink open.
   * @returns the bytes written
   * @throws ConvertError, what the sink reports, or the signal's reason where it was aborted
   */
  write(value: PythonValue, sink: Writable, options?: Options): Promise<number>;
}

export const FORMATS: readonly Format[] = [json];

/** The format of a name (`json`) or of a file's name (`out.json`). @throws ConvertError UNKNOWN_FORMAT */
export function formatFor(name: string): Format {
  const format = FORMATS.find((f) => f.name === name || f.extensions.some((extension) => name.endsWith(extension)));
  if (format) return format;
  throw new ConvertError(
    'UNKNOWN_FORMAT',
    `expected a format among ${FORMATS.map((f) => f.name).join(', ')}, found '${name}'`,
  );
}
