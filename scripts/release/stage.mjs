// Puts together and packs every package as it is published, platforms first, parents last, and checks each: publint, attw,
// the files that have to be in it. What is packed lies in .cache/packages, in the order of order.json.
//   node scripts/release/stage.mjs                  everything; every binary has to be there (build-readers.mjs,
//                                                   build-torch.mjs)
//   node scripts/release/stage.mjs linux-x64-gnu    these platforms' readers alone
//   node scripts/release/stage.mjs --local          the addon that was compiled here, in the place of a prebuilt one
// --unchecked leaves the checks out.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkPackage } from './check-package.mjs';
import { PARENTS, parentDefinition, platformDefinition, torchDefinition } from './definitions.mjs';
import { PLATFORMS, TORCH_LINES } from './platforms.mjs';
import { CACHE, CORE, ROOT, run } from './support.mjs';
import { THIRD_PARTY_FILES, thirdPartySources } from './third-party.mjs';

const local = process.argv.includes('--local');
const asked = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const whole = !local && asked.length === 0;
const checked = !process.argv.includes('--unchecked');
const OUT = join(CACHE, 'packages');
const NOTICES = 'THIRD-PARTY-NOTICES';

function begin(definition, readme) {
  const folder = join(OUT, definition.name.replace('/', '+'));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(definition, null, 2)}\n`);
  writeFileSync(join(folder, 'README.md'), readme);
  cpSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
  return folder;
}

function binaryPackage(definition, binary, readme) {
  const folder = begin(definition, `# ${definition.name}\n\n${definition.description}. ${readme}\n`);
  cpSync(binary, join(folder, definition.main));
  cpSync(join(ROOT, NOTICES), join(folder, NOTICES));
  return folder;
}

function platformPackages() {
  const packages = [];
  for (const platform of PLATFORMS) {
    const here = platform.os === process.platform && platform.cpu === process.arch && platform.libc !== 'musl';
    if (!whole && !(local ? here : asked.includes(platform.key))) continue;
    const binary = local ? strippedAddon('reader.node') : join(CACHE, 'readers', platform.key, 'reader.node');
    packages.push(
      binaryPackage(
        platformDefinition(platform),
        binary,
        'It is installed with `nas-bench-201`, as an optional dependency: there is no need to ask for it.',
      ),
    );
  }
  for (const line of TORCH_LINES) {
    const binary = join(CACHE, 'torch-addons', line.version, 'torch.node');
    if (!whole && !existsSync(binary)) continue;
    packages.push(
      binaryPackage(
        torchDefinition(line),
        binary,
        `Install it beside \`nas-bench-201\` where the libtorch ${line.version} of ${line.of} is: it is found in \`NB201_LIBTORCH\`, ` +
          'in what `nb201 libtorch install` has installed, in the torch that `python3` imports, or in the system.',
      ),
    );
  }
  return packages;
}

/** What was compiled here, without its symbols. */
function strippedAddon(name) {
  const folder = join(CACHE, 'local-addon');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  cpSync(join(CORE, 'build/Release', name), path);
  if (process.platform === 'linux') run('strip', ['--strip-unneeded', path]);
  return path;
}

async function parentPackages() {
  const packages = [];
  for (const parent of PARENTS) {
    const from = join(ROOT, 'packages', parent);
    const folder = begin(parentDefinition(parent), readFileSync(join(from, 'README.md')));
    for (const name of parentDefinition(parent).files) {
      if (!name.startsWith('!') && existsSync(join(from, name)))
        cpSync(join(from, name), join(folder, name), { recursive: true });
    }
    if (existsSync(join(from, 'CHANGELOG.md'))) cpSync(join(from, 'CHANGELOG.md'), join(folder, 'CHANGELOG.md'));
    if (parent === 'core-native') {
      cpSync(join(ROOT, NOTICES), join(folder, NOTICES));
      await copySources(join(folder, 'third_party'));
    }
    packages.push(folder);
  }
  return packages;
}

async function copySources(folder) {
  let sources;
  try {
    sources = await thirdPartySources();
  } catch (error) {
    if (whole) throw error;
    console.warn(`WITHOUT the sources of zlib and bzip2, which could not be fetched: ${error.message}`);
    return;
  }
  for (const library of ['zlib', 'bzip2']) {
    mkdirSync(join(folder, library), { recursive: true });
    for (const name of readdirSync(join(sources, library)).filter((file) => THIRD_PARTY_FILES.test(file))) {
      cpSync(join(sources, library, name), join(folder, library, name));
    }
  }
}

rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });
const order = [];
let wrong = 0;
for (const folder of [...platformPackages(), ...(await parentPackages())]) {
  const [packed] = Object.values(JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts'], { cwd: folder })));
  const tarball = packed.filename.replace('@', '').replace('/', '-');
  renameSync(join(folder, tarball), join(OUT, tarball));
  order.push({ name: packed.name, version: packed.version, tarball });
  console.log(
    `${packed.name}@${packed.version}: ${packed.files.length} files, ${(packed.size / 1000).toFixed(0)} kB packed, ${(packed.unpackedSize / 1000).toFixed(0)} kB unpacked`,
  );
  if (!checked) continue;
  for (const problem of await checkPackage(
    folder,
    join(OUT, tarball),
    packed.files.map(({ path }) => path),
  )) {
    console.error(`  WRONG: ${problem}`);
    wrong++;
  }
}
writeFileSync(join(OUT, 'order.json'), `${JSON.stringify(order, null, 2)}\n`);
if (wrong) process.exitCode = 1;
