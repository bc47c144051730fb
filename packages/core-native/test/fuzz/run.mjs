// Builds the fuzz targets and runs each for some time, one a core: npm run fuzz -- [--seconds 60] [--target NAME]
//
// Seeds are fuzz/corpus/<name>/ and the small fixtures; fuzz/crashers/<name>/ holds inputs that once failed, which are
// replayed first. What a run learns stays in build-fuzz/corpus/<name>/, what it breaks on goes to build-fuzz/failures/.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, copyFileSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const core = join(here, '../..');
const fixtures = join(core, '../../test-fixtures');
const build = join(core, 'build-fuzz');

// Folders of test-fixtures whose small files are seeds; a target that is not named here takes `values`.
const SEED_FOLDERS = { benchmark: ['benchmark', 'benchmark/archive'] };
const LARGEST_SEED = 60 * 1024;

const { values: options } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, target: { type: 'string' } },
});
const seconds = Number(options.seconds);
if (!(seconds >= 1)) stop(`--seconds ${options.seconds}: expected a number of seconds`);

function stop(message) {
  console.error(`fuzz: ${message}`);
  process.exit(1);
}

function run(command, args, settings = {}) {
  const done = spawnSync(command, args, { stdio: 'inherit', ...settings });
  if (done.error) stop(`${command}: ${done.error.message}`);
  return done.status ?? 1;
}

function filesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .sort();
}

function findClang() {
  for (const name of ['clang++-14', 'clang++']) {
    if (!spawnSync(name, ['--version']).error) return name;
  }
  stop('clang is missing. Debian: apt-get install clang-14 libclang-rt-14-dev (or: npm run setup -- --tests)');
}

function buildTargets(clang, names) {
  const configure = [
    '-S',
    core,
    '-B',
    build,
    '-DNB201_FUZZ=ON',
    '-DCMAKE_BUILD_TYPE=None',
    `-DCMAKE_CXX_COMPILER=${clang}`,
  ];
  if (run('cmake', configure, { stdio: ['ignore', 'ignore', 'inherit'] })) stop('cmake failed');
  const targets = names.flatMap((name) => ['--target', `fuzz_${name}`]);
  if (run('cmake', ['--build', build, '-j', '2', ...targets])) stop('the build failed');
}

function seed(name) {
  const corpus = join(build, 'corpus', name);
  mkdirSync(corpus, { recursive: true });
  const folders = (SEED_FOLDERS[name] ?? ['values']).map((folder) => join(fixtures, folder));
  for (const folder of [...folders, join(here, 'corpus', name)]) {
    for (const path of filesIn(folder)) {
      if (statSync(path).size <= LARGEST_SEED) copyFileSync(path, join(corpus, basename(path)));
    }
  }
  return corpus;
}

const short = (path) => relative(process.cwd(), path);

// Runs a target with its many lines going to a file; those of interest come back.
async function quietly(name, binary, args) {
  const log = join(build, 'failures', name, 'run.log');
  const out = openSync(log, 'w');
  const child = spawn(binary, args, { stdio: ['ignore', out, out] });
  closeSync(out);
  const [code] = await once(child, 'exit').catch((error) => stop(`${binary}: ${error.message}`));
  const status = code ?? 1;
  const text = readFileSync(log, 'utf8');
  const units = /number_of_executed_units: (\d+)/.exec(text)?.[1] ?? '?';
  const reasons = text
    .split('\n')
    .filter((line) => /^(SUMMARY|==\d+==ERROR|broken promise|.*runtime error)/.test(line));
  return { status, log, units, reasons };
}

// Whether the target stood it.
async function fuzz(name) {
  const binary = join(build, 'test/fuzz', `fuzz_${name}`);
  const failures = join(build, 'failures', name);
  mkdirSync(failures, { recursive: true });
  const bounds = ['-rss_limit_mb=1024', '-malloc_limit_mb=512', '-timeout=10', `-artifact_prefix=${failures}/`];

  const crashers = filesIn(join(here, 'crashers', name));
  for (const crasher of crashers) {
    const { status, reasons } = await quietly(name, binary, [...bounds, crasher]);
    if (status === 0) continue;
    console.error(`fuzz: ${name} fails again on ${short(crasher)}\n  ${reasons.join('\n  ')}`);
    console.error(`  all of it: ${short(binary)} ${short(crasher)}`);
    return false;
  }
  console.log(`fuzz: ${name}: ${crashers.length} former failures pass; now ${seconds} s of new inputs`);

  const before = new Set(filesIn(failures));
  const learn = ['-max_len=65536', '-print_final_stats=1', `-dict=${join(here, 'formats.dict')}`];
  const { status, log, units, reasons } = await quietly(name, binary, [
    ...bounds,
    ...learn,
    `-max_total_time=${seconds}`,
    seed(name),
  ]);
  if (status === 0) {
    console.log(`fuzz: ${name}: ${units} inputs, none failed`);
    return true;
  }
  console.error(`fuzz: ${name} failed (status ${status}), see ${short(log)}\n  ${reasons.join('\n  ')}`);
  for (const path of filesIn(failures).filter((file) => file !== log && !before.has(file))) {
    console.error(`fuzz: ${name} fails on ${short(path)}`);
    console.error(`  run it: ${short(binary)} ${short(path)}`);
    console.error(`  once it is fixed, keep it: cp ${short(path)} ${short(join(here, 'crashers', name))}/`);
  }
  return false;
}

const all = readdirSync(here)
  .map((file) => /^fuzz_(\w+)\.cpp$/.exec(file)?.[1])
  .filter((name) => name !== undefined)
  .sort();
const chosen = options.target ? [options.target] : all;
if (!chosen.every((name) => all.includes(name))) stop(`--target ${options.target}: there are ${all.join(', ')}`);

buildTargets(findClang(), chosen);
const waiting = [...chosen];
const failed = [];
async function fuzzInTurn() {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    if (!(await fuzz(name))) failed.push(name);
  }
}
await Promise.all(Array.from({ length: availableParallelism() }, fuzzInTurn));
if (failed.length) stop(`failed: ${failed.join(', ')}`);
console.log(`fuzz: ${chosen.join(', ')} stood ${seconds} s each`);
