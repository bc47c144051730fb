// Programs and libraries of PyPI, unpacked under .cache and installed nowhere.
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, run } from './support.mjs';

function pythonWithPip() {
  const python = ['python3', '/usr/bin/python3'].find((candidate) => {
    try {
      return run(candidate, ['-m', 'pip', '--version']);
    } catch {
      return false;
    }
  });
  if (!python) throw new Error('python3 with pip is needed');
  return python;
}

/** The folder of a package, fetched where it is missing, and the Python that it is for. */
export function fromPyPI(name, version) {
  const folder = join(CACHE, `${name}-${version}`);
  const python = pythonWithPip();
  if (!existsSync(folder)) {
    rmSync(`${folder}.part`, { recursive: true, force: true });
    run(python, ['-m', 'pip', 'install', '-q', '--no-deps', '--target', `${folder}.part`, `${name}==${version}`]);
    renameSync(`${folder}.part`, folder);
  }
  return { folder, python };
}
