// node scripts/cuda-training.mjs [DEVICE]: trains an epoch on images made here (50,000, as CIFAR-10 has) and tells how many
// images a second that is: one network, then 4 and 16 at a time, each in a process of its own, then all in one process; and
// with a step as one CUDA graph, where this libtorch can.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Network, publishedArchitectures } from 'nas-bench-201';

const [device = 'cuda', role] = process.argv.slice(2);
const IMAGES = 50_000;

function madeData() {
  const pixels = Uint8Array.from({ length: IMAGES * 3072 }, (_, i) => (i * 7919) % 251);
  const labels = Int32Array.from({ length: IMAGES }, (_, i) => i % 10);
  return {
    ...{ key: 'made', numClasses: 10, classes: null, imageSize: 32, padding: 4, files: [] },
    ...{ mean: [125.3, 123.0, 113.9], std: [63.0, 62.1, 66.7], sets: new Map() },
    train: { of: { pixels, labels, size: 32 }, indices: null, shuffled: true },
  };
}

const networkOn = (lane) => Network.fromArch(publishedArchitectures()[284], { seed: 777, device, lane });

async function epoch() {
  const data = madeData();
  const network = await networkOn(0);
  const training = network.train(data, { config: { epochs: 2, LR: 0.01 } });
  await training.next(); // warms up
  process.send('ready');
  await new Promise((resolve) => process.once('message', resolve));
  const { value } = await training.next();
  process.send({ seconds: value.train.seconds, loss: value.train.loss });
  network.dispose();
  process.disconnect();
}

const message = (child) =>
  new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => code && reject(new Error(`a training ended with exit code ${code}`)));
  });

async function atATime(count) {
  const here = fileURLToPath(import.meta.url);
  const stdio = ['ignore', 'inherit', 'inherit', 'ipc'];
  const children = Array.from({ length: count }, () => spawn(process.execPath, [here, device, 'epoch'], { stdio }));
  await Promise.all(children.map(message));
  const done = children.map(message);
  for (const child of children) child.send('go');
  const results = await Promise.all(done);
  const slowest = Math.max(...results.map(({ seconds }) => seconds));
  const speed = Math.round((count * IMAGES) / slowest);
  console.log(`${count} at a time on ${device}: ${speed} images/s (loss ${results[0].loss.toFixed(4)})`);
}

async function inOneProcess(count, cudaGraph = false) {
  const data = madeData();
  const networks = await Promise.all(Array.from({ length: count }, (_, lane) => networkOn(lane)));
  const trainings = networks.map((network) => network.train(data, { config: { epochs: 2, LR: 0.01 }, cudaGraph }));
  await Promise.all(trainings.map((training) => training.next())); // warms up
  const began = performance.now();
  const results = await Promise.all(trainings.map((training) => training.next()));
  const speed = Math.round((count * IMAGES * 1000) / (performance.now() - began));
  const losses = new Set(results.map(({ value }) => value.train.loss.toFixed(4)));
  const how = cudaGraph ? ', a step as a CUDA graph' : '';
  console.log(`${count} in one process on ${device}${how}: ${speed} images/s (loss ${[...losses].join(', ')})`);
  for (const network of networks) network.dispose();
}

if (role === 'epoch') await epoch();
else {
  for (const count of [1, 4, 16]) await atATime(count);
  for (const count of [4, 16]) await inOneProcess(count);
  for (const count of [1, 4, 16])
    await inOneProcess(count, true).catch((error) => console.log(`SKIPPED: ${error.message}`));
}
