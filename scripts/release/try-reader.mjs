// Whether a reader works on this machine: it answers about a fixture what the reference answers.
//   node scripts/release/try-reader.mjs [reader.node]      default: the one that is found
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ROOT, readJson } from './support.mjs';

if (process.argv[2]) process.env.NB201_READER_ADDON = resolve(process.argv[2]);
const { NASBench201API, READER_PATH } = await import('nas-bench-201');

const fixtures = join(ROOT, 'test-fixtures');
const name = readdirSync(join(fixtures, 'benchmark')).find((file) => file.startsWith('NAS-Bench-201-v1_1'));
const api = await NASBench201API.open(join(fixtures, 'benchmark', name));
let compared = 0;
for (const { call, args, answer } of readJson(join(fixtures, 'answers/benchmark', `${name}.json`)).answers) {
  // What follows is asked of changed records.
  if (call === 'reload') break;
  if (call !== 'get_more_info' || args.is_random !== false || !answer) continue;
  const { index, dataset, iepoch, hp } = args;
  const options = { hp: String(hp), isRandom: false, ...(iepoch !== null && { iepoch }) };
  const ours = api.getMoreInfo(index, dataset, options);
  for (const [key, value] of Object.entries(answer)) {
    if (typeof value !== 'number') continue;
    if (!(Math.abs(ours[key] - value) <= 1e-9 * Math.max(1, Math.abs(value)))) {
      throw new Error(`${JSON.stringify(args)}: ${key} is ${ours[key]}, the reference says ${value}`);
    }
    compared++;
  }
}
api.close();
if (compared === 0) throw new Error('nothing was compared');
console.log(
  `${READER_PATH} on ${process.platform} ${process.arch}, Node ${process.versions.node}: ${compared} numbers are the reference's`,
);
