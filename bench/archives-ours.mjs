// bench/archives-ours.mjs ARCHIVE FOLDER: opens a tar archive, walked and from the side-car that lies in FOLDER, and reads a
// member's tensors; one JSON line with milliseconds and memory.
import { rmSync } from 'node:fs';
import { Archive, openArchitecture } from 'nas-bench-201';

const [path, folder] = process.argv.slice(2);
rmSync(folder, { recursive: true, force: true });
const bare = process.resourceUsage().maxRSS;

async function opening(sideCar) {
  const start = performance.now();
  const archive = await Archive.open(path, { sideCar });
  const ms = performance.now() - start;
  return { ms, archive };
}

const walked = await opening(false);
const memory = (process.resourceUsage().maxRSS - bare) / 1024;
const members = walked.archive.names().length;
await (await opening(folder)).archive.sideCarKept();
const again = await opening(folder);
if (again.archive.sideCar === null) throw new Error('the side-car was not read');
const start = performance.now();
const results = await openArchitecture(again.archive.record(15_624, 'nas-bench-201'));
let bytes = 0;
for (const tensor of results.get('200').getNetParam('cifar10', 777).values()) bytes += tensor.data.byteLength;
const reading = performance.now() - start;
console.log(JSON.stringify({ walked: walked.ms, again: again.ms, reading, memory, members, bytes }));
