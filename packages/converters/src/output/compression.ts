import { once } from 'node:events';
import { createReadStream, open } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { createGunzip, createGzip } from 'node:zlib';
import { readError } from '../errors.js';
import type { OutputFile } from './output.js';

const openDescriptor = promisify(open);

/** What stands behind a format's extension: `records.jsonl.gz`. */
export type Compression = '.gz' | '.zst';
const COMPRESSIONS: readonly Compression[] = ['.gz', '.zst'];

/** A name without its compression. */
export function splitCompression(name: string): [name: string, compression: Compression | undefined] {
  const found = COMPRESSIONS.find((extension) => name.toLowerCase().endsWith(extension));
  return found ? [name.slice(0, -found.length), found] : [name, undefined];
}

/** An output whose bytes are compressed on their way to another. */
export function compressed(to: OutputFile, compression: Compression): OutputFile {
  return compression === '.gz' ? gzipped(to) : zstandard(to);
}

function gzipped(to: OutputFile): OutputFile {
  const gzip = createGzip({ chunkSize: 1 << 18 });
  const copied = (async () => {
    for await (const piece of gzip) await to.write(piece as Uint8Array);
  })();
  copied.catch((error) => gzip.destroy(error));
  return {
    get bytes() {
      return to.bytes;
    },
    async write(piece) {
      if (gzip.destroyed) await copied;
      if (!gzip.write(piece)) await Promise.race([once(gzip, 'drain'), copied]);
    },
    async commit() {
      gzip.end();
      await copied;
      await to.commit();
    },
    async discard() {
      gzip.destroy();
      await copied.catch(() => {});
      await to.discard();
    },
  };
}

/** Bytes a frame: frames may follow one another, and each is compressed by itself. */
const FRAME = 1 << 22;

interface Zstandard {
  init(): Promise<void>;
  compress(bytes: Uint8Array, level?: number): Uint8Array;
}

/** Node 20 has no Zstandard of its own. Once for all: a second start would take the memory from under the first. */
let loaded: Promise<Zstandard> | undefined;

async function loadZstandard(): Promise<Zstandard> {
  const module = (await import('@bokuweb/zstd-wasm')) as unknown as Zstandard;
  await module.init();
  return module;
}

function zstandard(to: OutputFile): OutputFile {
  loaded ??= loadZstandard();
  const loading = loaded;
  loading.catch(() => {});
  let gathered: Uint8Array[] = [];
  let size = 0;
  const flush = async () => {
    const { compress } = await loading;
    const frame = compress(Buffer.concat(gathered));
    gathered = [];
    size = 0;
    await to.write(frame);
  };
  return {
    get bytes() {
      return to.bytes;
    },
    async write(piece) {
      const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
      gathered.push(bytes);
      size += bytes.length;
      if (size >= FRAME) await flush();
    },
    async commit() {
      await flush();
      await to.commit();
    },
    discard: () => to.discard(),
  };
}

/**
 * The bytes of a file. A read of a pipe waits for whoever fills it: on one of the few threads for files it would keep
 * the process from ending, so that such a one is read as a socket is.
 */
async function opened(path: string): Promise<{ stream: Readable; bytesRead: () => number }> {
  if ((await stat(path)).isFIFO()) {
    const socket = new Socket({ fd: await openDescriptor(path, 'r'), readable: true, writable: false });
    return { stream: socket, bytesRead: () => socket.bytesRead };
  }
  const file = createReadStream(path, { highWaterMark: 1 << 20 });
  return { stream: file, bytesRead: () => file.bytesRead };
}

/** The bytes of a file, decompressed where its name says so. @throws ReadError where they are not what it says */
export async function* readBytes(path: string, compression: Compression | undefined): AsyncGenerator<Uint8Array> {
  const { stream: file, bytesRead } = await opened(path);
  if (!compression) return yield* file;
  try {
    yield* compression === '.gz' ? ungzipped(file) : unzstandard(file);
  } catch (error) {
    // What the system says of the file has the name of a call.
    if ((error as NodeJS.ErrnoException).syscall) throw error;
    const kind = compression === '.gz' ? 'gzip' : 'Zstandard';
    throw readError('BAD_CONTAINER', path, bytesRead(), `expected ${kind}: ${(error as Error).message}`, error);
  }
}

async function* ungzipped(file: Readable): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: 1 << 18 });
  file.on('error', (error) => gunzip.destroy(error));
  try {
    yield* file.pipe(gunzip);
  } finally {
    file.destroy();
  }
}

async function* unzstandard(file: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { Decompress } = await import('fzstd');
  let pieces: Uint8Array[] = [];
  const stream = new Decompress((piece) => pieces.push(piece));
  const drain = () => {
    const ready = pieces;
    pieces = [];
    return ready;
  };
  for await (const piece of file) {
    stream.push(piece);
    yield* drain();
  }
  stream.push(new Uint8Array(0), true);
  yield* drain();
}
