// What needs a GPU. scripts/cuda-check.sh runs it where there is one; elsewhere it is skipped aloud.
import { expect, it } from 'vitest';
import { DeviceTensor, type ForwardOptions, imageBatches, Network, SGD, torchInfo, torchPath } from '../src/index.js';
import { answers, difference, imagesOf, otherWays, unpacked } from './support/networks.js';
import { dataSet, answers as training } from './support/training.js';

const devices = torchPath().built ? (await torchInfo()).cudaDevices : 0;
const required = process.env.NB201_REQUIRE_CUDA === '1';
if (devices === 0 && !required) console.warn('SKIPPED, because there is no CUDA device: networks on a GPU');

const onCuda = it.skipIf(devices === 0 && !required);

onCuda('networks on a GPU answer what the reference answers on a CPU', async () => {
  for (const { config, seed, batch, size, features, logits } of answers.forward) {
    await using network = await Network.fromConfig(config, { seed, device: 'cuda' });
    expect(network.device).toBe('cuda:0');
    const x = imagesOf(batch, size);
    await network.train().forward(x);
    for (const exact of [true, false]) {
      const output = await network.eval().forward(x, { exact });
      // cuDNN may round to TF32 in between.
      expect(difference(output.features.data, unpacked(features))).toBeLessThan(2e-2);
      expect(difference(output.logits.data, unpacked(logits))).toBeLessThan(2e-2);
    }
  }
});

onCuda('networks on a GPU lose in the first step of SGD what the reference loses', async () => {
  for (const { config, seed, batch, size, losses } of answers.training) {
    await using network = await Network.fromConfig(config, { seed, device: 'cuda' });
    const labels = Array.from({ length: batch }, (_, i) => (i * 3) % network.numClasses);
    const { loss } = await new SGD(network.train()).step({ images: imagesOf(batch, size), labels });
    expect(Math.abs(loss - losses[0]!) / losses[0]!).toBeLessThan(1e-2);
  }
});

onCuda('tensors stay on the GPU, and networks move there and back', async () => {
  await using network = await Network.fromConfig(answers.forward[0]!.config, { seed: 1 });
  const x = imagesOf(2, 8);
  const before = await network.forward(x);
  await network.to('cuda');
  await using tensor = await DeviceTensor.from(x, { device: 'cuda' });
  const { logits } = await network.forward(tensor);
  expect(logits.device).toBe('cuda:0');
  expect(difference((await logits.toArray()).data, before.logits.data)).toBeLessThan(2e-2);
  await network.to('cpu');
  expect(await network.forward(x)).toEqual(before);
});

onCuda('networks on a GPU compute in half floats, with the channels last, and as a CUDA graph', async () => {
  for (const { config, seed, batch, size, plain } of otherWays) {
    await using network = await Network.fromConfig(config, { seed, device: 'cuda' });
    const x = imagesOf(batch, size);
    await network.train().forward(x);
    network.eval();
    const logits = async (options: ForwardOptions) => (await network.forward(x, options)).logits.data;
    for (const exact of [true, false]) {
      expect(difference(await logits({ exact, channelsLast: true }), unpacked(plain))).toBeLessThan(2e-2);
      for (const autocast of ['bfloat16', 'float16'] as const) {
        expect(difference(await logits({ exact, autocast }), unpacked(plain))).toBeLessThan(1e-1);
      }
      const before = await logits({ exact });
      try {
        for (let i = 0; i < 3; i++)
          expect(difference(await logits({ exact, cudaGraph: true }), before)).toBeLessThan(1e-4);
        // What is recorded is of the weights that there were.
        await network.loadStateDict(await network.stateDict());
        expect(difference(await logits({ exact, cudaGraph: true }), before)).toBeLessThan(1e-4);
      } catch (error) {
        if (!/2\.12\.1/.test(String(error))) throw error;
        console.warn(`SKIPPED, because this libtorch is too old for it: CUDA graphs (${String(error)})`);
      }
    }
  }
});

onCuda('what the ways of computing gain on a GPU', async () => {
  const { config, seed } = answers.training.find(
    ({ config: { name, ...rest } }) => name === 'infer.tiny' && 'N' in rest && rest.N === 5,
  )!;
  await using network = await Network.fromConfig(config, { seed, device: 'cuda' });
  const ways: Record<string, ForwardOptions> = {
    float32: {},
    'channels last': { channelsLast: true },
    bfloat16: { autocast: 'bfloat16' },
    'float16, channels last': { autocast: 'float16', channelsLast: true },
    'CUDA graph': { cudaGraph: true },
  };
  for (const batch of [1, 64, 256]) {
    for (const [name, options] of Object.entries(ways)) {
      const seconds = await network.latency({ batch, batches: 30, imageSize: 32, ...options }).catch(String);
      console.log(
        `batch ${batch}, ${name}: ${typeof seconds === 'number' ? `${(seconds * 1000).toFixed(3)} ms` : seconds}`,
      );
    }
  }
});

onCuda(
  'steps that are recorded as a CUDA graph lose what others lose, whatever the rate and the size of the batch',
  async () => {
    const { config, seed, batch: count, size } = answers.training[0]!;
    const losses = async (cudaGraph: boolean) => {
      await using network = await Network.fromConfig(config, { seed, device: 'cuda' });
      const sgd = new SGD(network.train(), { cudaGraph });
      const out: number[] = [];
      for (let step = 0; step < 12; step++) {
        // After the warm-up: another rate each step, and once a smaller batch.
        sgd.lr = 0.02 - 0.001 * step;
        const images = imagesOf(step === 7 ? count - 1 : count, size);
        const labels = Array.from({ length: images.shape[0]! }, (_, i) => (i * 3 + step) % network.numClasses);
        out.push((await sgd.step({ images, labels })).loss);
      }
      return out;
    };
    const plain = await losses(false);
    try {
      const recorded = await losses(true);
      recorded.forEach((loss, step) => {
        expect(Math.abs(loss - plain[step]!) / plain[step]!, `step ${step}`).toBeLessThan(1e-3);
      });
    } catch (error) {
      if (!/2\.12\.1/.test(String(error))) throw error;
      console.warn(`SKIPPED, because this libtorch is too old for it: recorded training steps (${String(error)})`);
    }
  },
);

onCuda('a training on a GPU goes as on a CPU, with the same order and augmentation', async () => {
  const truth = training.trials[1]!;
  const { arch, C, N, seed } = truth;
  const run = async (device: string, order: 'reference' | 'device') => {
    await using network = await Network.fromArch(arch, { C, N, seed, device });
    const losses: number[] = [];
    for await (const { train } of network.train(dataSet(truth), { order, config: { epochs: 2, batch_size: 32 } }))
      losses.push(train.loss);
    return losses;
  };
  const [there, here] = [await run('cuda', 'reference'), await run('cpu', 'reference')];
  there.forEach((loss, epoch) => {
    expect(Math.abs(loss - here[epoch]!) / here[epoch]!).toBeLessThan(2e-2);
  });
  expect(await run('cuda', 'device')).toHaveLength(2);
});

onCuda('images are augmented on a GPU as on a CPU', async () => {
  const pixels = async (device: string) => {
    const out: Float32Array[] = [];
    for await (const batch of imageBatches(dataSet(training.trials[1]!), {
      device,
      order: 'reference',
      seed: 5,
      batch: 32,
    })) {
      await using images = batch.images;
      out.push((await images.toArray()).data);
    }
    return out;
  };
  const [there, here] = [await pixels('cuda'), await pixels('cpu')];
  there.forEach((batch, i) => {
    expect(difference(batch, here[i]!)).toBeLessThan(1e-6);
  });
});
