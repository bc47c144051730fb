import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { installedLibtorch, libtorchCache, libtorchVersion } from '@nas-bench-201/core-native/libtorch';
import { CommandError } from '../failure.js';
import { type DownloadOptions, download, sha256Of } from './download.js';
import { fileNameOf, RELEASES, type Release, releaseNamed } from './releases.js';
import { unpack } from './unpack.js';

export interface Request {
  /** Of the table; undefined with `from`. */
  release?: Release;
  /** A file, or an address. */
  from?: string;
  /** In place of the one that is known. */
  sha256?: string;
  /** Takes a file that no sum is known of. */
  unverified?: boolean;
  /** Replaces what is installed under this name. */
  force?: boolean;
}

export interface Installed {
  folder: string;
  version: string;
  /** Whether it was there already. */
  already: boolean;
}

export type Step = 'download' | 'verify' | 'unpack';
export type OnStep = (step: Step, bytes: number, total: number) => void;

const isAddress = (source: string): boolean => /^https?:\/\//i.test(source);

/** The newest release of a version, or of any, that there is for this platform. @throws CommandError */
export function chooseRelease(version: string | undefined, cuda: boolean): Release {
  const platform = `${process.platform}-${process.arch}`;
  const fitting = RELEASES.filter((release) => release.platform === platform);
  const found = fitting.find(
    (release) => (version === undefined || release.version === version) && (release.variant !== 'cpu') === cuda,
  );
  if (found) return found;
  const known = fitting.map((release) => `${release.version} (${release.variant})`).join(', ') || 'none';
  throw new CommandError(
    'NOTHING_FOUND',
    `no libtorch ${version ?? ''}${cuda ? ' with CUDA' : ''} for ${platform} has a known checksum (known: ${known}). ` +
      'Take the address from https://pytorch.org/get-started/locally and give it with --from and --sha256',
  );
}

/**
 * Fetches, verifies and unpacks a libtorch into the user's cache, where building and loading find it from then on. It
 * appears there complete or not at all.
 * @throws CommandError
 */
export async function install(request: Request, signal: AbortSignal, onStep: OnStep): Promise<Installed> {
  const source = request.from ?? request.release!.url;
  const name = fileNameOf(source);
  const release = request.release ?? releaseNamed(name);
  const expected = (request.sha256 ?? release?.sha256)?.toLowerCase();
  if (!expected && !request.unverified) {
    throw new CommandError(
      'NO_CHECKSUM',
      `no SHA-256 of ${name} is known: give the one that its publisher states (--sha256), or take it as it is (--no-verify)`,
    );
  }
  const cache = libtorchCache();
  await mkdir(cache, { recursive: true });
  const options = (step: Step): DownloadOptions => ({
    signal,
    onProgress: (bytes, total) => onStep(step, bytes, total),
  });

  if (release && expected === release.sha256 && !request.force) {
    const folder = join(cache, folderName(release.version, release.variant));
    if (libtorchVersion(folder)) return use(folder, true);
  }
  const downloaded = isAddress(source) ? join(cache, `${name}.part`) : undefined;
  if (downloaded) await download(source, downloaded, options('download'));
  const zip = downloaded ?? source;
  const found = await sha256Of(zip, options('verify'));
  if (expected && found !== expected) {
    if (downloaded) await rm(downloaded);
    const removed = downloaded ? '; what was fetched is removed' : '';
    throw new CommandError('BAD_CHECKSUM', `${source}: expected the SHA-256 ${expected}, found ${found}${removed}`);
  }

  const making = await mkdtemp(join(cache, '.unpacking-'));
  try {
    await unpack(zip, making, options('unpack'));
    const root = await rootOf(making);
    const version = root && libtorchVersion(root);
    if (!version) throw new CommandError('BAD_ARCHIVE', `${source}: this is no libtorch with headers`);
    const folder = join(cache, folderName(version, release?.variant ?? found.slice(0, 8)));
    // What is there is of the same sum, or not wanted any more.
    await rm(folder, { recursive: true, force: true });
    await rename(root, folder);
    if (downloaded) await rm(downloaded);
    return await use(folder, false);
  } catch (error) {
    // Once more it would be the same.
    if (downloaded && error instanceof CommandError && error.code === 'BAD_ARCHIVE') await rm(downloaded);
    throw error;
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}

const folderName = (version: string, variant: string): string => `${version}-${variant}`;

/** PyTorch's zips have everything in a folder `libtorch`. */
async function rootOf(unpacked: string): Promise<string | undefined> {
  for (const root of [join(unpacked, 'libtorch'), unpacked]) {
    const libraries = await readdir(join(root, 'lib')).catch(() => []);
    if (libraries.some((library) => /^(lib)?torch_cpu\.(so|dylib|dll)$/.test(library))) return root;
  }
  return undefined;
}

/** Lets it be the one that is found. */
async function use(folder: string, already: boolean): Promise<Installed> {
  const current = join(libtorchCache(), 'current');
  await writeFile(`${current}.${process.pid}`, `${basename(folder)}\n`);
  await rename(`${current}.${process.pid}`, current);
  return { folder, version: libtorchVersion(folder)!, already };
}

/** What `install` has installed, and which of it is used. */
export async function installed(): Promise<{ folder: string; version: string; current: boolean }[]> {
  const cache = libtorchCache();
  const current = installedLibtorch();
  const names = await readdir(cache).catch(() => []);
  const folders = names.filter((name) => !name.startsWith('.')).map((name) => join(cache, name));
  const found = [];
  for (const folder of folders) {
    const version = (await stat(folder)).isDirectory() && libtorchVersion(folder);
    if (version) found.push({ folder, version, current: folder === current });
  }
  return found;
}
