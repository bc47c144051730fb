import { randomBytes } from 'node:crypto';
import { type FileHandle, link, lstat, open, readdir, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { WriteError } from './errors.js';

/**
 * A file that appears under its name when it is complete, or not at all: written beside it, flushed to the disk, then
 * renamed.
 */
export class AtomicFile {
  readonly #path: string;
  readonly #named: string;
  readonly #overwrite: boolean;
  readonly #temporary: string;
  readonly #handle: FileHandle;

  private constructor(path: string, named: string, overwrite: boolean, temporary: string, handle: FileHandle) {
    this.#path = path;
    this.#named = named;
    this.#overwrite = overwrite;
    this.#temporary = temporary;
    this.#handle = handle;
  }

  /** @throws WriteError `EXISTS`, unless it may be overwritten; `IO` */
  static async create(path: string, { overwrite = false }: { overwrite?: boolean } = {}): Promise<AtomicFile> {
    return guarded(path, async () => {
      const there = await lstat(path).catch(() => undefined);
      if (there && !overwrite) throw exists(path);
      // Through a symbolic link, the file that it leads to is replaced, not the link.
      const target = there?.isSymbolicLink() ? await realpath(path) : path;
      const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`);
      return new AtomicFile(target, path, overwrite, temporary, await open(temporary, 'wx'));
    });
  }

  async write(bytes: Uint8Array): Promise<void> {
    await guarded(this.#named, async () => {
      for (let at = 0; at < bytes.length; ) at += (await this.#handle.write(bytes, at)).bytesWritten;
    });
  }

  /** Gives it its name. @throws WriteError */
  async commit(): Promise<void> {
    await guarded(this.#named, async () => {
      await this.#handle.sync();
      await this.#handle.close();
      if (this.#overwrite) await rename(this.#temporary, this.#path);
      else await this.#rename();
      await syncFolder(dirname(this.#path));
    });
  }

  // A link fails where the name was taken meanwhile; a rename would replace what took it.
  async #rename(): Promise<void> {
    try {
      await link(this.#temporary, this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw exists(this.#named);
      // A file system without hard links.
      if (await lstat(this.#path).catch(() => undefined)) throw exists(this.#named);
      await rename(this.#temporary, this.#path);
      return;
    }
    await unlink(this.#temporary);
  }

  /** Leaves nothing behind. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => {});
    await unlink(this.#temporary).catch(() => {});
  }
}

/** Writes a file whole or not at all, in the place of what was there. @throws WriteError */
export async function writeWhole(path: string, content: Iterable<string | Uint8Array>): Promise<void> {
  const file = await AtomicFile.create(path, { overwrite: true });
  try {
    for (const piece of content) await file.write(typeof piece === 'string' ? Buffer.from(piece) : piece);
    await file.commit();
  } catch (error) {
    await file.discard();
    throw error;
  }
}

/**
 * Removes what processes that were killed while they wrote a file have left beside it.
 * @param options `olderThanMs`: spares what was written to since, by others who may be at it
 */
export async function removeUnfinished(path: string, { olderThanMs = 0 } = {}): Promise<void> {
  const folder = dirname(path);
  const start = `.${basename(path)}.`;
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith(start) || !TEMPORARY.test(name.slice(start.length))) continue;
    const left = join(folder, name);
    const written = (await stat(left).catch(() => undefined))?.mtimeMs;
    if (written !== undefined && Date.now() - written >= olderThanMs) await unlink(left).catch(() => {});
  }
}

/** How the names of unfinished files end, behind the name of the file that they are to be. */
const TEMPORARY = /^[0-9a-f]{12}\.tmp$/;

const exists = (path: string) =>
  new WriteError('EXISTS', path, 'there is a file of this name, which is not overwritten unasked');

async function guarded<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof WriteError || typeof (error as NodeJS.ErrnoException).syscall !== 'string') throw error;
    throw new WriteError('IO', path, `cannot be written: ${(error as Error).message}`, { cause: error });
  }
}

// So that the name survives a loss of power, too. Not every system can.
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}
