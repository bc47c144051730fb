import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { AtomicFile, removeUnfinished } from './atomic-file.js';
import { cacheFolder } from './cache-folder.js';
import type { Keepable } from './native.js';

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

const EXTENSION = '.nb201-index';

/** In a folder for many files: two of one name are told apart by their paths. */
const inFolder = (folder: string, path: string) =>
  join(folder, `${basename(path)}.${createHash('sha256').update(path).digest('hex').slice(0, 12)}${EXTENSION}`);

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
  if (wanted === true) return [path + EXTENSION, inFolder(cacheFolder(), path)];
  return [inFolder(resolve(wanted), path)];
}

const kept = new WeakMap<Keepable, Promise<string | undefined>>();

/** Keeps what was found, without anybody waiting for it. */
export function startKeeping(file: Keepable, paths: readonly string[]): void {
  kept.set(file, keepSideCar(file, paths));
}

/** Waits until the side-car of a file is written; where it is, or undefined where none was to be written. */
export function sideCarKept(file: Keepable): Promise<string | undefined> {
  return kept.get(file) ?? Promise.resolve(undefined);
}

/** Another process may be writing the same side-car: what was begun so long ago is nobody's any more. */
const LEFT_BEHIND_MS = 10 * 60 * 1000;

/**
 * Writes the side-car of a file that was walked, to the first place that takes it. Nobody who asked about a benchmark
 * wants to hear that this failed: then the file is walked again next time.
 */
async function keepSideCar(file: Keepable, paths: readonly string[]): Promise<string | undefined> {
  const bytes = await file.sideCar().catch(() => null);
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
