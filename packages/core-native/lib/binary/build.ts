import { spawn, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { availableParallelism, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { libtorchAdvice } from '../libtorch.js';
import { type BinaryName, localBuild } from './load.js';
import { thisSystem } from './system.js';

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url));
const TARGETS = { reader: 'reader', torch: 'compute' } as const;
/** What compiling one file takes at most, with libtorch's headers. */
const BYTES_A_COMPILER = 1.5e9;

/** A binary could not be compiled. */
export class BuildError extends Error {
  override readonly name = 'BuildError';
  constructor(
    readonly code: 'NO_COMPILER' | 'NO_LIBTORCH' | 'BUILD_FAILED',
    message: string,
  ) {
    super(message);
  }
}

export interface BuildOptions {
  /** Told what cmake and the compiler print, as it comes. */
  onOutput?: (text: string) => void;
  signal?: AbortSignal;
}

/**
 * Compiles a binary of this package into its folder, where it is found first, with g++ (or the system's C++ compiler)
 * and cmake and without a download. The addon that computes is compiled for the libtorch that is found.
 * @returns where it is
 * @throws BuildError
 */
export async function buildBinary(name: BinaryName, options: BuildOptions = {}): Promise<string> {
  needTools();
  const configured = await cmake(['configure', '--CDCMAKE_BUILD_TYPE=Release'], options);
  if (name === 'torch' && !/^-- libtorch \d/m.test(configured)) {
    throw new BuildError('NO_LIBTORCH', `found no libtorch of version 1.13 or newer: ${libtorchAdvice()}`);
  }
  const parallel = Math.max(1, Math.min(availableParallelism(), Math.floor(totalmem() / BYTES_A_COMPILER)));
  await cmake(['build', '--target', TARGETS[name], '--parallel', String(parallel)], options);
  return localBuild(name).path;
}

function needTools(): void {
  const answers = (program: string) => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
  const compilers = [process.env.CXX, 'c++', 'g++', 'clang++'].filter((program) => program !== undefined);
  const missing = [
    ...(answers('cmake') ? [] : ['cmake']),
    ...(process.platform === 'win32' || compilers.some(answers) ? [] : ['a C++ compiler']),
  ];
  if (missing.length === 0) return;
  const install = thisSystem().debian ? ': apt-get install g++ cmake make' : '';
  throw new BuildError('NO_COMPILER', `${missing.join(' and ')} not found, which compiling takes${install}`);
}

/** Runs cmake-js, which knows where Node's headers are, in this package's folder. */
function cmake(args: readonly string[], { onOutput, signal }: BuildOptions): Promise<string> {
  const manifest = createRequire(import.meta.url).resolve('cmake-js/package.json');
  const program = join(dirname(manifest), 'bin/cmake-js');
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args, '--out', 'build'], {
      cwd: PACKAGE,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(signal && { signal }),
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        onOutput?.(text);
      });
    }
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new BuildError('BUILD_FAILED', `cmake failed:\n${output.trim().split('\n').slice(-20).join('\n')}`));
    });
  });
}
