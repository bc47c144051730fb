// What is packed, installed as users install it: by npm and by pnpm, in an empty folder outside of the repository, without
// a compiler, and run by every Node that is supported.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Installation, installPackages } from './support/installation.js';
import { fetchNode, NODE_VERSIONS, nodeOf } from './support/nodes.js';
import { type Outcome, ROOT, run, succeeds } from './support/run.js';

const BENCHMARKS = join(ROOT, 'test-fixtures/benchmark');
const NAME = readdirSync(BENCHMARKS).find((name) => name.startsWith('NAS-Bench-201-v1_1'))!;
const FILE = join(BENCHMARKS, NAME);
const { version: VERSION } = JSON.parse(readFileSync(join(ROOT, 'packages/core-native/package.json'), 'utf8'));
const KEY = `${process.platform}-${process.arch}${process.platform === 'linux' ? '-gnu' : ''}`;
const PLATFORM_PACKAGE = `@nas-bench-201/core-native-${KEY}`;

/** What the reference answered. */
const QUESTION = {
  call: 'get_more_info',
  index: 0,
  dataset: 'cifar10-valid',
  iepoch: null,
  hp: '12',
  is_random: false,
};
const { answers } = JSON.parse(readFileSync(join(ROOT, 'test-fixtures/answers/benchmark', `${NAME}.json`), 'utf8'));
const { answer: REFERENCE } = answers.find(
  ({ call, args }: { call: string; args: object }) => JSON.stringify({ call, ...args }) === JSON.stringify(QUESTION),
);

const ASK = `const api = await NASBench201API.open(${JSON.stringify(FILE)});
  console.log(JSON.stringify(api.getMoreInfo(0, 'cifar10-valid', { hp: '12', isRandom: false })));`;

let there: Installation;
let scratch: string;
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'nb201-broken-'));
  const nodes = Promise.all(NODE_VERSIONS.map(fetchNode));
  there = await installPackages();
  await nodes;
}, 300_000);
afterAll(() => {
  there?.remove();
  rmSync(scratch, { recursive: true, force: true });
}, 300_000);

const nodeArguments = (source: string, type: 'module' | 'commonjs') => [`--input-type=${type}`, '-e', source];
const imports = (source = ASK) => nodeArguments(`import { NASBench201API } from 'nas-bench-201'; ${source}`, 'module');
const requires = (source = ASK) =>
  nodeArguments(`const { NASBench201API } = require('nas-bench-201'); (async () => { ${source} })();`, 'commonjs');

describe.each(['npm', 'pnpm'] as const)('installed by %s', (manager) => {
  it.each(NODE_VERSIONS)(
    'answers as the reference does under Node %s: imported, required, and from the command',
    (version) => {
      const node = nodeOf(version);
      const options = { cwd: there[manager], env: there.env };
      for (const args of [imports(), requires()]) {
        const { out, err } = succeeds(node, args, options);
        expect(err).toBe('');
        for (const [key, value] of Object.entries<number>(REFERENCE))
          expect(JSON.parse(out)[key], key).toBeCloseTo(value, 9);
      }
      const command = join(there[manager], 'node_modules/@nas-bench-201/cli/dist/main.js');
      const said = succeeds(
        node,
        [command, 'query', FILE, '0', '--dataset', 'cifar10-valid', '--hp', '12', '--json'],
        options,
      );
      expect(JSON.stringify(JSON.parse(said.out))).toContain(String(REFERENCE['valid-accuracy']));
    },
  );

  it('gives require and import one and the same module', () => {
    const { out } = succeeds(
      process.execPath,
      nodeArguments(
        `import('nas-bench-201').then((m) => console.log(m.NASBench201API === require('nas-bench-201').NASBench201API))`,
        'commonjs',
      ),
      { cwd: there[manager], env: there.env },
    );
    expect(out).toBe('true\n');
  });

  it('brings the reader of this platform alone, and no libtorch', () => {
    const found = readdirSync(
      join(there[manager], manager === 'npm' ? 'node_modules/@nas-bench-201' : 'node_modules/.pnpm'),
    );
    const readers = found.filter((name) => /core-native-/.test(name));
    expect(readers.map((name) => name.replace(/^.*\+(core-native.*?)@.*$/, '$1'))).toEqual([`core-native-${KEY}`]);
  });

  it('has the command nb201 where scripts find it', () => {
    const { out } = succeeds(join(there[manager], 'node_modules/.bin/nb201'), ['--version'], { env: there.env });
    expect(out).toBe(`${VERSION}\n`);
  });
});

// 150 ms where Node itself takes 40. In Node's own time, as machines differ and are busy with other things.
it('shows --help in less than four times what Node takes to start', () => {
  const command = join(there.npm, 'node_modules/@nas-bench-201/cli/dist/main.js');
  const best = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < 10; round++) {
    for (const [which, args] of [
      ['-e', '0'],
      [command, '--help'],
    ].entries()) {
      const began = performance.now();
      succeeds(process.execPath, args, { env: there.env });
      best[which] = Math.min(best[which]!, performance.now() - began);
    }
  }
  const [bareNode, help] = best as [number, number];
  console.log(`nb201 --help: ${help.toFixed(0)} ms, of which Node itself ${bareNode.toFixed(0)} ms (best of 10)`);
  expect(help / bareNode).toBeLessThan(3.75);
});

describe('types', () => {
  const PROGRAM = `
    const api: NASBench201API = await NASBench201API.open('file.pth');
    const accuracy: number | undefined = api.getMoreInfo(0, 'cifar10', { hp: '200' })['test-accuracy'];
    const [index, best]: [number, number | null] = await api.findBest('cifar10', 'test', { hp: 200 });
    // @ts-expect-error no such data set
    api.getMoreInfo(0, 'mnist');
    console.log(accuracy, index, best);`;

  const PROGRAMS = {
    'imports.mts': `import { NASBench201API } from 'nas-bench-201'; ${PROGRAM}`,
    'requires.cts': `import { NASBench201API } from 'nas-bench-201'; (async () => { ${PROGRAM} })();`,
  };

  it.each([
    ['NodeNext', ['imports.mts', 'requires.cts']],
    ['Bundler', ['imports.mts']],
  ] as const)('are found by resolution %s in %j', (resolution, names) => {
    const folder = join(there.npm, `types-${resolution}`);
    mkdirSync(folder);
    for (const name of names) writeFileSync(join(folder, name), PROGRAMS[name]);
    const compilerOptions = {
      strict: true,
      noEmit: true,
      target: 'ES2022',
      lib: ['ES2023', 'ESNext.Disposable'],
      module: resolution === 'NodeNext' ? 'NodeNext' : 'ESNext',
      moduleResolution: resolution,
      typeRoots: [join(ROOT, 'node_modules/@types')],
      types: ['node'],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: names }));
    const { out, code } = run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder]);
    expect(out).toBe('');
    expect(code).toBe(0);
  });
});

describe('when the binary cannot be loaded', () => {
  /** A copy of what `import 'nas-bench-201'` takes. */
  function copied(): { folder: string; core: string; reader: string; manifest: string } {
    const folder = mkdtempSync(join(scratch, 'copy-'));
    for (const name of ['nas-bench-201', '@nas-bench-201/core-native', PLATFORM_PACKAGE, 'detect-libc']) {
      // Without the sources, which nothing here compiles.
      const filter = (path: string) => !/core-native\/(src|third_party|cmake)$/.test(path);
      cpSync(join(there.npm, 'node_modules', name), join(folder, 'node_modules', name), { recursive: true, filter });
    }
    const packages = join(folder, 'node_modules');
    return {
      folder,
      core: join(packages, '@nas-bench-201/core-native'),
      reader: join(packages, PLATFORM_PACKAGE, 'reader.node'),
      manifest: join(packages, PLATFORM_PACKAGE, 'package.json'),
    };
  }

  const asked = (cwd: string, before: string[] = [], env: NodeJS.ProcessEnv = {}): Outcome =>
    run(process.execPath, [...before, ...imports()], { cwd, env: { ...there.env, ...env } });

  function setVersion(manifest: string, version: string): void {
    writeFileSync(manifest, JSON.stringify({ ...JSON.parse(readFileSync(manifest, 'utf8')), version }));
  }

  const local = 'local build \\(.*/core-native/build/Release/reader.node\\): not there';

  it('because the optional dependency is missing, says which, and how to get it', () => {
    const { folder } = copied();
    rmSync(join(folder, 'node_modules', PLATFORM_PACKAGE), { recursive: true });
    const { code, err } = asked(folder);
    expect(code).toBe(1);
    expect(err).toMatch(`cannot load reader.node ${VERSION} (${process.platform} ${process.arch}`);
    expect(err).toMatch(new RegExp(`^ {2}- ${local}$`, 'm'));
    expect(err).toContain(`  - ${PLATFORM_PACKAGE}: not installed\n`);
    expect(err).toContain('Likely fix: the optional dependency was left out');
    expect(err).toContain(`\n  npm install ${PLATFORM_PACKAGE}@${VERSION}\n`);
    expect(err).toMatch(
      /\n {2}node '.*core-native\/dist\/binary\/compile.js'\n {2}\(takes (apt-get install g\+\+ cmake make|a C\+\+17 compiler).*npx nb201 build/,
    );
    expect(err).toContain("code: 'NO_BINARY'");
  });

  it('because the packages are of different versions, says which', () => {
    const { folder, manifest } = copied();
    setVersion(manifest, '0.0.9');
    const { code, err } = asked(folder);
    expect(code).toBe(1);
    expect(err).toContain(`reader.node): version 0.0.9, where ${VERSION} is needed`);
    expect(err).toContain('Likely fix: the packages are of different versions');
    expect(err).toContain(`npm install nas-bench-201@${VERSION}`);
  });

  it('because what was compiled here is of another version, says to compile it again', () => {
    const { folder, core, reader, manifest } = copied();
    mkdirSync(join(core, 'build/Release'), { recursive: true });
    cpSync(reader, join(core, 'build/Release/reader.node'));
    rmSync(manifest);
    setVersion(join(core, 'package.json'), '99.0.0');
    const { code, err } = asked(folder);
    expect(code).toBe(1);
    expect(err).toContain(`version ${VERSION}, where 99.0.0 is needed`);
    expect(err).toMatch(/Likely fix: what was compiled here is of another version.*\n +node '.*compile.js'/);
  });

  it.each([
    ['cut short', (path: string) => truncateSync(path, 40)],
    ['something else', (path: string) => writeFileSync(path, '<html>404 Not Found</html>'.repeat(100))],
  ])('because it is %s, says to install it again', (_, damage) => {
    const { folder, reader } = copied();
    damage(reader);
    const { code, err } = asked(folder);
    expect(code).toBe(1);
    expect(err).toMatch(
      /core-native-.*reader.node.*(file too short|invalid ELF header|not a mach-o|not a valid Win32)/,
    );
    expect(err).toContain(`Likely fix: the file is damaged`);
    expect(err).toContain(`npm uninstall --no-save ${PLATFORM_PACKAGE} && npm install ${PLATFORM_PACKAGE}@${VERSION}`);
  });

  it('because Node loads no addons, says so', () => {
    const { code, err } = asked(there.npm, ['--no-addons']);
    expect(code).toBe(1);
    expect(err).toContain('Cannot load native addon because loading addons is disabled');
    expect(err).toContain('Likely fix: Node was told to load no addons: start it without --no-addons');
  });

  it.runIf(process.platform === 'linux')('because this is musl, names the package for musl', () => {
    const { folder } = copied();
    const pretence = join(folder, 'musl.cjs');
    writeFileSync(
      pretence,
      `const libc = require('detect-libc'); libc.familySync = () => 'musl'; libc.versionSync = () => '1.2.5';`,
    );
    const { code, err } = asked(folder, ['--require', pretence]);
    expect(code).toBe(1);
    expect(err).toContain(`, musl 1.2.5, Node ${process.versions.node})`);
    const name = `@nas-bench-201/core-native-linux-${process.arch}-musl`;
    expect(err).toContain(`  - ${name}: not installed`);
    if (process.arch === 'x64') {
      expect(err).toContain('This system has musl, not glibc, so it takes a package of its own.');
      expect(err).toContain(`\n  npm install ${name}@${VERSION}\n`);
    } else expect(err).toContain('there is no binary for');
  });

  it.runIf(process.platform === 'linux')('because glibc is too old, says to compile it here', () => {
    const { folder, reader } = copied();
    // As if it had been compiled for a glibc to come: the name of a version that it asks for is changed.
    const bytes = readFileSync(reader);
    const wanted = /GLIBC_2\.(\d+)\0/.exec(bytes.toString('latin1'))!;
    bytes.write(wanted[0].replace('GLIBC_2', 'GLIBC_9'), wanted.index, 'latin1');
    writeFileSync(reader, bytes);
    const { code, err } = asked(folder);
    expect(code).toBe(1);
    expect(err).toMatch(/version `GLIBC_9\.\d+' not found/);
    expect(err).toMatch(
      /Likely fix: this system's glibc \(\d+\.\d+\) is older than the binary needs\. Compile it here:\n +node '.*compile.js'/,
    );
  });

  it('takes the file that a variable names, and no other', () => {
    const { code, err } = asked(there.npm, [], { NB201_READER_ADDON: '/nowhere/reader.node' });
    expect(code).toBe(1);
    expect(err).toContain(
      '  - NB201_READER_ADDON (/nowhere/reader.node): not there\nLikely fix: NB201_READER_ADDON names',
    );
    expect(err).not.toContain('local build');
    const { reader } = copied();
    expect(asked(there.npm, [], { NB201_READER_ADDON: reader }).code).toBe(0);
  });

  it('prefers what was compiled here to the package, and does with it alone', () => {
    const { folder, core, reader } = copied();
    mkdirSync(join(core, 'build/Release'), { recursive: true });
    cpSync(reader, join(core, 'build/Release/reader.node'));
    const where = nodeArguments(`import { READER_PATH } from 'nas-bench-201'; console.log(READER_PATH);`, 'module');
    expect(succeeds(process.execPath, where, { cwd: folder, env: there.env }).out).toMatch(
      /core-native\/build\/Release\/reader.node\n$/,
    );
    rmSync(join(folder, 'node_modules', PLATFORM_PACKAGE), { recursive: true });
    expect(asked(folder).code).toBe(0);
  });

  it('tells from the command line as well, line by line', () => {
    const command = join(there.npm, 'node_modules/@nas-bench-201/cli/dist/main.js');
    const { code, err } = run(process.execPath, ['--no-addons', command, 'info', FILE], { env: there.env });
    expect(code).toBe(1);
    expect(err.split('\n').slice(1, 3)).toEqual([
      expect.stringMatching(/^ {2}- local build/),
      expect.stringMatching(/^ {2}- @nas-bench-201\/core-native-/),
    ]);
  });

  it('and compiling is asked for without a compiler, says what to install', () => {
    const command = join(there.npm, 'node_modules/@nas-bench-201/cli/dist/main.js');
    const { code, err } = run(process.execPath, [command, 'build'], { env: there.env });
    expect(code).toBe(1);
    expect(err).toMatch(/cmake and a C\+\+ compiler not found, which compiling takes/);
  });
});

describe('in one process', () => {
  it('answers in worker threads at the same time', () => {
    const worker = `const { parentPort } = require('node:worker_threads');
      import('nas-bench-201').then(async ({ NASBench201API }) => {
        const api = await NASBench201API.open(${JSON.stringify(FILE)});
        parentPort.postMessage(api.getMoreInfo(0, 'cifar10-valid', { hp: '12', isRandom: false }));
      });`;
    const { out } = succeeds(
      process.execPath,
      imports(`import { Worker } from 'node:worker_threads';
        const ask = () => new Promise((resolve, reject) => {
          new Worker(${JSON.stringify(worker)}, { eval: true, execArgv: [] }).once('message', resolve).once('error', reject);
        });
        const api = await NASBench201API.open(${JSON.stringify(FILE)});
        const here = JSON.stringify(api.getMoreInfo(0, 'cifar10-valid', { hp: '12', isRandom: false }));
        const there = await Promise.all([ask(), ask(), ask(), ask()]);
        console.log(there.every((answer) => JSON.stringify(answer) === here));`),
      { cwd: there.npm, env: there.env },
    );
    expect(out).toBe('true\n');
  });

  it('works twice, from two installations', () => {
    const [first, second] = [there.npm, there.pnpm].map((folder) =>
      join(folder, 'node_modules/nas-bench-201/dist/index.js'),
    );
    const { out } = succeeds(
      process.execPath,
      nodeArguments(
        `import * as a from ${JSON.stringify(first)}; import * as b from ${JSON.stringify(second)};
        const [x, y] = await Promise.all([a, b].map(({ NASBench201API }) => NASBench201API.open(${JSON.stringify(FILE)})));
        const ask = (api) => JSON.stringify(api.getMoreInfo(0, 'cifar10-valid', { hp: '12', isRandom: false }));
        console.log(a.READER_PATH !== b.READER_PATH, a.NASBench201API !== b.NASBench201API, ask(x) === ask(y));`,
        'module',
      ),
      { env: there.env },
    );
    expect(out).toBe('true true true\n');
  });

  it('can be ended while files open', () => {
    for (const delay of [0, 1, 5]) {
      const { code, signal, err } = run(
        process.execPath,
        imports(`for (let i = 0; i < 50; i++) NASBench201API.open(${JSON.stringify(FILE)});
          setTimeout(() => process.exit(7), ${delay});`),
        { cwd: there.npm, env: there.env },
      );
      expect({ code, signal, err }).toEqual({ code: 7, signal: null, err: '' });
    }
  });
});
