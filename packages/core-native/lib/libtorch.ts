import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { compileCommand } from './binary/failure.js';
import { type Candidate, localBuild, named, packaged, VERSION } from './binary/load.js';
import { platformKey, platformPackage, thisSystem } from './binary/system.js';
import { cacheFolder } from './cache-folder.js';

/** A libtorch with its headers: a folder with `include` and `lib`. */
export interface LibtorchFolder {
  /** Who names it: `NB201_LIBTORCH`, `LIBTORCH`, `nb201 libtorch` or `python3`. */
  from: string;
  root: string;
  /** As its header has it: `1.13.1`. */
  version: string;
}

/** The versions of libtorch that there are packages with a prebuilt addon for; each is one binary interface. */
const PREBUILT_FOR = ['1.13', '2.15'] as const;

/** Where `nb201 libtorch install` keeps what it unpacks. The file `current` in it names the folder that is used. */
export const libtorchCache = (): string => join(cacheFolder(), 'libtorch');

/** The folder that `nb201 libtorch install` installed last, or that was chosen since. */
export function installedLibtorch(): string | undefined {
  let name: string;
  try {
    name = readFileSync(join(libtorchCache(), 'current'), 'utf8').trim();
  } catch {
    return undefined;
  }
  return name === basename(name) && name !== '' ? join(libtorchCache(), name) : undefined;
}

const VERSION_HEADERS = ['torch/headeronly/version.h', 'torch/csrc/api/include/torch/version.h'];

/** The version of the libtorch in a folder; undefined where there is none, or none with headers. */
export function libtorchVersion(root: string): string | undefined {
  for (const header of VERSION_HEADERS) {
    const path = join(root, 'include', header);
    if (!existsSync(path)) continue;
    const text = readFileSync(path, 'utf8');
    const parts = ['MAJOR', 'MINOR', 'PATCH'].map(
      (part) => new RegExp(`^#define TORCH_VERSION_${part} (\\d+)`, 'm').exec(text)?.[1],
    );
    if (parts.every((part) => part !== undefined)) return parts.join('.');
  }
  return undefined;
}

const FIND_PYTHONS =
  "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')";

/** The folders that are looked into for libtorch (cmake/FindLibtorch.cmake does the same), best first. */
export function libtorchPlaces(): { from: string; root: string | undefined }[] {
  const python = spawnSync('python3', ['-c', FIND_PYTHONS], { encoding: 'utf8', timeout: 10_000 });
  return [
    { from: 'NB201_LIBTORCH', root: process.env.NB201_LIBTORCH || undefined },
    { from: 'LIBTORCH', root: process.env.LIBTORCH || undefined },
    { from: 'nb201 libtorch', root: installedLibtorch() },
    { from: 'python3', root: (python.status === 0 && python.stdout.trim()) || undefined },
  ];
}

function libtorchFolders(): LibtorchFolder[] {
  return libtorchPlaces().flatMap(({ from, root }) => {
    const version = root && libtorchVersion(root);
    return root && version ? [{ from, root, version }] : [];
  });
}

/**
 * Loads a prebuilt addon with a certain libtorch. It looks for libtorch in the folder `lib` beside it, so a copy of it is
 * kept where such a link can be.
 */
function loadWith(addon: string, { root }: LibtorchFolder): unknown {
  const bytes = createHash('sha256').update(readFileSync(addon)).update(root).digest('hex').slice(0, 16);
  const folder = join(cacheFolder(), 'addons', `${VERSION}-${bytes}`);
  const path = join(folder, basename(addon));
  if (!existsSync(path)) {
    const made = `${folder}.${process.pid}`;
    rmSync(made, { recursive: true, force: true });
    mkdirSync(made, { recursive: true });
    symlinkSync(join(root, 'lib'), join(made, 'lib'));
    copyFileSync(addon, join(made, basename(addon)));
    try {
      renameSync(made, folder);
    } catch (error) {
      // Another process was faster.
      rmSync(made, { recursive: true, force: true });
      if (!existsSync(path)) throw error;
    }
  }
  return createRequire(import.meta.url)(path);
}

function* prebuiltFor(line: string): Generator<Candidate> {
  const addon = packaged(platformPackage(`libtorch-${line}-${platformKey(thisSystem())}`), 'torch');
  // Nobody has it who did not ask for it.
  if (!addon.path) return;
  if (addon.unfit) return yield addon;
  for (const libtorch of libtorchFolders()) {
    if (!libtorch.version.startsWith(`${line}.`)) continue;
    yield {
      ...addon,
      origin: `${addon.origin} with libtorch ${libtorch.version} in ${libtorch.root}`,
      load: (path) => loadWith(path, libtorch),
    };
  }
  yield { ...addon, origin: `${addon.origin} with the system's libtorch` };
}

/** Where the addon that computes may be, the best place first. */
export function* torchCandidates(): Generator<Candidate> {
  const only = named('torch');
  if (only) return yield only;
  yield localBuild('torch');
  for (const line of PREBUILT_FOR) yield* prebuiltFor(line);
}

/** How to get libtorch, and an addon for it, on this system. */
export function libtorchAdvice(): string {
  const install = thisSystem().debian
    ? 'apt-get install --no-install-recommends libtorch-dev libopenblas0'
    : 'python3 -m pip install torch';
  return `install libtorch (npx nb201 libtorch install, or ${install}) or set NB201_LIBTORCH to the folder of one (with include and lib), then compile the addon for it (npx nb201 build --torch, or ${compileCommand('torch')})`;
}
