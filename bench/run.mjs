// npm run bench [-- --file F] [--archs 1500] [--rounds 5] [--threads 1] [--only file|networks] [--json OUT]
//
// The project and the reference on the same file in the same run, alternating; medians and ratios. Nothing fails here
// because a machine is slow. Without --file a file of the original structure is written to .cache/bench, where the tool
// that makes such files is at hand; without the reference (npm run setup -- --tests) only our figures are printed. The
// networks are measured beside the same ones in Python on the same libtorch; AUTODL=<copy of AutoDL-Projects> takes the
// reference's own.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..');
const maker = join(root, '../shared/tools/make_benchmark_file.py');
const reference = join(root, '.cache/reference/nas-bench-201-2.1');

const { values: options } = parseArgs({
  options: {
    file: { type: 'string' },
    archs: { type: 'string', default: '1500' },
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: '1' },
    only: { type: 'string' },
    json: { type: 'string' },
  },
});

function stop(message) {
  console.error(`bench: ${message}`);
  process.exit(1);
}

const python = ['/usr/bin/python3', 'python3'].find(
  (name) => spawnSync(name, ['-c', 'import torch, numpy'], { stdio: 'ignore' }).status === 0,
);

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

function measure(command, args, env = {}) {
  const done = spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  // Killed for its memory, as the reference is on a large file.
  if (done.status !== 0)
    return { failed: done.signal ?? `exit code ${done.status}`, detail: done.stderr.trim().split('\n').at(-1) };
  return JSON.parse(done.stdout.trim().split('\n').at(-1));
}

const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};

/** Runs both sides in turn. The first round only warms the page cache. */
function compare(sides) {
  const results = Object.fromEntries(Object.keys(sides).map((side) => [side, []]));
  for (let round = 0; round <= Number(options.rounds); round++) {
    for (const [side, run] of Object.entries(sides)) {
      const result = run();
      if (result.failed) {
        console.error(`bench: ${side}: ${result.failed} ${result.detail ?? ''}`);
        delete sides[side];
      } else if (round > 0) {
        results[side].push(result);
      }
    }
  }
  return results;
}

const medianOf = (results, pick) => (results?.length ? median(results.map(pick)) : undefined);

function rowsOf(results, columns) {
  const jobs = Object.keys(results.ours[0]?.jobs ?? {}).map((job) => [job, 'ms', (r) => r.jobs[job]]);
  return [...jobs, ...columns].map(([job, unit, pick]) => ({
    job,
    unit,
    ours: medianOf(results.ours, pick),
    reference: medianOf(results.reference, pick),
  }));
}

function fileRows(file) {
  const sides = { ours: () => measure(process.execPath, [join(here, 'ours.mjs'), file]) };
  if (python && existsSync(reference)) {
    sides.reference = () => measure(python, [join(here, 'reference.py'), file], { PYTHONPATH: reference });
  } else {
    console.error(`bench: no reference (a python3 with torch, and ${reference}): only our figures`);
  }
  return rowsOf(compare(sides), [
    ['memory that opening takes', 'MB', (r) => r.opening],
    ['peak memory of the run', 'MB', (r) => r.peak],
  ]);
}

function networkRows() {
  if (!python) stop('networks: no python3 with torch to be measured beside');
  const weights = join(root, '.cache/bench/weights.pth');
  mkdirSync(dirname(weights), { recursive: true });
  const theirs = join(here, 'networks.py');
  if (spawnSync(python, [theirs, weights, '--write'], { stdio: ['ignore', 2, 2] }).status) stop('networks: no weights');
  const args = [weights, options.threads];
  return rowsOf(
    compare({
      ours: () => measure(process.execPath, [join(here, 'networks.mjs'), ...args]),
      reference: () => measure(python, [theirs, ...args]),
    }),
    [],
  );
}

const shown = (value) =>
  value === undefined ? '–' : value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(2) : value.toPrecision(3);
function print(title, rows) {
  const table = rows.map(({ job, unit, ours, reference: theirs }) => [
    `${job} (${unit})`,
    shown(ours),
    shown(theirs),
    theirs === undefined ? '–' : `${shown(theirs / ours)}×`,
  ]);
  table.unshift(['', 'here', 'reference', 'ratio']);
  const widths = table[0].map((_, c) => Math.max(...table.map((row) => row[c].length)));
  console.log(`${title}; ${cpus().length} cores, Node ${process.version}; medians of ${options.rounds} rounds`);
  for (const row of table)
    console.log(row.map((cell, c) => (c ? cell.padStart(widths[c]) : cell.padEnd(widths[c]))).join('  '));
}

const report = { cores: cpus().length, node: process.version };
if (options.only !== 'networks') {
  report.file = benchmarkFile();
  report.rows = fileRows(report.file);
  print(`${report.file.split('/').at(-1)}, ${(statSync(report.file).size / 1e9).toFixed(2)} GB`, report.rows);
}
if (options.only !== 'file') {
  report.networks = networkRows();
  print(`networks of 16 channels and 5 cells, ${options.threads} thread(s)`, report.networks);
}
if (options.json) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
