// npm run bench [-- --file F] [--archs 1500] [--rounds 5] [--json OUT]
//
// The project and the reference on the same file in the same run, alternating; medians and ratios. Nothing fails here
// because a machine is slow. Without --file a file of the original structure is written to .cache/bench, where the tool
// that makes such files is at hand; without the reference (npm run setup -- --tests) only our figures are printed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
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

const file = benchmarkFile();
readFileSync(join(here, 'ours.mjs')); // a missing file is better found before minutes of work
const sides = { ours: () => measure(process.execPath, [join(here, 'ours.mjs'), file]) };
if (python && existsSync(reference)) {
  sides.reference = () => measure(python, [join(here, 'reference.py'), file], { PYTHONPATH: reference });
} else {
  console.error(`bench: no reference (a python3 with torch, and ${reference}): only our figures`);
}

// The first round only warms the page cache.
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

const of = (side, pick) => (results[side]?.length ? median(results[side].map(pick)) : undefined);
const rows = Object.keys(results.ours[0]?.jobs ?? {}).map((job) => ({
  job,
  unit: 'ms',
  ours: of('ours', (r) => r.jobs[job]),
  reference: of('reference', (r) => r.jobs[job]),
}));
for (const [job, key] of [
  ['memory that opening takes', 'opening'],
  ['peak memory of the run', 'peak'],
]) {
  rows.push({ job, unit: 'MB', ours: of('ours', (r) => r[key]), reference: of('reference', (r) => r[key]) });
}
print(file, rows);
const weights = weightsOfOneTrial();
if (options.json) {
  const all = { file, cores: cpus().length, node: process.version, rows, weights };
  writeFileSync(options.json, `${JSON.stringify(all, null, 2)}\n`);
}

// One trial's weights out of a per-architecture file, here and with torch.load, alternating.
function weightsOfOneTrial() {
  if (!python) return undefined;
  const path = join(root, '.cache/bench/000000-FULL.pth');
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true });
    if (spawnSync(python, [join(here, 'full_file.py'), path], { stdio: ['ignore', 2, 2] }).status)
      stop('the file with weights could not be written');
  }
  const ours = [];
  const reference = [];
  for (let round = 0; round <= Number(options.rounds); round++) {
    const both = [
      measure(process.execPath, [join(here, 'weights-ours.mjs'), path]),
      measure(python, [join(here, 'weights_reference.py'), path]),
    ];
    for (const { failed, detail } of both) if (failed) stop(`${failed} ${detail ?? ''}`);
    if (both[0].bytes !== both[1].bytes) stop('the two read different weights');
    if (round === 0) continue;
    ours.push(both[0]);
    reference.push(both[1]);
  }
  const row = (job, unit, key) => ({
    job,
    unit,
    ours: median(ours.map((r) => r[key])),
    reference: median(reference.map((r) => r[key])),
  });
  const found = [row("one trial's weights", 'ms', 'ms'), row('memory that this takes', 'MB', 'memory')];
  print(path, found);
  return found;
}

function print(path, lines) {
  const shown = (value) =>
    value === undefined ? '–' : value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(2) : value.toPrecision(3);
  const table = lines.map(({ job, unit, ours, reference: theirs }) => [
    `${job} (${unit})`,
    shown(ours),
    shown(theirs),
    theirs === undefined ? '–' : `${shown(theirs / ours)}×`,
  ]);
  table.unshift(['', 'here', 'reference', 'ratio']);
  const widths = table[0].map((_, c) => Math.max(...table.map((row) => row[c].length)));
  const size = statSync(path).size;
  const sizeText = size < 1e9 ? `${(size / 1e6).toFixed(1)} MB` : `${(size / 1e9).toFixed(2)} GB`;
  console.log(
    `${path.split('/').at(-1)}, ${sizeText}; ${cpus().length} cores, Node ${process.version}; medians of ${options.rounds} rounds`,
  );
  for (const row of table)
    console.log(row.map((cell, c) => (c ? cell.padStart(widths[c]) : cell.padEnd(widths[c]))).join('  '));
}
