import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { checkedPath, ReadError } from './errors.js';
import { type ArchiveMember, type NativeArchive, reader } from './native.js';
import { isPlaced, type SideCar, sideCarKept, sideCarPaths, startKeeping } from './side-car.js';
import { withSignal } from './with-signal.js';

/** Where the members of an archive lie. Plain: it can be kept and handed on. */
export interface ArchiveDirectory {
  names: string[];
  /** Of each member's data, in bytes from the archive's begin. */
  offsets: Float64Array;
  sizes: Float64Array;
}

/** The headers of fewer members are read at once wherever the archive lies. */
const WORTH_MEMBERS = 256;

export interface OpenArchiveOptions {
  signal?: AbortSignal | undefined;
  sideCar?: SideCar | undefined;
}

/**
 * A tar archive that is not unpacked: its headers are walked once, the directory of a large one is kept in a
 * side-car, and a member is read where it lies, by `openBenchmarkFile` or `openTorch`. One that was published in pieces (`name.taraa`, `name.tarab`, …) is read as one.
 */
export class TarArchive {
  readonly directory: ArchiveDirectory;
  /** Bytes, all pieces together. */
  readonly size: number;
  readonly #native: NativeArchive;
  #numbers: Map<string, number> | undefined;

  private constructor(
    readonly path: string,
    native: NativeArchive,
  ) {
    this.#native = native;
    this.directory = native.directory();
    this.size = native.size();
  }

  /**
   * @param path of the archive, or of its first piece
   * @throws ReadError; the signal's reason where it was aborted
   */
  static async open(path: string, options: OpenArchiveOptions = {}): Promise<TarArchive> {
    const { signal, sideCar } = options;
    const paths = piecesOf(checkedPath(path));
    const bytes = paths.reduce((sum, piece) => sum + (statSync(piece, { throwIfNoEntry: false })?.size ?? 0), 0);
    const sideCars = sideCarPaths(path, bytes, sideCar);
    const native = await withSignal(() => reader.Archive.open(path, paths, sideCars), signal);
    const archive = new TarArchive(path, native);
    const worth = archive.directory.names.length >= WORTH_MEMBERS || isPlaced(sideCar);
    if (sideCars.length > 0 && archive.sideCar === null && worth) startKeeping(native, sideCars);
    return archive;
  }

  /** The side-car that its directory was read from; null where the archive was walked. */
  get sideCar(): string | null {
    return this.#native.openedWith();
  }

  /** Waits until the side-car is written, which `open` leaves to the background; undefined where none was to be. */
  sideCarKept(): Promise<string | undefined> {
    return sideCarKept(this.#native);
  }

  /** The member of this name; of two the later, as unpacking would leave it. */
  member(name: string): ArchiveMember | undefined {
    this.#numbers ??= new Map(this.directory.names.map((known, number) => [known, number]));
    const number = this.#numbers.get(name);
    return number === undefined ? undefined : this.memberAt(number);
  }

  memberAt(number: number): ArchiveMember {
    return { archive: this.#native, member: number };
  }

  /** Closes it. Members that are open can still be read. */
  close(): void {
    this.#native.dispose();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

const PIECE = /^(.*\.tar)\.?(a+)$/;

/** Whether this is, by its name, the first of the pieces that `split` makes of a tar archive. */
export const isFirstPiece = (path: string): boolean => PIECE.test(basename(path));

/** The files that make up an archive, in their order: itself, or the pieces that lie beside the first. */
function piecesOf(path: string): string[] {
  const folder = dirname(path);
  const match = PIECE.exec(basename(path));
  if (!match) return [path];
  const [name, first] = [basename(path), match[2]!];
  const stem = name.slice(0, -first.length);
  const there = readdirSync(folder)
    .filter((other) => other.startsWith(stem) && /^[a-z]+$/.test(other.slice(stem.length)))
    .map((other) => other.slice(stem.length))
    .filter((letters) => letters.length === first.length)
    .sort();
  let expected: string = first;
  for (const letters of there) {
    if (letters !== expected) {
      const missing = join(folder, stem + expected);
      throw new ReadError('IO', missing, 0, `${missing}: expected this piece of the archive, as there is ${letters}`);
    }
    expected = following(letters);
  }
  return there.map((letters) => join(folder, stem + letters));
}

/** 'aa', 'ab', … 'az', 'ba', as `split` counts. */
function following(letters: string): string {
  const codes = [...letters].map((letter) => letter.charCodeAt(0) - 97);
  for (let i = codes.length - 1; i >= 0; i--) {
    codes[i] = (codes[i]! + 1) % 26;
    if (codes[i] !== 0) break;
  }
  return String.fromCharCode(...codes.map((code) => code + 97));
}
