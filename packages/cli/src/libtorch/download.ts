import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat, truncate } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError } from '../failure.js';

export interface DownloadOptions {
  signal: AbortSignal;
  onProgress: (bytes: number, total: number) => void;
  /** Milliseconds before each new try after a connection was cut; as many tries as there are numbers. */
  pauses?: readonly number[];
}

const PAUSES = [500, 1000, 2000, 4000];

/**
 * Fetches a file, going on where an earlier try, of this process or another, has ended. What has come stays when it is
 * cut, for the next time.
 * @throws CommandError `NETWORK`
 */
export async function download(url: string, path: string, options: DownloadOptions): Promise<void> {
  const pauses = options.pauses ?? PAUSES;
  for (let failures = 0; ; ) {
    const had = await sizeOf(path);
    try {
      return await fetchRest(url, path, had, options);
    } catch (error) {
      options.signal.throwIfAborted();
      if (!isNetworkFailure(error)) throw error;
      const has = await sizeOf(path);
      // As long as something comes it goes on.
      failures = has > had ? 1 : failures + 1;
      const pause = pauses[failures - 1];
      if (pause === undefined) {
        const reason = (error as { cause?: Error }).cause?.message ?? (error as Error).message;
        throw new CommandError(
          'NETWORK',
          `${url}: ${reason}; ${has} bytes have come and are kept, so the same command goes on from there`,
        );
      }
      await sleep(pause, undefined, { signal: options.signal });
    }
  }
}

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

/** A response that is worth another try. */
class Unavailable extends Error {}

/** fetch throws a TypeError for whatever happens on the way. */
const isNetworkFailure = (error: unknown): boolean => error instanceof TypeError || error instanceof Unavailable;

async function fetchRest(url: string, path: string, had: number, options: DownloadOptions): Promise<void> {
  const headers = had > 0 ? { Range: `bytes=${had}-` } : {};
  const response = await fetch(url, { headers, signal: options.signal });
  if (response.status === 416) {
    // There is no more than has come, or it is another file: then it is begun anew.
    const total = Number(/\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1]);
    if (total === had) return;
    await truncate(path, 0);
    throw new Unavailable('the file is shorter than what has come of it, and is begun anew');
  }
  if (response.status >= 500 || response.status === 429) throw new Unavailable(`the server says ${response.status}`);
  if (!response.ok || !response.body) throw new CommandError('NETWORK', `${url}: the server says ${response.status}`);
  const goesOn = response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${had}-`);
  let at = goesOn ? had : 0;
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  const total = at + length;
  const file = await open(path, goesOn ? 'a' : 'w');
  try {
    for await (const bytes of response.body) {
      await file.writeFile(bytes);
      at += bytes.length;
      options.onProgress(at, total);
    }
  } finally {
    await file.close();
  }
  if (at < total) throw new Unavailable('the connection was cut');
}

/** @returns the SHA-256 in hexadecimal digits */
export async function sha256Of(path: string, { signal, onProgress }: DownloadOptions): Promise<string> {
  const { size } = await stat(path);
  const hash = createHash('sha256');
  let at = 0;
  await pipeline(
    createReadStream(path, { highWaterMark: 1 << 20 }),
    async (source: AsyncIterable<Buffer>) => {
      for await (const bytes of source) {
        hash.update(bytes);
        at += bytes.length;
        onProgress(at, size);
      }
    },
    { signal },
  );
  return hash.digest('hex');
}
