import { createWriteStream } from 'node:fs';
import { mkdir, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Entry, ZipFile } from 'yauzl';
import { CommandError } from '../failure.js';
import { bytesText } from '../text.js';

const FILE_TYPE = 0o170000;
const REGULAR = 0o100000;

/**
 * Unpacks a zip into a folder that is there and empty. Names that lead out of it, links, and entries of another length
 * than the directory states are refused.
 * @throws CommandError `BAD_ARCHIVE`, `NO_SPACE`
 */
export async function unpack(
  path: string,
  folder: string,
  { signal, onProgress }: { signal: AbortSignal; onProgress: (bytes: number, total: number) => void },
): Promise<void> {
  const { openPromise } = (await import('yauzl')).default;
  const bad = (error: unknown) => new CommandError('BAD_ARCHIVE', `${path}: ${(error as Error).message}`);
  const zip: ZipFile = await openPromise(path, { autoClose: false }).catch((error: unknown) => {
    throw bad(error);
  });
  try {
    const entries: Entry[] = [];
    try {
      for await (const entry of zip.eachEntry()) entries.push(entry);
    } catch (error) {
      throw bad(error);
    }
    const total = entries.reduce((sum, entry) => sum + entry.uncompressedSize, 0);
    await checkSpace(folder, total);
    let done = 0;
    for (const entry of entries) {
      signal.throwIfAborted();
      const target = join(folder, entry.fileName);
      if (entry.fileName.endsWith('/')) {
        await mkdir(target, { recursive: true });
        continue;
      }
      const mode = entry.externalFileAttributes >>> 16;
      // Archives that were not made on Unix state no type.
      if ((mode & FILE_TYPE) !== 0 && (mode & FILE_TYPE) !== REGULAR) {
        throw new CommandError('BAD_ARCHIVE', `${path}: ${entry.fileName} is a link, which libtorch has none of`);
      }
      await mkdir(dirname(target), { recursive: true });
      try {
        // A name that is there twice is refused.
        const out = createWriteStream(target, { flags: 'wx', mode: mode & 0o111 ? 0o755 : 0o644 });
        await pipeline(await zip.openReadStreamPromise(entry, {}), out, { signal });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).syscall && (error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        signal.throwIfAborted();
        throw bad(error);
      }
      done += entry.uncompressedSize;
      onProgress(done, total);
    }
  } finally {
    zip.close();
  }
}

async function checkSpace(folder: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= needed) return;
  throw new CommandError(
    'NO_SPACE',
    `${folder}: unpacked it takes ${bytesText(needed)}, and ${bytesText(bavail * bsize)} are free`,
  );
}
