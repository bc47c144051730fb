import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findPython } from '../../../test-fixtures/python.mjs';
import {
  type DataSet,
  describeFile,
  imageBatches,
  learningRates,
  Network,
  normalisedImages,
  OrderedDict,
  readTorch,
  SGD,
  setTorchThreads,
  Tensor,
  type TrialDict,
  torchInfo,
  trainingConfig,
  trainTrial,
  writeTrials,
} from '../src/index.js';
import { describeWithTorch } from './support/networks.js';
import { answers, CIFAR10_CHANNELS, dataSet, imagesOf } from './support/training.js';

const sha = () => createHash('sha256');
const small = (split = false): DataSet => dataSet({ size: 32, classes: 10, split, ...CIFAR10_CHANNELS });
const ARCH = answers.trials[1]!.arch;

/** A dict of a trial as plain numbers, with its keys in order. */
const numbers = (trial: TrialDict, name: string) =>
  [...(trial.get(name) as Map<unknown, { value: number }>)].map(([key, { value }]) => [String(key), value]);

function digest(state: unknown): string {
  const sum = sha();
  for (const [name, tensor] of state as Map<string, Tensor>) {
    sum.update(name);
    sum.update(tensor.storage.bytes());
  }
  return sum.digest('hex');
}

describeWithTorch('training', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nb201-training-'));
  // Whether numbers must be equal to the bit.
  let same = false;
  beforeAll(async () => {
    await setTorchThreads(1);
    const { compiledFor, config } = await torchInfo();
    const version = (text: string) => /^\d+\.\d+/.exec(text)?.[0];
    const capability = /CPU capability usage: (\w+)/.exec(config)?.[1];
    same = version(compiledFor) === version(answers.torch) && capability === answers.capability;
    if (!same) {
      const there = `torch ${answers.torch} with ${answers.capability}`;
      console.warn(
        `The reference ran on ${there}, this is ${compiledFor} with ${capability}: numbers are compared roughly.`,
      );
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('has the learning rates of the reference at every iteration', () => {
    for (const { epochs, warmup, iterations, eta_min, rates } of answers.rates) {
      const config = trainingConfig('12', { epochs, warmup, eta_min });
      const ours = Array.from({ length: epochs + warmup }, (_, epoch) => [...learningRates(config, epoch, iterations)]);
      expect(ours.flat()).toEqual(rates);
    }
  });

  it("goes through images in the reference's order, and augments them as it does, to the bit", async () => {
    for (const { size, padding, mean, std, seed, subset, epochs } of answers.order) {
      const of = imagesOf(0, 70, size);
      const train = { of, indices: subset && Int32Array.from(subset), shuffled: true };
      const data = { ...small(), imageSize: size, padding, mean, std, train };
      const sums = epochs.map(sha);
      const seen: number[][] = [[], []];
      for await (const batch of imageBatches(data, { seed, batch: 32, epochs: 2 })) {
        await using images = batch.images;
        const { data: pixels } = await images.toArray();
        sums[batch.epoch]!.update(new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength));
        seen[batch.epoch]!.push(...batch.indices);
        expect([...batch.labels]).toEqual([...batch.indices].map((i) => of.labels[i]));
      }
      expect(seen.map((indices, e) => ({ indices, pixels: sums[e]!.digest('hex') }))).toEqual(epochs);
    }
  });

  it('loses in six steps what the reference loses, and evaluates to the same', async () => {
    const images = imagesOf(0, 32, 32);
    const pixels = (at: number, count: number) =>
      normalisedImages(images.pixels.slice(at * 3072, (at + count) * 3072), [count, 3, 32, 32], 'cifar10');
    for (const { arch, steps, evaluation } of answers.steps) {
      await using network = await Network.fromArch(arch, { seed: 777 });
      const sgd = new SGD(network);
      for (const [step, expected] of steps.entries()) {
        const at = (step * 8) % 32;
        const batch = { images: pixels(at, 8), labels: images.labels.slice(at, at + 8) };
        const { loss, top1, top5 } = await sgd.step(batch);
        if (same) expect([loss, top1, top5]).toEqual(expected);
        else if (step < 2) expect(Math.abs(loss - expected[0]!)).toBeLessThan(1e-5);
      }
      const { loss, top1, top5 } = await network.evaluate(
        { images: pixels(0, 32), labels: images.labels },
        { exact: true },
      );
      if (same) expect([loss, top1, top5]).toEqual(evaluation);
    }
  });

  it('makes the trials that the reference makes: every number, every weight, every text', async () => {
    for (const truth of answers.trials) {
      const { arch, C, N, seed, config } = truth;
      const { LR, epochs, warmup, batch_size } = config;
      const rates: Record<string, number> = {};
      const trial = await trainTrial({
        ...{ arch, C, N, seed, dataset: 'formula', data: dataSet(truth) },
        config: { LR, epochs, warmup, batch_size },
        onEpoch: ({ epoch, learningRate }) => {
          rates[epoch] = learningRate;
        },
      });
      expect(rates).toEqual(truth.learning_rates);
      expect(trial.get('net_string')).toBe(truth.net_string);
      expect(trial.get('flop')).toEqual({ value: truth.flop });
      expect(trial.get('param')).toEqual({ value: truth.param });
      expect(trial.get('total_epoch')).toBe(truth.total_epoch);
      for (const name of [
        'train_losses',
        'train_acc1es',
        'train_acc5es',
        'valid_losses',
        'valid_acc1es',
        'valid_acc5es',
      ]) {
        const expected = Object.entries(truth[name] as Record<string, number>);
        if (same) expect(numbers(trial, name), name).toEqual(expected);
        else expect(numbers(trial, name).map(([key]) => key)).toEqual(expected.map(([key]) => key));
      }
      if (same) expect(digest(trial.get('net_state_dict'))).toBe(truth.state);
    }
  });

  it('is the same again with the same seed, and another with another', async () => {
    const losses = async (seed: number, order: 'reference' | 'device') => {
      await using network = await Network.fromArch(ARCH, { C: 4, N: 1, seed });
      const out: number[] = [];
      for await (const { train } of network.train(small(), { order, config: { epochs: 2, batch_size: 32 } }))
        out.push(train.loss);
      return out;
    };
    for (const order of ['reference', 'device'] as const) {
      const first = await losses(5, order);
      expect(await losses(5, order)).toEqual(first);
      expect(await losses(6, order)).not.toEqual(first);
    }
  });

  it('trains networks of several lanes at the same time to the same weights, on one copy of the images', async () => {
    const data = small();
    const trained = async (lane: number, seed: number) => {
      await setTorchThreads(1, lane);
      await using network = await Network.fromArch(ARCH, { C: 4, N: 1, seed, lane });
      const losses: number[] = [];
      for await (const { train } of network.train(data, { config: { epochs: 2, batch_size: 32 } }))
        losses.push(train.loss);
      return { losses, state: digest(await network.stateDict()) };
    };
    const seeds = [1, 2, 3, 4];
    const together = await Promise.all(seeds.map((seed, lane) => trained(lane, seed)));
    for (const [i, seed] of seeds.entries()) expect(await trained(0, seed)).toEqual(together[i]);
    expect(new Set(together.map(({ state }) => state)).size).toBe(4);
    for (const lane of [-1, 0.5, 256]) await expect(Network.fromArch(ARCH, { lane })).rejects.toThrow(RangeError);
  });

  it('draws on the device what are flips and crops of its images, each image once an epoch', async () => {
    const data = small();
    const { pixels } = data.train.of;
    const plain = normalisedImages(pixels, [96, 3, 32, 32], 'cifar10').data;
    const black = normalisedImages(new Uint8Array(3072), [1, 3, 32, 32], 'cifar10').data;
    const kinds = new Set<string>();
    const orders: number[][] = [[], []];
    for await (const batch of imageBatches(data, { order: 'device', seed: 3, batch: 50, epochs: 2 })) {
      await using images = batch.images;
      const { data: got } = await images.toArray();
      batch.indices.forEach((index, i) => {
        orders[batch.epoch]!.push(index);
        const source = plain.subarray(index * 3072, (index + 1) * 3072);
        const kind = changeOf(got.subarray(i * 3072, (i + 1) * 3072), source, black);
        expect(kind).toBeDefined();
        kinds.add(kind!);
      });
    }
    for (const order of orders)
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 96 }, (_, i) => i));
    expect(orders[0]).not.toEqual(orders[1]);
    expect(kinds.size).toBeGreaterThan(60);
  });

  it('lets timers fire, tells how far it has come, and ends where it is told to', async () => {
    await using network = await Network.fromArch(ARCH, { seed: 1 });
    const abort = new AbortController();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 20);
    const told: number[] = [];
    const run = async () => {
      const options = {
        config: { batch_size: 16 },
        signal: abort.signal,
        onProgress: ({ images, set }: { images: number; set: string }) => {
          expect(set).toBe('train');
          told.push(images);
          if (told.length === 2) abort.abort(new Error('enough'));
        },
      };
      for await (const _ of network.train(small(), options)) throw new Error('an epoch was over too soon');
    };
    await expect(run()).rejects.toThrow('enough');
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(2);
    expect(told[1]).toBeGreaterThan(told[0]!);
    expect(told[1]).toBeLessThan(96);
  });

  it('says so where it diverges, and where a label is no class', async () => {
    await using network = await Network.fromArch(ARCH, { C: 4, N: 1, seed: 1 });
    const epoch = (data: DataSet, LR = 0.1) => network.train(data, { config: { LR, batch_size: 16 } }).next();
    await expect(epoch(small(), 1e30)).rejects.toMatchObject({ name: 'NetworkError', code: 'NOT_FINITE' });
    const hundred = dataSet({ size: 32, classes: 100, split: false, ...CIFAR10_CHANNELS });
    await expect(epoch(hundred)).rejects.toMatchObject({ code: 'BAD_LABELS' });
  });

  const python = findPython('torch');
  it.skipIf(!python)(
    `is written as torch.load reads it${python ? '' : ' (SKIPPED: no python3 with torch)'}`,
    async () => {
      const truth = answers.trials[1]!;
      const config = { epochs: 1, batch_size: 48 };
      const options = { arch: truth.arch, C: 4, N: 1, seed: 777, dataset: 'formula', data: small(true), config };
      const trial = await trainTrial(options);
      const path = join(folder, 'arch-000007-seed-0777.pth');
      await writeTrials(path, { info: 'a machine', results: new Map([['cifar10-valid', trial]]) });
      expect(readdirSync(folder)).toEqual(['arch-000007-seed-0777.pth']);
      const program =
        'import sys, torch, json; d = torch.load(sys.argv[1]); r = d["cifar10-valid"]; s = r.pop("net_state_dict"); ' +
        'print(json.dumps([list(d), d["info"], d["all_dataset_keys"], [list(r), r["config"], r["finish-train"]], ' +
        '[type(r["config"]["xshape"]).__name__, type(r["train_losses"][0]).__name__, type(s).__name__], ' +
        '[list(s["stem.0.weight"].shape), str(s["stem.1.num_batches_tracked"].dtype), int(s["stem.1.num_batches_tracked"])]]))';
      const [keys, info, datasets, [names, read, done], types, tensors] = JSON.parse(
        execFileSync(python!, ['-c', program, path]).toString(),
      );
      expect([keys, info, datasets, done]).toEqual([
        ['info', 'cifar10-valid', 'all_dataset_keys'],
        'a machine',
        ['cifar10-valid'],
        true,
      ]);
      // `arch_config`, `opt_config` and `learning_rates` are those of NATS-Bench's script.
      const ours = ['flop', 'param', 'channel', 'num_cells', 'config', 'total_epoch'];
      const theirs = truth.order.filter(
        (name) => !['arch_config', 'opt_config', 'learning_rates', 'net_state_dict'].includes(name),
      );
      expect(names).toEqual([...ours, ...theirs.slice(3)]);
      expect(read).toEqual({ ...truth.config, epochs: 1, batch_size: 48, xshape: [1, 3, 32, 32] });
      expect(types).toEqual(['tuple', 'float', 'OrderedDict']);
      expect(tensors).toEqual([[4, 3, 3, 3], 'torch.int64', 1]);
      expect(await describeFile(path)).toMatchObject({ kind: 'training-run', index: 7, seed: 777 });
      const again = (await readTorch(path)) as Map<string, TrialDict>;
      await using network = await Network.fromArch(truth.arch, { C: 4, N: 1, seed: 0 });
      const weights = again.get('cifar10-valid')!.get('net_state_dict') as OrderedDict;
      expect(weights).toBeInstanceOf(OrderedDict);
      await network.loadStateDict(weights);
      await expect(writeTrials(path, { info: '', results: new Map() })).rejects.toMatchObject({ code: 'EXISTS' });
      expect(existsSync(path)).toBe(true);
      expect(weights.get('classifier.bias')).toBeInstanceOf(Tensor);
    },
  );
});

/** How an image was changed: its flip, and where the crop begins. */
function changeOf(got: Float32Array, source: Float32Array, black: Float32Array): string | undefined {
  const at = (channel: number, y: number, x: number, flip: boolean) =>
    y < 0 || y > 31 || x < 0 || x > 31
      ? black[channel * 1024]!
      : source[channel * 1024 + y * 32 + (flip ? 31 - x : x)]!;
  for (const flip of [false, true]) {
    for (let top = 0; top < 9; top++) {
      for (let left = 0; left < 9; left++) {
        const same = (i: number) =>
          Math.abs(got[i]! - at(i >> 10, ((i >> 5) & 31) + top - 4, (i & 31) + left - 4, flip)) < 1e-6;
        if (got.every((_, i) => same(i))) return `${flip} ${top} ${left}`;
      }
    }
  }
  return undefined;
}
