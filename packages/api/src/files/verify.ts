import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { QueryError } from '../errors.js';

/** What `verify` found. */
export interface Verification {
  md5: string;
  /** All 32 digits where they are published, else the last ones, which stand in the file's name. */
  expected: string;
  matches: boolean;
}

/** Published in full; of the others only the digits in their names are known. */
const PUBLISHED: Record<string, string> = { '096897': '55e847143ce1f7c2d89b676f6b096897' };

/** The MD5, or the end of it, that a benchmark's name tells. @throws QueryError where it tells none */
export function expectedMd5(name: string): string {
  const digits = /-([0-9a-f]{5,6})(?:-simple|-full)?\.(?:pth|pickle\.pbz2)$/.exec(name)?.[1];
  if (!digits) {
    throw new QueryError(
      'BAD_ARGUMENT',
      `the name ${name} tells no MD5: expected one such as NAS-Bench-201-v1_1-096897.pth`,
    );
  }
  return PUBLISHED[digits] ?? digits;
}

/** The MD5 of a file, read in pieces. @throws the signal's reason where it was aborted */
export async function md5OfFile(
  path: string,
  options: { onProgress?: (bytes: number, total: number) => void; signal?: AbortSignal } = {},
): Promise<string> {
  const total = statSync(path).size;
  const hash = createHash('md5');
  let bytes = 0;
  const { onProgress, signal } = options;
  await pipeline(
    createReadStream(path, { highWaterMark: 1 << 20 }),
    async (pieces: AsyncIterable<Buffer>) => {
      for await (const piece of pieces) {
        hash.update(piece);
        bytes += piece.length;
        onProgress?.(bytes, total);
      }
    },
    signal ? { signal } : {},
  );
  return hash.digest('hex');
}
