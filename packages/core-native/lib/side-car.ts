import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { AtomicFile, removeUnfinished } from './atomic-file.js';
import { cacheFolder } from './cache-folder.js';
import type { Keepable, NativeBenchmarkFile } from './native.js';

/**
 * Whether what was found in a large file is kept beside it, so that it is walked once and not at every start.
 * - `true` (default): beside the file, and where that folder cannot be written, in the user's cache folder
 * - a path: in this folder
 * - `false`: not at all; none is read either
 *
 * The variable `NB201_SIDE_CAR` says it for all that do not: `off`, or a folder.
 */
export type SideCar = boolean | string;

/** Smaller files are walked in a few milliseconds anyway. */
const WORTH_BYTES = 16 << 20;

const INDEX = '.nb201-index';
const COLUMNS = '.nb201-columns';

/** In a folder for many files: two of one name are told apart by their paths. */
const inFolder = (folder: string, path: string) =>
  join(folder, `${basename(path)}.${createHash('sha256').update(path).digest('hex').slice(0, 12)}${INDEX}`);

function wantedPlace(sideCar?: SideCar): SideCar {
  const said = process.env.NB201_SIDE_CAR;
  return sideCar ?? (said === 'off' ? false : said || true);
}

/** Whether a side-car was asked for by its place: then it is kept, however small the gain. */
export const isPlaced = (sideCar?: SideCar): boolean => typeof wantedPlace(sideCar) === 'string';

/** Where the side-car of a file may be, the best place first. */
export function sideCarPaths(file: string, bytes: number, sideCar?: SideCar): string[] {
  const wanted = wantedPlace(sideCar);
  if (wanted === false || (wanted === true && bytes < WORTH_BYTES)) return [];
  const path = resolve(file);
  if (wanted === true) return [path + INDEX, inFolder(cacheFolder(), path)];
  return [inFolder(resolve(wanted), path)];
}

/** Where the columns that were read are kept: beside the side-car. */
export const columnPaths = (sideCars: readonly string[]): string[] =>
  sideCars.map((path) => path.slice(0, -INDEX.length) + COLUMNS);

const kept = new WeakMap<Keepable, Promise<string | undefined>>();

/** Keeps what was found, without anybody waiting for it. */
export function startKeeping(file: Keepable, paths: readonly string[]): void {
  kept.set(
    file,
    keep(() => file.sideCar(), paths),
  );
}

/**
 * Waits until the side-car of a file is written, and the columns that were read of it; where the side-car is, or
 * undefined where none was to be written.
 */
export async function sideCarKept(file: Keepable): Promise<string | undefined> {
  await columnsKept.get(file)?.last;
  return kept.get(file);
}

interface ColumnsKept {
  paths: readonly string[];
  /** The last writing that was asked for. */
  last: Promise<unknown>;
  /** Whether it has not begun. */
  waiting: boolean;
}
const columnsKept = new WeakMap<Keepable, ColumnsKept>();

/** From now on columns are kept in the first of these files that takes them. */
export function keepColumnsIn(file: Keepable, paths: readonly string[]): void {
  columnsKept.set(file, { paths, last: Promise.resolve(), waiting: false });
}

/**
 * Keeps the columns that were read so far, without anybody waiting for it. While they are written, more may come: those
 * are written together after it.
 */
export function keepColumns(file: NativeBenchmarkFile): void {
  const state = columnsKept.get(file);
  if (!state || state.waiting) return;
  state.waiting = true;
  state.last = state.last.then(() => {
    state.waiting = false;
    return keep(() => file.keptColumns(), state.paths);
  });
}

/** Another process may be writing the same side-car: what was begun so long ago is nobody's any more. */
const LEFT_BEHIND_MS = 10 * 60 * 1000;

/**
 * Writes what is to be kept, if it is anything, to the first place that takes it. Nobody who asked about a benchmark
 * wants to hear that this failed: then the file is read again next time.
 */
async function keep(make: () => Promise<Uint8Array | null>, paths: readonly string[]): Promise<string | undefined> {
  const bytes = await Promise.resolve()
    .then(make)
    .catch(() => null);
  if (bytes === null) return undefined;
  for (const [i, path] of paths.entries()) {
    const output = await outputTo(path, i + 1 === paths.length).catch(() => undefined);
    if (!output) continue;
    try {
      await output.write(bytes);
      await output.commit();
      await removeUnfinished(path, { olderThanMs: LEFT_BEHIND_MS });
      return path;
    } catch {
      await output.discard();
    }
  }
  return undefined;
}

// The folder of the last place is ours to make; the others are there, or not.
async function outputTo(path: string, mayMakeFolder: boolean): Promise<AtomicFile> {
  if (mayMakeFolder) await mkdir(dirname(path), { recursive: true });
  return AtomicFile.create(path, { overwrite: true });
}
