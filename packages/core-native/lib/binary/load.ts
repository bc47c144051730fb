import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Attempt, explain, failureText } from './failure.js';
import { platformKey, platformPackage, thisSystem } from './system.js';

export type BinaryName = 'reader' | 'torch';

/** The variables that name a binary, which is then taken or nothing is. */
export const BINARY_VARIABLES = { reader: 'NB201_READER_ADDON', torch: 'NB201_TORCH_ADDON' } as const;

const require = createRequire(import.meta.url);
const PACKAGE = fileURLToPath(new URL('../..', import.meta.url));

/** The version of this package, which the binaries must be of. */
export const VERSION: string = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')).version;

/** Where a binary may be. */
export interface Candidate {
  /** As a failure names it. */
  origin: string;
  path: string;
  /** Loads it in another way than `require` does. */
  load?: (path: string) => unknown;
  /** Why it is not even looked at. */
  unfit?: string;
}

/** No binary of the package can be loaded. */
export class BinaryError extends Error {
  override readonly name = 'BinaryError';
  readonly code = 'NO_BINARY';
  constructor(
    message: string,
    /** Every place that was tried, and what was wrong there. */
    readonly attempts: readonly Attempt[],
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What this machine has compiled itself, by `npx nb201 build` or in a checkout. */
export const localBuild = (name: BinaryName): Candidate => ({
  origin: 'local build',
  path: join(PACKAGE, 'build/Release', `${name}.node`),
});

/** A binary in a package of its own, where that is installed. */
export function packaged(packageName: string, name: BinaryName): Candidate {
  let manifest: string;
  try {
    manifest = require.resolve(`${packageName}/package.json`);
  } catch {
    return { origin: packageName, path: '', unfit: 'not installed' };
  }
  const path = join(dirname(manifest), `${name}.node`);
  const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
  if (version === VERSION) return { origin: packageName, path };
  return { origin: packageName, path, unfit: `version ${version}, where ${VERSION} is needed` };
}

/** The binary that a variable names; undefined where it is not set. */
export function named(name: BinaryName): Candidate | undefined {
  const variable = BINARY_VARIABLES[name];
  const path = process.env[variable];
  return path ? { origin: variable, path } : undefined;
}

/** Where the reader may be, the best place first. */
export function readerCandidates(): Candidate[] {
  const only = named('reader');
  if (only) return [only];
  return [localBuild('reader'), packaged(platformPackage(platformKey(thisSystem())), 'reader')];
}

/**
 * Loads the first of these that is there, loads, and is of this package's version.
 * @throws BinaryError with every attempt, its reason and the likely fix
 */
export function loadBinary<T>(name: BinaryName, candidates: Iterable<Candidate>): { binary: T; path: string } {
  const attempts: Attempt[] = [];
  let cause: unknown;
  for (const { origin, path, load = require, unfit } of candidates) {
    const failed = (reason: string, kind: Attempt['kind']) => attempts.push({ origin, path, reason, kind });
    if (unfit) failed(unfit, path ? 'version' : 'missing');
    else if (!existsSync(path)) failed('not there', origin === BINARY_VARIABLES[name] ? 'variable' : 'missing');
    else {
      try {
        const binary = load(path) as T & { version?: string };
        if (binary.version === VERSION) return { binary, path };
        failed(`version ${binary.version ?? 'unknown'}, where ${VERSION} is needed`, 'version');
      } catch (error) {
        cause ??= error;
        const { reason, kind } = explain(error);
        failed(reason, kind);
      }
    }
  }
  throw new BinaryError(failureText(name, VERSION, attempts, thisSystem()), attempts, { cause });
}
