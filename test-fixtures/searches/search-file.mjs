// The benchmark file that the traces in this folder were made on: all 15,625 architectures, and of each what searches ask
// for (148 MB, 15 s to make). It is made once, of real accuracies, by a tool that is not part of the project.
//
//   node search-file.mjs        # prints its path
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findPython } from '../python.mjs';

export const TOOL = fileURLToPath(new URL('../../../shared/tools/make_search_file.py', import.meta.url));
const FILE = fileURLToPath(new URL('../../.cache/search-file/search.pth', import.meta.url));

export function searchFile() {
  if (existsSync(FILE)) return FILE;
  if (!existsSync(TOOL)) return undefined;
  mkdirSync(dirname(FILE), { recursive: true });
  // Several test processes may make it at once; the last one's takes the place of the others'.
  const own = `${FILE}.${process.pid}`;
  const python = findPython('numpy');
  if (!python || spawnSync(python, [TOOL, own], { stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0)
    return undefined;
  renameSync(own, FILE);
  return FILE;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = searchFile();
  if (!path) {
    console.error(`search-file: there is no ${TOOL}, or no python3 with numpy to run it`);
    process.exit(1);
  }
  console.log(path);
}
