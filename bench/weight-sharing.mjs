// bench/weight-sharing.mjs ALGORITHM THREADS STEPS BATCH [channels-last]: seconds a step (of weights and architecture) of a
// weight-sharing search with 16 channels and 5 cells, processor and wall, and memory; one JSON line. With STEPS of 100 and
// more also how much memory the second half of them added.
import { setTorchThreads, WeightSharingSearch } from 'nas-bench-201';

const [algorithm, threads, steps, given, order] = process.argv.slice(2);
const count = Number(given);
await setTorchThreads(Number(threads));
const search = await WeightSharingSearch.create(algorithm, {
  seed: 777,
  channels: 16,
  cells: 5,
  channelsLast: order === 'channels-last',
});
const batch = (number) => ({
  images: {
    data: Float32Array.from({ length: count * 3072 }, (_, i) => (((i + 31 * number) * 7919) % 257) / 128 - 1),
    shape: [count, 3, 32, 32],
  },
  labels: Array.from({ length: count }, (_, i) => (i * 3 + number) % 10),
});
const [train, valid] = [batch(0), batch(1)];
await search.step(train, valid);

const [cpu, wall] = [[], []];
let half = 0;
for (let step = 0; step < Number(steps); step++) {
  const [began, used] = [performance.now(), process.cpuUsage()];
  await search.step(train, valid);
  const { user, system } = process.cpuUsage(used);
  cpu.push((user + system) / 1e6);
  wall.push((performance.now() - began) / 1000);
  if (step === steps >> 1) half = process.memoryUsage.rss();
}
const best = (numbers) => Math.min(...numbers);
const grown = Number(steps) >= 100 ? (process.memoryUsage.rss() - half) / 1e6 : undefined;
const peak = process.resourceUsage().maxRSS / 1000;
console.log(JSON.stringify({ cpu: best(cpu), wall: best(wall), peak, grown }));
