import { open, stat } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { AtomicFile, WriteError } from 'nas-bench-201';
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

/** What went wrong as one that says what it means. */
function failure(error: unknown, path: string): unknown {
  const { code } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
  if (error instanceof WriteError && error.code === 'EXISTS') {
    return new ConvertError('EXISTS', `there is a file ${path} already`, { cause: error });
  }
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  const cause = code === 'ENOSPC' ? 'the disk is full' : 'the disk quota is used up';
  return new ConvertError('NO_SPACE', `${path}: ${cause}; nothing was left there`, { cause: error });
}

/** Where whole pieces go: a file that appears when it is complete, or what is no file. */
interface Target {
  write(bytes: Uint8Array): Promise<void>;
  commit(): Promise<void>;
  discard(): Promise<void>;
}

/** `/dev/null`, a pipe: written to directly. */
async function device(path: string): Promise<Target> {
  const file = await open(path, 'w');
  return {
    write: (bytes) => file.writeFile(bytes),
    commit: () => file.close(),
    discard: () => file.close(),
  };
}

/**
 * A file that appears under its name when it is complete and on the disk, and not before (see `AtomicFile`).
 * @throws ConvertError EXISTS where there is one already and `force` was not asked for
 */
export async function createOutputFile(path: string, { force = false } = {}): Promise<OutputFile> {
  const there = await stat(path).catch(() => undefined);
  if (there?.isDirectory()) throw new ConvertError('EXISTS', `${path} is a folder`);
  const special = there && !there.isFile();
  const target = special ? device(path) : AtomicFile.create(path, { overwrite: force });
  try {
    return new BufferedOutput(path, await target);
  } catch (error) {
    throw failure(error, path);
  }
}

class BufferedOutput implements OutputFile {
  bytes = 0;
  readonly #path: string;
  readonly #target: Target;
  #pieces: Uint8Array[] = [];
  #gathered = 0;
  /** The write that is under way. */
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string, target: Target) {
    this.#path = path;
    this.#target = target;
  }

  async write(piece: Uint8Array | string): Promise<void> {
    const bytes = asBytes(piece);
    this.#pieces.push(bytes);
    this.#gathered += bytes.length;
    if (this.#gathered >= PIECE) await this.#flush();
  }

  /** Waits for the write before, then starts this one: one is under way while the next is made. */
  async #flush(): Promise<void> {
    const piece = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#gathered = 0;
    await this.#writing;
    this.#writing = this.#target.write(piece).then(
      () => {
        this.bytes += piece.length;
      },
      (error) => {
        throw failure(error, this.#path);
      },
    );
    // Whoever waits for it is told; until then it is nobody's unhandled rejection.
    this.#writing.catch(() => {});
  }

  async commit(): Promise<void> {
    await this.#flush();
    await this.#writing;
    try {
      await this.#target.commit();
    } catch (error) {
      throw failure(error, this.#path);
    }
  }

  async discard(): Promise<void> {
    await this.#writing.catch(() => {});
    await this.#target.discard();
  }
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
