// bench/networks.mjs WEIGHTS.pth THREADS: the jobs of networks.py on the project's networks; one JSON line with
// milliseconds a job.
import { Network, SGD, setTorchThreads } from 'nas-bench-201';

const [weights, threads] = process.argv.slice(2);
const ARCH = '|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|';
const jobs = {};
const median = (numbers) => numbers.sort((a, b) => a - b)[numbers.length >> 1];
async function timed(name, count, work) {
  await work();
  const times = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  jobs[name] = median(times);
}

await setTorchThreads(Number(threads));
await timed('build a network', 10, async () => (await Network.fromArch(ARCH, { seed: 777 })).dispose());
const network = await Network.fromArch(ARCH, { seed: 777 });
await timed('load trained weights', 10, () => network.load(weights));
const batch = (n) => ({
  data: Float32Array.from({ length: n * 3072 }, (_, i) => ((i * 7919) % 257) / 128 - 1),
  shape: [n, 3, 32, 32],
});
for (const [n, count] of [
  [1, 40],
  [64, 5],
  [256, 3],
]) {
  const images = batch(n);
  await timed(`forward, batch ${n}`, count, () => network.forward(images));
}
const sgd = new SGD(network.train());
const labelled = { images: batch(64), labels: Array.from({ length: 64 }, (_, i) => i % 10) };
await timed('training step, batch 64', 4, () => sgd.step(labelled));
const channelsLast = new SGD(network.train(), { channelsLast: true });
await timed('training step, batch 64, channels last', 4, () => channelsLast.step(labelled));
console.log(JSON.stringify({ jobs }));
