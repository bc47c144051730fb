// npm run bench [-- --file F] [--archs 1500] [--rounds 5] [--threads 1] [--only SUITE] [--scripts AUTODL] [--json OUT]
//               [--algorithms darts-v1,…] [--batch 64]
// SUITE: queries, searches, weights, archives, networks, training or weight-sharing
//
// The project and the reference on the same file in the same run, alternating; medians and ratios. Nothing fails here
// because a machine is slow. Without --file a file of the original structure is written to .cache/bench, where the tool
// that makes such files is at hand; without the reference (npm run setup -- --tests) only our figures are printed.
// Searches run on the file of test-fixtures/searches; the reference's scripts are those of a checkout of
// D-X-Y/AutoDL-Projects (--scripts, or .cache/reference/AutoDL-Projects). Networks are measured beside the same ones in
// Python on the same libtorch, with --threads threads; searches by weight sharing beside the reference's scripts, changed to
// run on a CPU, in processor seconds a step, the least of two. They take 10 GB of memory there (--batch 16: a quarter).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { searchFile, TOOL } from '../test-fixtures/searches/search-file.mjs';
import { alternate, measure, print, python, root, row } from './suite.mjs';

const maker = join(root, '../shared/tools/make_benchmark_file.py');
const reference = join(root, '.cache/reference/nas-bench-201-2.1');
const here = (name) => join(root, 'bench', name);

const { values: options } = parseArgs({
  options: {
    file: { type: 'string' },
    archs: { type: 'string', default: '1500' },
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: '1' },
    only: { type: 'string' },
    scripts: { type: 'string', default: join(root, '.cache/reference/AutoDL-Projects') },
    json: { type: 'string' },
    algorithms: { type: 'string', default: 'darts-v1,darts-v2,gdas,setn,enas,random-nas' },
    batch: { type: 'string' },
  },
});
const rounds = Number(options.rounds);

function stop(message) {
  console.error(`bench: ${message}`);
  process.exit(1);
}

function benchmarkFile() {
  if (options.file) return options.file;
  const file = join(root, '.cache/bench', `archs-${options.archs}.pth`);
  if (existsSync(file)) return file;
  if (!existsSync(maker) || !python) stop(`no file: pass --file, or have ${maker} and a python3 with numpy`);
  mkdirSync(dirname(file), { recursive: true });
  console.error(`bench: writing ${file}`);
  const made = spawnSync(python, [maker, file, '--archs', options.archs], { stdio: ['ignore', 2, 2] });
  if (made.status) stop('the file could not be written');
  return file;
}

/** Both sides; ours alone, and a word about it, where the reference is not at hand. */
function sides(ours, theirs, needed = [], packages = [reference]) {
  const missing = [!python && 'a python3 with torch', ...needed.filter((path) => !existsSync(path))].filter(Boolean);
  readFileSync(ours[0]); // a missing file is better found before minutes of work
  const both = { ours: () => measure(process.execPath, ours) };
  if (missing.length === 0) both.reference = () => measure(python, theirs, { PYTHONPATH: packages.join(delimiter) });
  else console.error(`bench: no reference (${missing.join(', ')}): only our figures`);
  return both;
}

function queries() {
  const file = benchmarkFile();
  const results = alternate(sides([here('ours.mjs'), file], [here('reference.py'), file], [reference]), rounds);
  const rows = Object.keys(results.ours[0]?.jobs ?? {}).map((job) => row(results, job, 'ms', (r) => r.jobs[job]));
  rows.push(row(results, 'memory that opening takes', 'MB', (r) => r.opening));
  rows.push(row(results, 'peak memory of the run', 'MB', (r) => r.peak));
  print(`${file.split('/').at(-1)}, ${(statSync(file).size / 1e9).toFixed(2)} GB`, rounds, rows);
  return { file, rows };
}

function searches() {
  const file = searchFile();
  if (!file) {
    console.error(`bench: no file to search on: ${TOOL} makes it, with a python3 that has numpy`);
    return undefined;
  }
  const theirs = [here('search_reference.py'), file, options.scripts];
  const results = alternate(sides([here('search-ours.mjs'), file], theirs, [reference, options.scripts]), rounds);
  for (const { found } of results.reference ?? []) {
    if (String(found) !== String(results.ours[0].found)) stop('the ten runs of R-EA found something else there');
  }
  const rows = Object.keys(results.ours[0]?.jobs ?? {}).map((job) => row(results, job, 'ms', (r) => r.jobs[job]));
  print('searches on cifar10 with 12,000 simulated seconds', rounds, rows);
  return { file, rows };
}

/** A file that a program beside this one writes, once; undefined where there is no Python to run it. */
function written(name, program, ...args) {
  const file = join(root, '.cache/bench', name);
  if (existsSync(file)) return file;
  if (!python) return undefined;
  mkdirSync(dirname(file), { recursive: true });
  if (spawnSync(python, [here(program), file, ...args], { stdio: ['ignore', 2, 2] }).status) {
    rmSync(file, { force: true });
    stop(`${file} could not be written`);
  }
  return file;
}

const fullFile = () => written('000000-FULL.pth', 'full_file.py');

// The directory of a tar archive of 200 GB, all but the last members holes, and one trial's weights out of it.
function archives() {
  const member = fullFile();
  const file = member && written('archive-200-GB.tar', 'sparse_archive.py', member);
  if (!file) return undefined;
  const ours = [here('archives-ours.mjs'), file, join(root, '.cache/bench/archive-side-cars')];
  const results = alternate(sides(ours, [here('archives_reference.py'), file]), rounds);
  const [one, other] = [results.ours[0], results.reference?.[0]];
  if (other && (one.members !== other.members || one.bytes !== other.bytes)) stop('the two found different members');
  const rows = [
    row(results, 'opened, its headers walked', 'ms', (r) => r.walked),
    row(results, 'opened with the side-car', 'ms', (r) => r.again),
    row(results, "one trial's weights of the last member", 'ms', (r) => r.reading),
    row(results, 'memory that opening takes', 'MB', (r) => r.memory),
  ];
  print(`a tar of ${(statSync(file).size / 1e9).toFixed(0)} GB with ${one.members} members`, rounds, rows);
  return { file, rows };
}

// One trial's weights out of a per-architecture file, here and with torch.load.
function weights() {
  const file = fullFile();
  if (!file) return undefined;
  const results = alternate(sides([here('weights-ours.mjs'), file], [here('weights_reference.py'), file]), rounds);
  const [ours, theirs] = [results.ours[0]?.bytes, results.reference?.[0]?.bytes];
  if (theirs !== undefined && ours !== theirs) stop('the two read different weights');
  const rows = [
    row(results, "one trial's weights", 'ms', (r) => r.ms),
    row(results, 'memory that this takes', 'MB', (r) => r.memory),
  ];
  print(`000000-FULL.pth, ${(statSync(file).size / 1e6).toFixed(1)} MB`, rounds, rows);
  return { file, rows };
}

function networks() {
  if (!python) {
    console.error('bench: no networks to be measured beside: a python3 with torch runs them');
    return undefined;
  }
  const weights = join(root, '.cache/bench/weights.pth');
  mkdirSync(dirname(weights), { recursive: true });
  const theirs = here('networks.py');
  if (spawnSync(python, [theirs, weights, '--write'], { stdio: ['ignore', 2, 2] }).status)
    stop('no weights were written');
  const args = [weights, options.threads];
  const results = alternate(sides([here('networks.mjs'), ...args], [theirs, ...args]), rounds);
  const rows = Object.keys(results.ours[0]?.jobs ?? {}).map((job) => row(results, job, 'ms', (r) => r.jobs[job]));
  print(`networks of 16 channels and 5 cells, ${options.threads} thread(s)`, rounds, rows);
  return { rows };
}

function weightSharing() {
  const packages = [reference, join(root, '.cache/reference/nats-bench')];
  const rows = options.algorithms.split(',').flatMap((algorithm) => {
    const args = [algorithm, options.threads, '2', options.batch ?? (algorithm === 'enas' ? '128' : '64')];
    const ours = [here('weight-sharing.mjs'), ...args];
    const theirs = [here('weight_sharing.py'), options.scripts, ...args];
    const all = sides(ours, theirs, [options.scripts, reference], packages);
    all.last = () => measure(process.execPath, [...ours, 'channels-last']);
    const results = alternate(all, rounds);
    const last = { ...results, ours: results.last };
    return [
      row(results, algorithm, 'CPU s a step', (r) => r.cpu),
      row(last, `${algorithm}, channels last`, 'CPU s a step', (r) => r.cpu),
      row(results, `${algorithm}, peak memory`, 'MB', (r) => r.peak),
    ];
  });
  print(`supernets of 16 channels and 5 cells, ${options.threads} thread(s)`, rounds, rows);
  return { rows };
}

// Images a second: more is better, so the ratio is the other way round.
function training() {
  const theirs = [here('training.py'), options.threads, options.scripts];
  const results = alternate(sides([here('training.mjs'), options.threads], theirs, [options.scripts]), rounds);
  const rows = Object.keys(results.ours[0]?.speeds ?? {}).map((job) =>
    row(results, job, 'images/s', (r) => r.speeds[job]),
  );
  print(`training at batch 256, ${options.threads} thread(s)`, rounds, rows, { moreIsBetter: true });
  return { rows };
}

const suites = { queries, searches, weights, archives, networks, training, 'weight-sharing': weightSharing };
if (options.only && !(options.only in suites)) stop(`expected --only ${Object.keys(suites).join(' or ')}`);
const measured = {};
for (const [name, suite] of Object.entries(suites)) {
  if (!options.only || options.only === name) measured[name] = suite();
}
if (options.json) {
  writeFileSync(
    options.json,
    `${JSON.stringify({ cores: cpus().length, node: process.version, ...measured }, null, 2)}\n`,
  );
}
