import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { ConvertError } from '../errors.js';

/** Where a format's bytes go, one after another. What was handed over is not changed afterwards. */
export interface Output {
  /** Settles when there is room for more. */
  write(bytes: Uint8Array | string): Promise<void>;
}

/** An output that is finished, or given up, as a whole. */
export interface OutputFile extends Output {
  /** Bytes that went to the disk or the stream. */
  readonly bytes: number;
  commit(): Promise<void>;
  /** Leaves nothing behind. */
  discard(): Promise<void>;
}

/** Bytes that are gathered before the system is asked to write. */
const PIECE = 1 << 20;

const asBytes = (piece: Uint8Array | string): Uint8Array => (typeof piece === 'string' ? Buffer.from(piece) : piece);

/** The system's error as one that says what it means. */
function failure(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  const cause = code === 'ENOSPC' ? 'the disk is full' : 'the disk quota is used up';
  return new ConvertError('NO_SPACE', `${path}: ${cause}; nothing was left there`, { cause: error });
}

/**
 * A file that appears under its name when it is complete and on the disk, and not before: until then it has another
 * name in the same folder. What is no file (`/dev/null`, a pipe) is written to directly.
 * @throws ConvertError EXISTS where there is one already and `force` was not asked for
 */
export async function createOutputFile(path: string, { force = false } = {}): Promise<OutputFile> {
  const there = await stat(path).catch(() => undefined);
  if (there?.isDirectory()) throw new ConvertError('EXISTS', `${path} is a folder`);
  if (there?.isFile() && !force) throw exists(path);
  if (there && !there.isFile()) return new FileOutput(path, path, await open(path, 'w'), force);
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  return new FileOutput(path, temporary, await open(temporary, 'wx'), force);
}

const exists = (path: string) => new ConvertError('EXISTS', `there is a file ${path} already`);

class FileOutput implements OutputFile {
  bytes = 0;
  readonly #path: string;
  readonly #temporary: string;
  readonly #file: FileHandle;
  readonly #force: boolean;
  #pieces: Uint8Array[] = [];
  #gathered = 0;
  /** The write that is under way. */
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string, temporary: string, file: FileHandle, force: boolean) {
    this.#path = path;
    this.#temporary = temporary;
    this.#file = file;
    this.#force = force;
  }

  async write(piece: Uint8Array | string): Promise<void> {
    const bytes = asBytes(piece);
    this.#pieces.push(bytes);
    this.#gathered += bytes.length;
    if (this.#gathered >= PIECE) await this.#flush();
  }

  /** Waits for the write before, then starts this one: one is under way while the next is made. */
  async #flush(): Promise<void> {
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#gathered = 0;
    await this.#writing;
    this.#writing = this.#writeAll(pieces);
    // Whoever waits for it is told; until then it is nobody's unhandled rejection.
    this.#writing.catch(() => {});
  }

  async #writeAll(pieces: Uint8Array[]): Promise<void> {
    try {
      let rest = pieces;
      while (rest.length > 0) {
        const { bytesWritten } = await this.#file.writev(rest);
        this.bytes += bytesWritten;
        rest = behind(rest, bytesWritten);
      }
    } catch (error) {
      throw failure(error, this.#path);
    }
  }

  async commit(): Promise<void> {
    try {
      await this.#flush();
      await this.#writing;
      if (this.#temporary === this.#path) return await this.#file.close();
      await this.#file.sync();
      await this.#file.close();
      if (!this.#force && (await stat(this.#path).catch(() => undefined))) throw exists(this.#path);
      await rename(this.#temporary, this.#path);
      await syncFolder(dirname(this.#path));
    } catch (error) {
      throw failure(error, this.#path);
    }
  }

  async discard(): Promise<void> {
    await this.#writing.catch(() => {});
    await this.#file.close().catch(() => {});
    if (this.#temporary !== this.#path) await rm(this.#temporary, { force: true });
  }
}

/** What is left of the pieces behind so many bytes. */
function behind(pieces: Uint8Array[], bytes: number): Uint8Array[] {
  let left = bytes;
  let i = 0;
  while (i < pieces.length && left >= pieces[i]!.length) left -= pieces[i++]!.length;
  const rest = pieces.slice(i);
  if (left > 0) rest[0] = rest[0]!.subarray(left);
  return rest;
}

/** The new name is safe only when the folder is on the disk, too. Not every system can be asked for that. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}

/** A stream that somebody else closes, such as standard output. */
export function streamOutput(stream: Writable): OutputFile {
  let bytes = 0;
  let gathered: Uint8Array[] = [];
  let size = 0;
  const flush = () =>
    new Promise<void>((resolve, reject) => {
      const piece = Buffer.concat(gathered);
      gathered = [];
      size = 0;
      if (stream.destroyed)
        return reject(new ConvertError('SINK_CLOSED', 'the output was closed before all was written'));
      stream.write(piece, (error) => {
        if (error) return reject(error);
        bytes += piece.length;
        resolve();
      });
    });
  return {
    get bytes() {
      return bytes;
    },
    async write(piece) {
      const more = asBytes(piece);
      gathered.push(more);
      size += more.length;
      if (size >= PIECE) await flush();
    },
    commit: flush,
    async discard() {},
  };
}
