// all-networks.mjs [--step 1] [--C 1] [--N 1] [--size 4]: builds every architecture's network, runs one image through it
// in both ways, and prints one JSON line: how many, the seconds, and what the process's memory grew by between the first
// tenth and the end, in MB.
import { parseArgs } from 'node:util';
import { Network, publishedArchitectures, setTorchThreads } from 'nas-bench-201';

const { values } = parseArgs({
  options: Object.fromEntries(
    Object.entries({ step: '1', C: '1', N: '1', size: '4' }).map(([name, value]) => [
      name,
      { type: 'string', default: value },
    ]),
  ),
});
const [step, C, N, size] = ['step', 'C', 'N', 'size'].map((name) => Number(values[name]));
await setTorchThreads(1);
const image = {
  data: Float32Array.from({ length: 3 * size * size }, (_, i) => Math.sin(i)),
  shape: [1, 3, size, size],
};
const architectures = publishedArchitectures().filter((_, i) => i % step === 0);
const start = performance.now();
let settled = 0;
let wrong = 0;
for (const [i, architecture] of architectures.entries()) {
  const network = await Network.fromArch(architecture, { C, N, seed: i });
  const [exact, fast] = [await network.forward(image, { exact: true }), await network.forward(image)];
  const scale = Math.max(...exact.logits.data.map(Math.abs), 1e-6);
  if (!exact.logits.data.every((value, k) => Math.abs(value - fast.logits.data[k]) < 1e-4 * scale)) wrong++;
  network.dispose();
  if (i === Math.floor(architectures.length / 10)) settled = process.memoryUsage.rss();
}
const grown = (process.memoryUsage.rss() - settled) / 1e6;
console.log(
  JSON.stringify({
    networks: architectures.length,
    wrong,
    seconds: (performance.now() - start) / 1000,
    grownMB: grown,
  }),
);
