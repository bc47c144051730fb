import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, npm } from './run.js';

/** The Nodes that an installation has to work with, as npm carries them. */
export const NODE_VERSIONS = ['20.20.2', '22.23.3', '24.21.0', '26.10.0'] as const;

/** The program of a version of Node: this one, or npm's, kept in `.cache`. */
export const nodeOf = (version: string): string =>
  version === process.versions.node ? process.execPath : join(CACHE, 'nodes', version, 'bin/node');

/** Fetches a version where it is missing. */
export async function fetchNode(version: string): Promise<void> {
  const folder = join(CACHE, 'nodes', version);
  const program = nodeOf(version);
  if (!existsSync(program)) {
    mkdirSync(join(CACHE, 'nodes'), { recursive: true });
    const making = mkdtempSync(`${folder}.`);
    const name = `node-${process.platform}-${process.arch}`;
    const [packed] = JSON.parse(await npm(['pack', '--json', `${name}@${version}`], making));
    const unpacked = spawnSync('tar', ['-xzf', packed.filename, '--strip-components=1', 'package/bin/node'], {
      cwd: making,
    });
    if (unpacked.status !== 0) throw new Error(`${packed.filename}: ${unpacked.stderr}`);
    rmSync(join(making, packed.filename));
    renameSync(making, folder);
  }
}
