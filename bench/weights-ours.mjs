// bench/weights-ours.mjs FILE: one trial's weights out of it, every number read; one JSON line with milliseconds and memory.
import { openArchitecture } from 'nas-bench-201';

const bare = process.resourceUsage().maxRSS;
const start = performance.now();
const results = await openArchitecture(process.argv[2]);
let bytes = 0;
for (const tensor of results.get('200').getNetParam('cifar10', 777).values()) bytes += tensor.data.byteLength;
const ms = performance.now() - start;
console.log(JSON.stringify({ ms, bytes, memory: (process.resourceUsage().maxRSS - bare) / 1024 }));
