import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The built command. */
export const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** What a command printed, and its exit code. */
export interface Outcome {
  code: number | null;
  out: string;
  err: string;
}

/** Runs the command as a user does: `node dist/main.js`. */
export function runCli(
  args: readonly string[],
  { env = {}, timeout = 60_000 }: { env?: NodeJS.ProcessEnv; timeout?: number } = {},
): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout,
    env: { ...process.env, ...env },
  });
  return { code: status, out: stdout, err: stderr };
}

export const cli = (...args: string[]): Outcome => runCli(args);
