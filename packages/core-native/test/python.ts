import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Tagged } from './tagged.js';

const script = fileURLToPath(new URL('../../../test-fixtures/scripts/describe_files.py', import.meta.url));

/** A Python with torch, and where its packages are if not in their usual place. */
export interface Python {
  command: string;
  path?: string | undefined;
  torch: string;
}

function findPython(commands: string[], path?: string): Python | undefined {
  for (const command of commands) {
    try {
      const run = { env: environment(path), stdio: ['ignore', 'pipe', 'ignore'] as ['ignore', 'pipe', 'ignore'] };
      const torch = execFileSync(command, ['-c', 'import numpy, torch; print(torch.__version__)'], run);
      return { command, path, torch: torch.toString().trim() };
    } catch {
      // the next one
    }
  }
  return undefined;
}

const environment = (path?: string) => ({ ...process.env, ...(path ? { PYTHONPATH: path } : {}) });

/** Debian's python3, which has torch 1.13, or any other that has one. */
export const python = findPython(['/usr/bin/python3', 'python3']);

/** A torch of today: the folder that NB201_CURRENT_TORCH names, from `pip install --target FOLDER torch numpy`. */
export const currentPython = process.env.NB201_CURRENT_TORCH
  ? findPython(['python3'], process.env.NB201_CURRENT_TORCH)
  : undefined;

/** Says why tests are skipped, where they are. */
export const without = (what: string, there: unknown): string => (there ? '' : ` (SKIPPED: there is no ${what})`);

/** What Python reads from each file, described. */
export function described(by: Python, files: string[], { weightsOnly = false } = {}): Tagged[] {
  const output = execFileSync(by.command, [script, ...(weightsOnly ? ['--weights-only'] : []), ...files], {
    env: environment(by.path),
    maxBuffer: 2 ** 28,
  });
  return output
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** Runs a Python program; its output. */
export function runPython(by: Python, program: string, ...args: string[]): string {
  return execFileSync(by.command, ['-c', program, ...args], {
    env: environment(by.path),
    maxBuffer: 2 ** 28,
  }).toString();
}
