import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveRegistry } from './registry.js';
import { bare, CACHE, npm, ROOT, runBeside, succeeds, withoutCompilers } from './run.js';

const PNPM_VERSION = '12.21.0';
const PACKAGES = join(CACHE, 'packages');

export interface Installation {
  npm: string;
  pnpm: string;
  /** What programs there are run with: no compiler is on the PATH. */
  env: NodeJS.ProcessEnv;
  remove: () => void;
}

/**
 * Packs everything and installs it outside of the repository, by npm and by pnpm, on a PATH without a compiler. The
 * reader is the one that was compiled here; `NB201_TEST_READERS=zig` takes the ones of scripts/release/build-readers.mjs.
 */
export async function installPackages(): Promise<Installation> {
  const scope = process.env.NB201_TEST_READERS === 'zig' ? [`${process.platform}-${process.arch}-gnu`] : ['--local'];
  succeeds(process.execPath, [join(ROOT, 'scripts/release/stage.mjs'), ...scope, '--unchecked'], { cwd: ROOT });
  const registry = await serveRegistry(PACKAGES, await published());
  const folder = mkdtempSync(join(tmpdir(), 'nb201-install-'));
  const env = withoutCompilers(join(folder, 'bin'));
  try {
    const place = (name: string) => {
      const made = join(folder, name);
      mkdirSync(made);
      writeFileSync(join(made, 'package.json'), JSON.stringify({ name: `with-${name}`, private: true }));
      writeFileSync(join(made, '.npmrc'), `@nas-bench-201:registry=${registry.url}\n`);
      return made;
    };
    // The one name without a scope: as a file, for nobody but the registry of all npm answers for it.
    const api = join(PACKAGES, readOrder().find(({ name }) => name === 'nas-bench-201')!.tarball);
    const byNpm = place('npm');
    const installing = npm(
      ['install', '--no-audit', '--no-fund', '--prefer-offline', api, '@nas-bench-201/cli'],
      byNpm,
      env,
    );

    const byPnpm = place('pnpm');
    writeFileSync(join(byPnpm, 'pnpm-workspace.yaml'), `packages: ['.']\noverrides:\n  nas-bench-201: 'file:${api}'\n`);
    const pnpm = await pnpmProgram();
    const wanted = [`nas-bench-201@file:${api}`, '@nas-bench-201/cli'];
    const installingToo = runBeside(process.execPath, [pnpm, 'add', '--prefer-offline', ...wanted], byPnpm, env);
    await Promise.allSettled([installing, installingToo]);
    await installing;
    await installingToo;
    return { npm: byNpm, pnpm: byPnpm, env, remove: () => rmSync(folder, { recursive: true }) };
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  } finally {
    registry.close();
  }
}

const readOrder = (): { name: string; version: string; tarball: string }[] =>
  JSON.parse(readFileSync(join(PACKAGES, 'order.json'), 'utf8'));

/** Every package as its registry would have it, those of other platforms too. */
async function published() {
  const { PLATFORMS } = await import(join(ROOT, 'scripts/release/platforms.mjs'));
  const { platformDefinition } = await import(join(ROOT, 'scripts/release/definitions.mjs'));
  const packed = readOrder().map((entry) => ({
    ...entry,
    manifest: JSON.parse(readFileSync(join(PACKAGES, entry.name.replace('/', '+'), 'package.json'), 'utf8')),
  }));
  const others = PLATFORMS.map(platformDefinition)
    .filter(({ name }: { name: string }) => !packed.some((entry) => entry.name === name))
    .map((manifest: { name: string; version: string }) => ({
      name: manifest.name,
      version: manifest.version,
      tarball: `${manifest.name.replace('/', '+')}.tgz`,
      manifest,
    }));
  return [...packed, ...others];
}

/** pnpm, kept in `.cache`. */
async function pnpmProgram(): Promise<string> {
  const folder = join(CACHE, `pnpm-${PNPM_VERSION}`);
  mkdirSync(folder, { recursive: true });
  const program = join(folder, 'node_modules/pnpm/bin/pnpm.mjs');
  try {
    readFileSync(program);
  } catch {
    await npm(
      ['install', '--no-audit', '--no-fund', '--no-save', '--prefix', folder, `pnpm@${PNPM_VERSION}`],
      folder,
      bare(),
    );
  }
  return program;
}
