// npm run bench:convert [-- --file F] [--rounds 3] [--formats jsonl,pb,parquet,csv]
//
// Converts a benchmark and measures seconds and peak memory, each time in a fresh process; `jsonl` side by side in the
// same run with what Python needs for the same: torch.load and json.dump. Medians. Without --file the file of
// `npm run bench` (1,500 architectures).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
  options: {
    file: { type: 'string', default: join(here, '../.cache/bench/archs-1500.pth') },
    rounds: { type: 'string', default: '3' },
    formats: { type: 'string', default: 'jsonl,pb,parquet,csv' },
  },
});
if (!existsSync(options.file)) {
  console.error(`bench: there is no ${options.file}: pass --file, or run npm run bench first`);
  process.exit(1);
}
const folder = mkdtempSync(join(tmpdir(), 'nb201-bench-'));

const OURS = `
import { convert } from '@nas-bench-201/converters';
const [from, to] = process.argv.slice(1);
const { seconds } = await convert(from, to, { force: true });
console.log(JSON.stringify({ seconds, peak: process.resourceUsage().maxRSS / 1024 }));`;
const PYTHON = `
import json, resource, sys, time, torch
began = time.perf_counter()
data = torch.load(sys.argv[1])
for record in data["arch2infos"].values():
    for state in record.values():
        state["all_results"] = {"%s/%s" % key: trial for key, trial in state["all_results"].items()}
with open(sys.argv[2], "w") as f:
    json.dump(data, f, default=float)
print(json.dumps({"seconds": time.perf_counter() - began,
                  "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))`;

function run(command, args) {
  const done = spawnSync(command, args, { cwd: here, encoding: 'utf8' });
  if (done.status !== 0) return undefined;
  return JSON.parse(done.stdout.trim().split('\n').at(-1));
}
const ours = (format) => () =>
  run(process.execPath, ['--input-type=module', '-e', OURS, options.file, join(folder, `out.${format}`)]);
const sides = Object.fromEntries(options.formats.split(',').map((format) => [format, ours(format)]));
const python = ['/usr/bin/python3', 'python3'].find(
  (name) => spawnSync(name, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0,
);
// Beyond this Python needs more memory than most machines have: some six times the file.
if (python && statSync(options.file).size < 1e9)
  sides['torch.load + json.dump'] = () => run(python, ['-c', PYTHON, options.file, join(folder, 'out.json')]);

const results = Object.fromEntries(Object.keys(sides).map((side) => [side, []]));
try {
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const [side, measure] of Object.entries(sides)) {
      const result = measure();
      if (result) results[side].push(result);
      else console.error(`bench: ${side} failed`);
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
const median = (numbers) => numbers.sort((a, b) => a - b)[numbers.length >> 1];
const size = (statSync(options.file).size / 1e9).toFixed(2);
console.log(
  `${options.file}, ${size} GB; ${cpus().length} cores, Node ${process.version}; medians of ${options.rounds}`,
);
for (const [side, list] of Object.entries(results)) {
  if (list.length === 0) continue;
  const seconds = median(list.map((r) => r.seconds)).toFixed(1);
  const peak = median(list.map((r) => r.peak)).toFixed(0);
  console.log(`${side.padEnd(24)} ${seconds.padStart(8)} s ${peak.padStart(8)} MB`);
}
