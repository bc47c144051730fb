// What every suite of benchmarks does: both sides by turns on the same file, medians, ratios.
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findPython } from '../test-fixtures/python.mjs';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

export const python = findPython('torch, numpy');

/** Runs one side in a process of its own; it prints its measurements as a line of JSON. */
export function measure(command, args, env = {}) {
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

/** The sides' results in rounds, of which the first only warms the page cache. */
export function alternate(sides, rounds) {
  const results = Object.fromEntries(Object.keys(sides).map((side) => [side, []]));
  const running = { ...sides };
  for (let round = 0; round <= rounds; round++) {
    for (const [side, run] of Object.entries(running)) {
      const result = run();
      if (result.failed) {
        console.error(`bench: ${side}: ${result.failed} ${result.detail ?? ''}`);
        delete running[side];
      } else if (round > 0) {
        results[side].push(result);
      }
    }
  }
  return results;
}

const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};

/** A row: the medians of what `pick` takes from each side's results; undefined where a side has none. */
export function row(results, job, unit, pick) {
  const of = (side) => {
    const values = (results[side] ?? []).map(pick).filter((value) => value !== undefined);
    return values.length ? median(values) : undefined;
  };
  return { job, unit, ours: of('ours'), reference: of('reference') };
}

const shown = (value) =>
  value === undefined ? '–' : value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(2) : value.toPrecision(3);

/** Prints rows under a title that says where and how they were measured. */
export function print(title, rounds, rows, { moreIsBetter = false } = {}) {
  const table = rows.map(({ job, unit, ours, reference }) => [
    `${job} (${unit})`,
    shown(ours),
    shown(reference),
    ours === undefined || reference === undefined
      ? '–'
      : `${shown(moreIsBetter ? ours / reference : reference / ours)}×`,
  ]);
  table.unshift(['', 'here', 'reference', 'ratio']);
  const widths = table[0].map((_, c) => Math.max(...table.map((cells) => cells[c].length)));
  console.log(`${title}; ${cpus().length} cores, Node ${process.version}; medians of ${rounds} rounds`);
  for (const cells of table) {
    console.log(cells.map((cell, c) => (c ? cell.padStart(widths[c]) : cell.padEnd(widths[c]))).join('  '));
  }
}
