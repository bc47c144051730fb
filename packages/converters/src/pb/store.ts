import type { RecordStore, Reference } from 'nas-bench-201';
import { readError } from '../errors.js';
import { OpenedFile } from '../opened-file.js';
import { architectureIndex, decodeArchitecture, decodeHeader } from './decode.js';
import { decoded, readHead } from './read.js';
import { BENCHMARK } from './schema.js';

/** Enough for a message's tag and length, and for an architecture's index behind them. */
const HEAD = 32;

/** Opens a `.pb`: goes from message to message once and keeps where each is. @throws ReadError */
export async function openPb(path: string): Promise<RecordStore> {
  return OpenedFile.use(path, (file) => new PbStore(file));
}

class PbStore implements RecordStore {
  readonly metaArchs: readonly string[];
  readonly evaluated: readonly number[];
  readonly reference: Reference;
  readonly indexes: readonly number[];
  readonly #file: OpenedFile;
  readonly #places = new Map<number, { offset: number; length: number }>();

  constructor(file: OpenedFile) {
    this.#file = file;
    const { path, size } = file;
    let header: { offset: number; length: number } | undefined;
    for (let at = 0; at < size; ) {
      const bytes = file.read(at, Math.min(HEAD, size - at));
      const head = readHead(path, at, bytes);
      if (!head || at + head.from + head.length > size) {
        throw readError('TRUNCATED', path, size, 'expected the rest of a message, found the end');
      }
      const place = { offset: at + head.from, length: head.length };
      if (head.tag === BENCHMARK.header) header ??= place;
      else this.#places.set(architectureIndex(bytes.subarray(head.from)), place);
      at = place.offset + place.length;
    }
    if (!header) throw readError('NOT_A_BENCHMARK', path, 0, 'expected a header first');
    const bytes = file.read(header.offset, header.length);
    ({
      metaArchs: this.metaArchs,
      evaluated: this.evaluated,
      reference: this.reference,
    } = decoded(path, header.offset, bytes, decodeHeader));
    this.indexes = [...this.#places.keys()].sort((a, b) => a - b);
  }

  record(index: number) {
    const place = this.#places.get(index);
    if (!place) return undefined;
    const bytes = this.#file.read(place.offset, place.length);
    return decoded(this.#file.path, place.offset, bytes, decodeArchitecture);
  }

  close(): void {
    this.#file.close();
  }
}
