import type { Writable } from 'node:stream';
import type { PythonValue } from 'nas-bench-201';
import { writePieces } from '../sink.js';
import { encodeJson, type JsonOptions } from './encode.js';

export interface WriteOptions extends JsonOptions {
  signal?: AbortSignal | undefined;
}

/**
 * Writes any value as JSON (see `encodeJson`) and leaves the sink open.
 * @returns the bytes written
 * @throws ConvertError, what the sink reports, or the signal's reason where it was aborted
 */
export function writeJson(value: PythonValue, sink: Writable, options: WriteOptions = {}): Promise<number> {
  return writePieces(encodeJson(value, options), sink, options.signal);
}
