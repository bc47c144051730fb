// Builds torch.node for each line of libtorch that there is a package for, with this system's compiler: 1.13 against
// Debian's libtorch-dev, newer ones against PyPI's torch (scripts/fetch-torch.sh).
//   node scripts/release/build-torch.mjs [1.13 …]      default: all
import { copyFileSync, mkdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { TORCH_LINES } from './platforms.mjs';
import { CACHE, CORE, ROOT, run } from './support.mjs';

const DEBIAN = '1.13';
const cmakeJs = join(createRequire(join(CORE, 'package.json')).resolve('cmake-js/package.json'), '../bin/cmake-js');

function build(version) {
  const folder = join(CACHE, 'torch-addons', version);
  mkdirSync(folder, { recursive: true });
  const { NB201_LIBTORCH, LIBTORCH, ...env } = process.env;
  if (version !== DEBIAN) {
    env.NB201_LIBTORCH = join(run('bash', [join(ROOT, 'scripts/fetch-torch.sh'), `${version}.0`]).trim(), 'torch');
  }
  const out = ['--out', join(folder, 'build')];
  const definitions = {
    CMAKE_BUILD_TYPE: 'Release',
    NB201_PREBUILT: 'ON',
    // libtorch is where the loader puts a link to it, or where the system has it.
    CMAKE_BUILD_WITH_INSTALL_RPATH: 'ON',
    CMAKE_INSTALL_RPATH: '$ORIGIN/lib',
  };
  const options = Object.entries(definitions).map(([name, value]) => `--CD${name}=${value}`);
  const configured = run(process.execPath, [cmakeJs, 'configure', ...out, ...options], { cwd: CORE, env });
  const found = /^-- libtorch (\S+)/m.exec(configured)?.[1];
  if (!found?.startsWith(`${version}.`)) throw new Error(`libtorch ${version} is needed, found ${found ?? 'none'}`);
  run(process.execPath, [cmakeJs, 'build', ...out, '--target', 'compute', '--parallel', '2'], { cwd: CORE, env });
  const addon = join(folder, 'torch.node');
  copyFileSync(join(folder, 'build/Release/torch.node'), addon);
  run('strip', ['--strip-unneeded', addon]);
  const needed = [...run('readelf', ['-dW', addon]).matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(([, name]) => name);
  console.log(`libtorch ${version}: built for ${found}, ${statSync(addon).size} bytes, needs ${needed.join(' ')}`);
}

const asked = process.argv.slice(2);
for (const { version } of TORCH_LINES) if (asked.length === 0 || asked.includes(version)) build(version);
