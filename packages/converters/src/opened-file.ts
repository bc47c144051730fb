import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { readError } from './errors.js';

/** A file of which pieces are read as they are asked for, without waiting: the API's answers do not wait either. */
export class OpenedFile {
  readonly size: number;
  #descriptor: number | undefined;

  private constructor(
    readonly path: string,
    descriptor: number,
  ) {
    this.#descriptor = descriptor;
    this.size = fstatSync(descriptor).size;
  }

  /** Opens a file for what is made of it; closes it again where that fails. */
  static use<T>(path: string, make: (file: OpenedFile) => T): T {
    const file = new OpenedFile(path, openSync(path, 'r'));
    try {
      return make(file);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** @throws ReadError DISPOSED, TRUNCATED, CHANGED */
  read(offset: number, length: number): Uint8Array<ArrayBuffer> {
    if (this.#descriptor === undefined) throw readError('DISPOSED', this.path, offset, 'the file was closed');
    if (!(offset >= 0 && length >= 0 && offset + length <= this.size)) {
      throw readError('TRUNCATED', this.path, this.size, `expected ${length} bytes at byte ${offset}`);
    }
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const more = readSync(this.#descriptor, bytes, done, length - done, offset + done);
      if (more === 0) throw readError('CHANGED', this.path, offset + done, 'the file became shorter');
      done += more;
    }
    return bytes;
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}
