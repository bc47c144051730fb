// npm run bench:convert [-- --file F] [--rounds 3] [--formats jsonl,pb,parquet,csv]
//
// Converts a benchmark and measures seconds and peak memory, each time in a fresh process; `jsonl` side by side in the
// same run with what Python needs for the same: torch.load and json.dump. Medians. Without --file the file of
// `npm run bench` (1,500 architectures).
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { alternate, measure, print, python, root, row } from './suite.mjs';

const { values: options } = parseArgs({
  options: {
    file: { type: 'string', default: join(root, '.cache/bench/archs-1500.pth') },
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

const ours = (format) => () =>
  measure(process.execPath, ['--input-type=module', '-e', OURS, options.file, join(folder, `out.${format}`)]);
const sides = Object.fromEntries(options.formats.split(',').map((format) => [format, ours(format)]));
// Beyond this Python needs more memory than most machines have: some six times the file.
const PYTHON_SIDE = 'torch.load + json.dump';
if (python && statSync(options.file).size < 1e9)
  sides[PYTHON_SIDE] = () => measure(python, ['-c', PYTHON, options.file, join(folder, 'out.json')]);

try {
  const results = alternate(sides, Number(options.rounds));
  const rows = options.formats.split(',').flatMap((side) => {
    // What Python writes is JSON.
    const pair = { ours: results[side], reference: side === 'jsonl' ? results[PYTHON_SIDE] : undefined };
    return [row(pair, side, 's', (r) => r.seconds), row(pair, side, 'MB', (r) => r.peak)];
  });
  print(`${options.file}, ${(statSync(options.file).size / 1e9).toFixed(2)} GB`, options.rounds, rows);
} finally {
  rmSync(folder, { recursive: true });
}
