import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What is fetched and built, and can be made again. */
export const CACHE = join(ROOT, '.cache');
export const CORE = join(ROOT, 'packages/core-native');

export const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** The version of all packages. */
export const VERSION = readJson(join(CORE, 'package.json')).version;

/** Runs a program; what it prints is the answer. @throws where it fails, with what it said */
export function run(program, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    ...options,
  });
  if (error) throw error;
  if (status !== 0)
    throw new Error(`${program} ${args.join(' ')}: exit code ${status}\n${stdout ?? ''}${stderr ?? ''}`);
  return stdout;
}
