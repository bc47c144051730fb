// bench/training.mjs THREADS: images a second of a training step at batch 256, for three architectures; one JSON line.
import { imageBatches, Network, publishedArchitectures, SGD, setTorchThreads } from 'nas-bench-201';

const [threads] = process.argv.slice(2);
const ARCHITECTURES = [14852, 284, 1203];
const BATCH = 256;
const STEPS = 3;
const speeds = {};

await setTorchThreads(Number(threads));
const row = 3 * 32 * 32;
const pixels = Uint8Array.from({ length: BATCH * row }, (_, i) => (i * 7919) % 251);
const labels = Int32Array.from({ length: BATCH }, (_, i) => i % 10);
const data = {
  ...{ key: 'bench', numClasses: 10, classes: null, imageSize: 32, padding: 4 },
  ...{ mean: [125.3, 123.0, 113.9], std: [63.0, 62.1, 66.7], files: [], sets: new Map() },
  train: { of: { pixels, labels, size: 32 }, indices: null, shuffled: true },
};

// What a step takes, without loading, as the reference's table counts it.
async function stepsOf(index, options) {
  const network = await Network.fromArch(publishedArchitectures()[index], { seed: 777 });
  const sgd = new SGD(network, options);
  const times = [];
  for await (const batch of imageBatches(data, { batch: BATCH, seed: 777, epochs: STEPS + 1 })) {
    const start = performance.now();
    await sgd.step(batch);
    times.push(performance.now() - start);
    batch.images.dispose();
  }
  network.dispose();
  // The first warms up.
  return (BATCH * 1000) / Math.min(...times.slice(1));
}

for (const index of ARCHITECTURES) {
  speeds[`#${index}`] = await stepsOf(index);
  speeds[`#${index}, channels last`] = await stepsOf(index, { channelsLast: true });
}

// Flipping, cropping and normalising.
const start = performance.now();
let images = 0;
for await (const batch of imageBatches(data, { batch: BATCH, seed: 777, epochs: 20 })) {
  images += batch.labels.length;
  batch.images.dispose();
}
speeds['augmentation alone'] = (images * 1000) / (performance.now() - start);
console.log(JSON.stringify({ speeds }));
