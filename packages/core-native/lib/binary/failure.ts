import { fileURLToPath } from 'node:url';
import type { BinaryName } from './load.js';
import { platformKey, platformPackage, type System } from './system.js';

/** What was wrong with a binary, as far as that tells what to do. */
export type FailureKind =
  | 'missing'
  | 'variable'
  | 'version'
  | 'disabled'
  | 'old-glibc'
  | 'musl'
  | 'old-node'
  | 'corrupt'
  | 'libtorch'
  | 'other';

export interface Attempt {
  /** Where the binary is from. */
  origin: string;
  /** Empty where there is none. */
  path: string;
  reason: string;
  kind: FailureKind;
}

const OLDEST_NODE = 20;

/** The platforms with a package of their own (scripts/release/platforms.mjs). */
const PREBUILT = [
  'linux-x64-gnu',
  'linux-arm64-gnu',
  'linux-x64-musl',
  'darwin-arm64',
  'darwin-x64',
  'win32-x64',
] as const;

/** What the system's loader said, sorted by what helps. Texts: glibc's, musl's, macOS' and Windows'. */
const KINDS: readonly [RegExp, FailureKind][] = [
  [/ERR_DLOPEN_DISABLED|loading addons is disabled/, 'disabled'],
  [/GLIBC_[\d.]+' not found/, 'old-glibc'],
  [/ld-musl|libc\.musl|Error (loading|relocating)/, 'musl'],
  [
    /lib(torch|c10)\w*\.(so|dylib)|torch\w*\.dll|(undefined symbol|Symbol not found): _?_ZN?K?\d*(2at|3c10|5torch)/,
    'libtorch',
  ],
  [/NODE_MODULE_VERSION|(undefined symbol|Symbol not found): _?napi_/, 'old-node'],
  [
    /invalid ELF header|file too short|wrong ELF class|not a mach-o|not a valid Win32|truncated|file data|corrupt/i,
    'corrupt',
  ],
];

export function explain(error: unknown): { reason: string; kind: FailureKind } {
  const { code, message } = error as { code?: string; message: string };
  const text = `${code ?? ''} ${message}`;
  const kind = KINDS.find(([pattern]) => pattern.test(text))?.[1] ?? 'other';
  return { reason: message.split('\n')[0]!, kind };
}

const COMPILERS = { debian: 'apt-get install g++ cmake make', other: 'a C++17 compiler, make and CMake 3.19 or newer' };

const COMPILE = fileURLToPath(new URL('compile.js', import.meta.url));

/** The command that compiles a binary in this very installation, whatever it was installed with. */
export const compileCommand = (name: BinaryName): string => `node '${COMPILE}'${name === 'torch' ? ' --torch' : ''}`;

/** The same, and what that takes. */
function compile(name: BinaryName, { debian }: System): string {
  return `${compileCommand(name)}\n  (takes ${debian ? COMPILERS.debian : COMPILERS.other}, and downloads nothing; npx nb201 build does the same where the command is installed)`;
}

/** What most likely helps, with the exact command for this system. */
function likelyFix(name: BinaryName, version: string, attempts: readonly Attempt[], system: System): string {
  if (Number.parseInt(system.node, 10) < OLDEST_NODE) {
    return `Node ${system.node} is too old, ${OLDEST_NODE} or newer is needed: npx --package node@22 -- node …`;
  }
  // The last that was there tells most; a variable stands alone.
  const telling = attempts.findLast(({ kind }) => kind !== 'missing');
  const key = platformKey(system);
  const install = `npm install ${platformPackage(key)}@${version}`;
  const prebuilt = (PREBUILT as readonly string[]).includes(key);
  switch (telling?.kind) {
    case 'disabled':
      return 'Node was told to load no addons: start it without --no-addons (look into NODE_OPTIONS, too).';
    case 'old-glibc':
      return `this system's glibc (${system.libcVersion ?? 'unknown'}) is older than the binary needs. Compile it here:\n  ${compile(name, system)}`;
    case 'musl':
      return `the binary is for another libc than this system's ${system.libc ?? 'one'}. Compile it here:\n  ${compile(name, system)}`;
    case 'old-node':
      return `the binary is for another Node than ${system.node}. Compile it here:\n  ${compile(name, system)}`;
    case 'libtorch':
      return 'the libtorch that was found is none, or none of the version that this binary was compiled for.';
    case 'variable':
      return `${telling.origin} names a file that is not there. Unset it, or let it name a binary of version ${version}.`;
    case 'corrupt':
      return telling.origin === 'local build' || name === 'torch'
        ? `the file is damaged, or for another kind of machine. Compile it again:\n  ${compile(name, system)}`
        : `the file is damaged, or for another kind of machine. Install it again:\n  npm uninstall --no-save ${telling.origin} && ${install}`;
    case 'version':
      return telling.origin === 'local build'
        ? `what was compiled here is of another version. Compile it again:\n  ${compile(name, system)}`
        : `the packages are of different versions, which an old lock file can bring about. All of version ${version}:\n  npm install nas-bench-201@${version}`;
    case 'other':
      return `compile it here:\n  ${compile(name, system)}`;
  }
  if (name === 'torch') return '';
  if (!prebuilt) return `there is no binary for ${key}. Compile it here:\n  ${compile(name, system)}`;
  const musl = system.libc === 'musl' ? ' This system has musl, not glibc, so it takes a package of its own.' : '';
  return (
    `the optional dependency was left out: by --omit=optional, or by a lock file or node_modules of another system.${musl}\n` +
    `  ${install}\nor compile it here:\n  ${compile(name, system)}`
  );
}

/** The whole of it: every attempt with its reason, and what to do. */
export function failureText(name: BinaryName, version: string, attempts: readonly Attempt[], system: System): string {
  const libc = system.libc ? `, ${system.libc} ${system.libcVersion ?? ''}`.trimEnd() : '';
  const tried = attempts.map(
    ({ origin, path, reason }) => `  - ${origin}${path && !reason.includes(path) ? ` (${path})` : ''}: ${reason}`,
  );
  const fix = likelyFix(name, version, attempts, system);
  return [
    `cannot load ${name}.node ${version} (${system.platform} ${system.arch}${libc}, Node ${system.node}). Tried:`,
    ...tried,
    ...(fix ? [`Likely fix: ${fix}`] : []),
  ].join('\n');
}
