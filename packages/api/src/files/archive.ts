import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  type ArchiveMember,
  isFirstPiece,
  type OpenArchiveOptions,
  openBenchmarkFile,
  TarArchive,
} from '@nas-bench-201/core-native';
import { QueryError } from '../errors.js';
import type { Reference } from '../results/averaging.js';

const FULL = /^(\d{6})-FULL\.pth$/;
const NATS = /^(\d+)\.pickle\.pbz2$/;
const META = 'meta.pickle.pbz2';

/** Names of an architecture's file: NAS-Bench-201's one, NATS-Bench's with and without leading zeros. */
const NAMES: Record<Reference, (index: number) => string[]> = {
  'nas-bench-201': (index) => [`${String(index).padStart(6, '0')}-FULL.pth`],
  'nats-bench': (index) => [`${String(index).padStart(6, '0')}.pickle.pbz2`, `${index}.pickle.pbz2`],
};

/** A file to open: by its path, or where it lies in an archive. */
export type Source = string | ArchiveMember;

/**
 * One file an architecture, in a folder or in a tar archive that stays as it is: NAS-Bench-201's archive of
 * `000157-FULL.pth`, or a `-simple` or `-full` folder of NATS-Bench.
 */
export class Archive implements Disposable {
  readonly path: string;
  readonly layout: 'folder' | 'tar';
  readonly #tar: TarArchive | undefined;
  /** Of a tar: the members by the names without their folders. */
  readonly #members: Map<string, number> | undefined;

  private constructor(path: string, tar?: TarArchive) {
    this.path = path;
    this.layout = tar ? 'tar' : 'folder';
    this.#tar = tar;
    // What macOS adds for each file begins with a dot and is none of ours.
    this.#members = tar && new Map(tar.directory.names.map((name, member) => [basename(name), member]));
  }

  /**
   * @param path of a folder, of a `.tar`, or of the first of its pieces (`name.taraa`)
   * @throws ReadError; QueryError `NO_FILE`; the signal's reason where it was aborted
   */
  static async open(path: string, options: OpenArchiveOptions = {}): Promise<Archive> {
    if (typeof path !== 'string' || path === '') throw new TypeError('expected a path');
    const info = statSync(path, { throwIfNoEntry: false });
    if (info?.isDirectory()) return new Archive(path);
    const first = info ? path : [`${path}aa`, `${path}.aa`].find((piece) => existsSync(piece));
    if (first === undefined) throw new QueryError('NO_FILE', `there is no folder or archive ${path}`);
    return new Archive(path, await TarArchive.open(first, options));
  }

  /** Whether this is a folder, a tar archive by its content, or the name of one that is there in pieces. */
  static isOne(path: string): boolean {
    const info = statSync(path, { throwIfNoEntry: false });
    if (!info) return /\.tar$/.test(path) && (existsSync(`${path}aa`) || existsSync(`${path}.aa`));
    return info.isDirectory() || isFirstPiece(path) || (info.isFile() && isTar(path));
  }

  /** The names of its files, without folders; of a tar with each name once. */
  names(): string[] {
    return this.#members ? [...this.#members.keys()] : readdirSync(this.path);
  }

  /** Bytes: of a tar itself, of a folder the sum of its files. */
  get size(): number {
    if (this.#tar) return this.#tar.size;
    return this.names().reduce(
      (sum, name) => sum + (statSync(join(this.path, name), { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
  }

  /** The file of this name, or undefined. */
  file(name: string): Source | undefined {
    if (!this.#members) {
      const path = join(this.path, name);
      return existsSync(path) ? path : undefined;
    }
    const member = this.#members.get(name);
    return member === undefined ? undefined : this.#tar!.memberAt(member);
  }

  /** The architectures that it has files of, ascending. */
  indexes(family: Reference): number[] {
    const pattern = family === 'nats-bench' ? NATS : FULL;
    return this.names()
      .flatMap((name) => pattern.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  }

  /** The file of an architecture, or undefined. */
  record(index: number, family: Reference): Source | undefined {
    for (const name of NAMES[family](index)) {
      const found = this.file(name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** What the file of an architecture would be called. */
  nameOf(index: number, family: Reference): string {
    return join(this.path, NAMES[family](index)[0]!);
  }

  /** Whose records these are. @throws QueryError where there are none */
  get family(): Reference {
    if (this.file(META) !== undefined) return 'nats-bench';
    const names = this.names();
    if (names.some((name) => FULL.test(name))) return 'nas-bench-201';
    if (names.some((name) => NATS.test(name))) return 'nats-bench';
    throw new QueryError(
      'NO_FILE',
      `${this.path} has no files of architectures: expected 000157-FULL.pth or 000157.pickle.pbz2`,
    );
  }

  /** The names of all architectures, where the archive has NATS-Bench's list of them. @throws ReadError */
  async architectures(options: { signal?: AbortSignal | undefined } = {}): Promise<string[] | undefined> {
    const file = this.file(META);
    if (file === undefined) return undefined;
    const meta = await openBenchmarkFile(file, options);
    try {
      return meta.architectures();
    } finally {
      meta.dispose();
    }
  }

  /** The side-car that the directory of a tar was read from; null where it was walked, and of a folder. */
  get sideCar(): string | null {
    return this.#tar?.sideCar ?? null;
  }

  /**
   * Waits until the directory of a tar that was walked is kept, which `open` leaves to the background: the side-car's
   * path, or undefined where none was to be written, or no place took it.
   */
  async sideCarKept(): Promise<string | undefined> {
    return this.#tar?.sideCarKept();
  }

  /** Closes it. Records that are open can still be read. */
  close(): void {
    this.#tar?.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** What torch's own tar container of before version 0.2 begins with. */
const OLD_TORCH = /^(\.\/)?(sys_info|pickle|storages|tensors)$/;

/** Whether its name or its first header says so: one whose checksum holds, and that is none of torch's. */
function isTar(path: string): boolean {
  if (path.endsWith('.tar')) return true;
  const header = Buffer.alloc(512);
  const file = openSync(path, 'r');
  try {
    readSync(file, header, 0, header.length, 0);
  } finally {
    closeSync(file);
  }
  if (header.toString('latin1', 257, 262) !== 'ustar') return false;
  const stated = Number.parseInt(header.toString('latin1', 148, 156), 8);
  const sum = header.fill(' ', 148, 156).reduce((a, b) => a + b, 0);
  return stated === sum && !OLD_TORCH.test(header.toString('latin1', 0, 100).replace(/\0.*$/s, ''));
}
