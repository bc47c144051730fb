import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { RecordStore, Reference } from 'nas-bench-201';
import { architectureIndex, decodeArchitecture, decodeHeader } from './decode.js';
import { decoded, readError, readHead } from './read.js';
import { BENCHMARK } from './schema.js';

/** Enough for a message's tag and length, and for an architecture's index behind them. */
const HEAD = 32;

/** Opens a `.pb`: goes from message to message once and keeps where each is. @throws ReadError */
export async function openPb(file: string): Promise<RecordStore> {
  const descriptor = openSync(file, 'r');
  try {
    return new PbStore(file, descriptor);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

class PbStore implements RecordStore {
  readonly metaArchs: readonly string[];
  readonly evaluated: readonly number[];
  readonly reference: Reference;
  readonly indexes: readonly number[];
  readonly #file: string;
  #descriptor: number | undefined;
  readonly #places = new Map<number, { offset: number; length: number }>();

  constructor(file: string, descriptor: number) {
    this.#file = file;
    this.#descriptor = descriptor;
    const { size } = fstatSync(descriptor);
    let header: { offset: number; length: number } | undefined;
    for (let at = 0; at < size; ) {
      const bytes = this.#read(at, Math.min(HEAD, size - at));
      const head = readHead(file, at, bytes);
      if (!head || at + head.from + head.length > size) {
        throw readError('TRUNCATED', file, size, 'expected the rest of a message, found the end');
      }
      const place = { offset: at + head.from, length: head.length };
      if (head.tag === BENCHMARK.header) header ??= place;
      else this.#places.set(architectureIndex(bytes.subarray(head.from)), place);
      at = place.offset + place.length;
    }
    if (!header) throw readError('NOT_A_BENCHMARK', file, 0, 'expected a header first');
    const bytes = this.#read(header.offset, header.length);
    ({
      metaArchs: this.metaArchs,
      evaluated: this.evaluated,
      reference: this.reference,
    } = decoded(file, header.offset, bytes, decodeHeader));
    this.indexes = [...this.#places.keys()].sort((a, b) => a - b);
  }

  #read(offset: number, length: number): Uint8Array {
    if (this.#descriptor === undefined) throw readError('DISPOSED', this.#file, offset, 'the file was closed');
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const more = readSync(this.#descriptor, bytes, done, length - done, offset + done);
      if (more === 0) throw readError('CHANGED', this.#file, offset + done, 'the file became shorter');
      done += more;
    }
    return bytes;
  }

  record(index: number) {
    const place = this.#places.get(index);
    return place && decoded(this.#file, place.offset, this.#read(place.offset, place.length), decodeArchitecture);
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}
