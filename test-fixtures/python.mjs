// The Python that tests and benchmarks compare with.
import { spawnSync } from 'node:child_process';

/** Debian's python3, which has torch, or any other that can import all of these; undefined where there is none. */
export function findPython(modules, env = process.env) {
  return ['/usr/bin/python3', 'python3'].find(
    (python) => spawnSync(python, ['-c', `import ${modules}`], { stdio: 'ignore', env }).status === 0,
  );
}
