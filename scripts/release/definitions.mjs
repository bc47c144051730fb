// The package.json of every package as it is published.
import { join } from 'node:path';
import { PLATFORMS, platformPackage, TORCH_LINES, torchPackage } from './platforms.mjs';
import { ROOT, readJson, VERSION } from './support.mjs';

/** The packages of the repository, in the order in which they depend on one another. */
export const PARENTS = ['core-native', 'api', 'converters', 'cli'];

// Known where the release is made; provenance needs it.
const repository = process.env.GITHUB_REPOSITORY && {
  repository: { type: 'git', url: `git+https://github.com/${process.env.GITHUB_REPOSITORY}.git` },
};

const common = {
  version: VERSION,
  license: 'MIT',
  keywords: ['nas-bench-201', 'neural-architecture-search', 'nas', 'benchmark', 'pytorch', 'pickle'],
  ...repository,
  publishConfig: { access: 'public', provenance: true },
};

const onlyOn = ({ os, cpu, libc }) => ({ os: [os], cpu: [cpu], ...(libc && { libc: [libc] }) });

export const platformDefinition = (platform) => ({
  name: platformPackage(platform.key),
  description: `The reader of @nas-bench-201/core-native for ${platform.key}`,
  ...common,
  ...onlyOn(platform),
  engines: { node: '>=20' },
  main: './reader.node',
  files: ['reader.node', 'THIRD-PARTY-NOTICES'],
});

export const torchDefinition = (line) => ({
  name: torchPackage(line),
  description: `The networks of @nas-bench-201/core-native for the libtorch ${line.version} of ${line.of} on ${line.platform.key}; brings no libtorch`,
  ...common,
  ...onlyOn(line.platform),
  engines: { node: '>=20' },
  main: './torch.node',
  files: ['torch.node', 'THIRD-PARTY-NOTICES'],
});

/** @throws where the packages are not all of one version */
export function parentDefinition(parent) {
  const { scripts, devDependencies, private: _, ...kept } = readJson(join(ROOT, 'packages', parent, 'package.json'));
  for (const [name, version] of [[kept.name, kept.version], ...Object.entries(kept.dependencies ?? {})]) {
    if (/^(@nas-bench-201\/|nas-bench-201$)/.test(name) && version !== VERSION) {
      throw new Error(`${kept.name}: expected ${name} of version ${VERSION}, found ${version}`);
    }
  }
  const definition = { ...kept, ...common, files: [...kept.files, 'CHANGELOG.md'] };
  // A range in the repository, since to raise the version of a peer would make every release a major one.
  if (kept.peerDependencies?.['@nas-bench-201/converters']) {
    definition.peerDependencies = { ...kept.peerDependencies, '@nas-bench-201/converters': VERSION };
  }
  if (parent !== 'core-native') return definition;
  const torchPackages = TORCH_LINES.map(torchPackage);
  return {
    ...definition,
    files: [...definition.files, 'third_party', 'THIRD-PARTY-NOTICES'],
    optionalDependencies: Object.fromEntries(PLATFORMS.map(({ key }) => [platformPackage(key), VERSION])),
    // Opt-in: named here so that package managers which hide what is not declared let it be found.
    peerDependencies: Object.fromEntries(torchPackages.map((name) => [name, VERSION])),
    peerDependenciesMeta: Object.fromEntries(torchPackages.map((name) => [name, { optional: true }])),
  };
}
