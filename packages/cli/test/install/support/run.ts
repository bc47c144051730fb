import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const ROOT = fileURLToPath(new URL('../../../../../', import.meta.url));
export const CACHE = join(ROOT, '.cache');

export interface Outcome {
  code: number | null;
  signal: string | null;
  out: string;
  err: string;
}

export function run(
  program: string,
  args: readonly string[],
  { cwd, env = process.env }: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Outcome {
  const { status, signal, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: 120_000,
    ...(cwd && { cwd }),
    env,
  });
  if (error) throw error;
  return { code: status, signal, out: stdout, err: stderr };
}

/** As `run`. @throws where the program fails */
export function succeeds(
  program: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Outcome {
  const outcome = run(program, args, options);
  if (outcome.code !== 0)
    throw new Error(`${program} ${args.join(' ')}: ${outcome.code}\n${outcome.out}${outcome.err}`);
  return outcome;
}

/** Beside Node itself, whichever runs this. */
const NPM = join(dirname(realpathSync(run('sh', ['-c', 'command -v npm']).out.trim())), 'npm-cli.js');

/** Runs what may ask a server of this process. @throws where it fails */
export async function runBeside(
  program: string,
  args: readonly string[],
  cwd: string,
  env = process.env,
): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, args, { cwd, env, maxBuffer: 1 << 28, timeout: 240_000 });
    return stdout;
  } catch (error) {
    const { message, stdout } = error as Error & { stdout?: string };
    throw new Error(`${message}\n${stdout}`);
  }
}

/** What npm prints. */
export const npm = (args: readonly string[], cwd: string, env?: NodeJS.ProcessEnv): Promise<string> =>
  runBeside(process.execPath, [NPM, ...args], cwd, env);

/** An environment whose PATH has a shell and this Node, and no compiler. */
export function withoutCompilers(folder: string): NodeJS.ProcessEnv {
  mkdirSync(folder, { recursive: true });
  const link = (program: string, name: string) => symlinkSync(program, join(folder, name));
  link(process.execPath, 'node');
  for (const name of ['sh', 'tar']) link(run('sh', ['-c', `command -v ${name}`]).out.trim(), name);
  return { ...bare(), PATH: folder };
}

/** This environment without what npm, vitest and the project's own variables would pass on. */
export function bare(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_(?!config_)|NB201_|LIBTORCH|NODE_|VITEST)/i.test(name)),
  );
}
