import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPython } from '../../../test-fixtures/python.mjs';
import {
  DeviceTensor,
  type ForwardOptions,
  NASBench201API,
  Network,
  NetworkError,
  openArchitecture,
  publishedArchitectures,
  ReadError,
  readSafetensors,
  readTorch,
  SGD,
  type StateDict,
  setTorchThreads,
  stagesCost,
  torchInfo,
} from '../src/index.js';
import { planOf } from '../src/networks/config.js';
import { answers, describeWithTorch, difference, imagesOf, NETWORKS, otherWays, unpacked } from './support/networks.js';
import { itWith, SHARED } from './support/shared.js';

const CACHE = fileURLToPath(new URL('../../../.cache/reference/', import.meta.url));
const ARCH = '|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|';

function digestOf(state: StateDict): string {
  const sha = createHash('sha256');
  for (const [name, { data }] of state) {
    sha.update(name);
    sha.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return sha.digest('hex');
}

const small = (options: { seed?: number; numClasses?: number } = {}) =>
  Network.fromArch(ARCH, { C: 4, N: 1, seed: 777, ...options });

const failure = (work: Promise<unknown>) =>
  work.then(
    () => expect.fail('it should have failed'),
    (error: unknown) => error as NetworkError,
  );

describe('what a network costs', () => {
  it('is what the reference counts, for other widths and depths and for the size space too', () => {
    for (const { config, size, flops, params } of answers.costs) {
      const { cell, channels, numClasses } = planOf(config);
      const cost = stagesCost(cell, channels, { imageSize: size, numClasses });
      expect([cost.flops, cost.params], JSON.stringify(config)).toEqual([
        expect.closeTo(flops, 9),
        expect.closeTo(params, 9),
      ]);
    }
  });

  for (const space of ['tss-v1_0-3ffb9', 'sss-v1_0-50262']) {
    const folder = `${SHARED}real/NATS-${space}-simple`;
    itWith(folder, `is what the real records of NATS-${space} say`, async () => {
      for (const file of ['000000.pickle.pbz2', '000284.pickle.pbz2']) {
        const results = (await openArchitecture(`${folder}/${file}`)).get(space.startsWith('tss') ? '200' : '90')!;
        for (const [dataset, size] of [
          ['cifar10', 32],
          ['cifar100', 32],
          ['ImageNet16-120', 16],
        ] as const) {
          const trial = results.query(dataset).values().next().value!;
          const { cell, channels, numClasses } = planOf(trial.getConfig());
          const cost = stagesCost(cell, channels, { imageSize: size, numClasses });
          expect([cost.flops, cost.params]).toEqual([expect.closeTo(trial.flop, 9), expect.closeTo(trial.params, 9)]);
        }
      }
    });
  }
});

describe('a config that is none', () => {
  it('is refused before libtorch is asked for', async () => {
    const base = { name: 'infer.tiny', C: 16, N: 5, arch_str: ARCH, num_classes: 10 } as const;
    for (const wrong of [{ C: 0 }, { N: 1.5 }, { num_classes: -1 }, { name: 'infer.nasnet-cifar' }]) {
      const error = await failure(Network.fromConfig({ ...base, ...wrong } as never));
      expect(error.code, JSON.stringify(wrong)).toBe('BAD_CONFIG');
    }
    const channels = { name: 'infer.shape.tiny', channels: '8:8:8', genotype: ARCH, num_classes: 10 } as const;
    expect((await failure(Network.fromConfig(channels))).message).toContain('3N + 2');
    expect((await failure(Network.fromConfig({ ...base, arch_str: '|x~0|' }))).code).toBe('BAD_ARCHITECTURE');
  });
});

describeWithTorch('networks', () => {
  beforeAll(() => setTorchThreads(1));

  it('answer what the reference answers, and start with its weights, in 240 architectures of many shapes', async () => {
    expect(answers.forward.length).toBe(240);
    let [exact, fast] = [0, 0];
    for (const { config, seed, batch, size, state, features, logits } of answers.forward) {
      await using network = await Network.fromConfig(config, { seed });
      expect(digestOf(await network.stateDict()), JSON.stringify(config)).toBe(state);
      const x = imagesOf(batch, size);
      await network.train().forward(x);
      network.eval();
      const [a, b] = [await network.forward(x, { exact: true }), await network.forward(x)];
      for (const [output, expected] of [[a, b].map((o) => o.features), [a, b].map((o) => o.logits)].map(
        (pair, i) => [pair, unpacked([features, logits][i]!)] as const,
      )) {
        exact = Math.max(exact, difference(output[0]!.data, expected));
        fast = Math.max(fast, difference(output[1]!.data, expected));
      }
    }
    expect([exact, fast]).toEqual([expect.closeTo(0, 4), expect.closeTo(0, 4)]);
  });

  it('lose over three steps of SGD what the reference loses', async () => {
    for (const { config, seed, batch, size, losses } of answers.training) {
      await using network = await Network.fromConfig(config, { seed });
      const sgd = new SGD(network.train());
      const labels = Array.from({ length: batch }, (_, i) => (i * 3) % network.numClasses);
      for (const [step, loss] of losses.entries()) {
        const found = await sgd.step({ images: imagesOf(batch, size), labels });
        // On the same processor and libtorch they are equal. Else they round otherwise, and in a deep network each step
        // of training makes a hundred times more of it.
        const deep = config.name === 'infer.tiny' && config.N > 1;
        const tolerance = deep ? [1e-5, 1e-2, 1e-1][step]! : 1e-4;
        expect(Math.abs(found.loss - loss) / loss, `${JSON.stringify(config)}, step ${step}`).toBeLessThan(tolerance);
      }
    }
  });

  it('lose the same with the channels last', async () => {
    const { config, seed, batch, size, losses } = answers.training[0]!;
    await using network = await Network.fromConfig(config, { seed });
    const sgd = new SGD(network.train(), { channelsLast: true });
    const labels = Array.from({ length: batch }, (_, i) => (i * 3) % network.numClasses);
    for (const loss of losses) {
      const found = await sgd.step({ images: imagesOf(batch, size), labels });
      expect(Math.abs(found.loss - loss) / loss).toBeLessThan(1e-4);
    }
  });

  it('print themselves as the reference does', async () => {
    for (const { config, message } of answers.costs.filter((c) => c.message)) {
      await using network = await Network.fromConfig(config);
      expect(String(network)).toBe(message);
      expect(network.describe().message).toBe(message);
    }
  });

  it('have as many parameters as they say', async () => {
    for (const { config, params } of answers.costs) {
      await using network = await Network.fromConfig(config);
      const counted = [...(await network.parameters()).values()].reduce((sum, { data }) => sum + data.length, 0);
      expect(counted).toBe(Math.round(params * 1e6));
      expect(network.params()).toBeCloseTo(params, 9);
    }
  });

  it('cost what architecture 284 is recorded with', async () => {
    await using network = await Network.fromArch(publishedArchitectures()[284]!);
    expect(network.flops()).toBeCloseTo(11.71521, 9);
    expect(network.params()).toBeCloseTo(0.101306, 9);
  });

  it('draw other weights each time without a seed, and the same with one', async () => {
    const digests = await Promise.all(
      [undefined, undefined, 5, 5].map(async (seed) => {
        await using network = await Network.fromArch(ARCH, { C: 4, N: 1, seed });
        return digestOf(await network.stateDict());
      }),
    );
    expect(new Set(digests).size).toBe(3);
    expect(digests[2]).toBe(digests[3]);
  });

  describe('take weights from files', () => {
    const wanted = JSON.parse(readFileSync(`${NETWORKS}weights.json`, 'utf8'));

    for (const file of ['weights-legacy.pth', 'weights-zip.pth', 'weights-views.pth']) {
      it(`of torch.save: ${file}`, async () => {
        await using network = await Network.fromConfig(wanted.config, { seed: 1 });
        await network.load(NETWORKS + file);
        expect(digestOf(await network.stateDict())).toBe(wanted.state);
        const { features, logits } = await network.forward(imagesOf(wanted.batch, wanted.size));
        expect(difference(features.data, unpacked(wanted.features))).toBeLessThan(1e-4);
        expect(difference(logits.data, unpacked(wanted.logits))).toBeLessThan(1e-4);
      });
    }

    it('but not of a file that holds something else', async () => {
      await using network = await Network.fromConfig(wanted.config, { seed: 1 });
      const error = await failure(network.load(`${NETWORKS}000003-FULL.pth`));
      expect([error.code, error.message]).toEqual(['NO_WEIGHTS', expect.stringContaining('state dict')]);
      const text = await failure(network.load(`${NETWORKS}weights.json`));
      expect(text).toBeInstanceOf(ReadError);
      expect((await failure(network.load(`${NETWORKS}none.pth`))).code).toBe('IO');
    });

    it('of bytes in memory, and of another network', async () => {
      await using a = await Network.fromConfig(wanted.config, { seed: 1 });
      await using b = await Network.fromConfig(wanted.config, { seed: 2 });
      await a.loadStateDict((await readTorch(readFileSync(`${NETWORKS}weights-legacy.pth`))) as never);
      await b.loadStateDict(await a.stateDict());
      expect(digestOf(await b.stateDict())).toBe(wanted.state);
    });

    it('and name a tensor that is missing, surplus, misshapen or none, having changed nothing', async () => {
      await using network = await Network.fromConfig(wanted.config, { seed: 1 });
      const before = await network.stateDict();
      const changed = (change: (state: Map<string, unknown>) => void) => {
        const state = new Map<string, unknown>(before);
        change(state);
        return failure(network.loadStateDict(state as StateDict));
      };
      const { dtype, shape, data } = before.get('classifier.bias')!;
      const bias = { dtype, shape, data };
      const cases: [string, (state: Map<string, unknown>) => void, RegExp][] = [
        ['MISSING_TENSOR', (s) => s.delete('cells.0.layers.0.op.1.weight'), /cells\.0\.layers\.0\.op\.1\.weight/],
        ['UNEXPECTED_TENSOR', (s) => s.set('module.stem', bias), /module\.stem/],
        ['MISSHAPEN_TENSOR', (s) => s.set('stem.1.bias', bias), /stem\.1\.bias.*\[2\].*\[10\]/],
        ['BAD_TENSOR', (s) => s.set('classifier.bias', { ...bias, offset: 1 }), /classifier\.bias/],
        ['BAD_TENSOR', (s) => s.set('classifier.bias', { ...bias, stride: [2 ** 40] }), /classifier\.bias/],
        ['BAD_TENSOR', (s) => s.set('classifier.bias', 'text'), /classifier\.bias/],
      ];
      for (const [code, change, message] of cases) {
        const error = await changed(change);
        expect(error).toBeInstanceOf(NetworkError);
        expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
      }
      expect(digestOf(await network.stateDict())).toBe(digestOf(before));
    });

    it('of a trial in the archive', async () => {
      const folder = `${NETWORKS}../benchmark/`;
      const file = readdirSync(folder).find((name) => name.startsWith('NAS-Bench-201-v1_1-'))!;
      using api = await NASBench201API.open(folder + file, { onWarning() {} });
      // Its records have weights, but none that are a network.
      expect((await failure(api.getNetwork(3, 'cifar100', { hp: 12 }))).code).toMatch(/NO_WEIGHTS|MISSING_TENSOR/);
      await api.reload(NETWORKS, 3);
      await using network = await api.getNetwork(3, 'cifar100', { hp: 12, seed: 111 });
      await using fresh = await Network.fromConfig(api.getNetConfig(3, 'cifar100'), { seed: 42 });
      expect(network.numClasses).toBe(100);
      expect(digestOf(await network.stateDict())).toBe(digestOf(await fresh.stateDict()));
      expect((await failure(api.getNetwork(3, 'cifar10', { hp: 12 }))).code).toBe('NO_WEIGHTS');
    });
  });

  describe('save their weights', () => {
    const { config, seed, state } = answers.forward[0]!;
    const folder = mkdtempSync(join(tmpdir(), 'nb201-save-'));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));
    const files = ['weights.pth', 'weights.safetensors'].map((name) => join(folder, name));
    beforeAll(async () => {
      await using network = await Network.fromConfig(config, { seed });
      const metadata = { architecture: network.architecture };
      const sizes = [await network.save(files[0]!), await network.save(files[1]!, { metadata })];
      expect(sizes).toEqual(files.map((file) => readFileSync(file).length));
    });

    it('and load them again', async () => {
      for (const file of files) {
        await using network = await Network.fromConfig(config, { seed: seed + 1 });
        expect(digestOf(await network.stateDict())).not.toBe(state);
        expect(digestOf(await (await network.load(file)).stateDict())).toBe(state);
      }
      expect((await readSafetensors(files[1]!)).metadata.architecture).toBe(planOf(config).architecture);
    });

    const env = { ...process.env, PYTHONPATH: `${CACHE}safetensors:${CACHE}AutoDL-Projects` };
    const torch = findPython('torch, safetensors.torch', env);
    if (!torch) console.warn('SKIPPED, because no python3 here has torch and safetensors: what they read of weights');
    it.skipIf(!torch)(
      'as torch.load and safetensors read them, and the reference takes them',
      { timeout: 60_000 },
      () => {
        const program = `
import hashlib, json, sys, torch
from safetensors.torch import load_file
torch_state, safe_state = torch.load(sys.argv[2], weights_only=True), load_file(sys.argv[3])
def digest(state):
    sha = hashlib.sha256()
    for name in torch_state:
        sha.update(name.encode()); sha.update(state[name].numpy().tobytes())
    return sha.hexdigest()
def strictly(state):
    from xautodl.models import get_cell_based_tiny_net
    network = get_cell_based_tiny_net(json.loads(sys.argv[1]))
    return str(network.load_state_dict(state, strict=True)), digest(network.state_dict())
found = {'type': type(torch_state).__name__, 'digests': [digest(torch_state), digest(safe_state)]}
try:
    found['reference'] = [strictly(torch_state), strictly(safe_state)]
except ModuleNotFoundError as missing:
    found['missing'] = missing.name
print(json.dumps(found))`;
        const said = execFileSync(torch!, ['-c', program, JSON.stringify(config), ...files], { env }).toString();
        const { missing, reference, ...read } = JSON.parse(said);
        expect(read).toEqual({ type: 'OrderedDict', digests: [state, state] });
        if (missing)
          console.warn(`SKIPPED, because there is no ${missing} in .cache/reference: the reference's own loading`);
        else expect(reference).toEqual(new Array(2).fill(['<All keys matched successfully>', state]));
      },
    );

    it('in whole or not at all', async () => {
      await using network = await Network.fromConfig(config, { seed: 1 });
      for (const file of files) {
        const before = readFileSync(file);
        await expect(network.save(file)).rejects.toMatchObject({ name: 'WriteError', code: 'EXISTS' });
        const reason = new Error('enough');
        await expect(network.save(file, { overwrite: true, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
        expect(readFileSync(file)).toEqual(before);
      }
      await expect(network.save(files[0]!, { metadata: {} })).rejects.toMatchObject({ code: 'UNSUPPORTED_VALUE' });
      await expect(network.save(join(folder, 'none', 'a.pth'))).rejects.toMatchObject({ code: 'IO' });
      expect(readdirSync(folder).length).toBe(2);
      await network.save(files[0]!, { overwrite: true });
      await using other = await Network.fromConfig(config, { seed: 1 });
      expect(digestOf(await (await other.load(files[0]!)).stateDict())).toBe(digestOf(await network.stateDict()));
    });
  });

  it('evaluate batches as the reference averages them', async () => {
    await using network = await small();
    const batches = [8, 3].map((n) => ({ images: imagesOf(n, 8), labels: Array.from({ length: n }, (_, i) => i) }));
    const whole = await network.evaluate(batches);
    const [first, second] = [await network.evaluate(batches[0]!), await network.evaluate(batches[1]!)];
    expect(whole.count).toBe(11);
    expect(whole.loss).toBe((first.loss * 8 + second.loss * 3) / 11);
    const { logits } = await network.forward(batches[0]!.images);
    const rows = Array.from({ length: 8 }, (_, i) => [...logits.data.subarray(i * 10, i * 10 + 10)]);
    const nll = rows.map((row, i) => Math.log(row.reduce((sum, v) => sum + Math.exp(v), 0)) - row[i]!);
    expect(first.loss).toBeCloseTo(nll.reduce((a, b) => a + b) / 8, 5);
    const rank = rows.map((row, i) => row.filter((v) => v > row[i]!).length);
    expect(first.top1).toBe(rank.filter((r) => r < 1).length * 12.5);
    expect(first.top5).toBe(rank.filter((r) => r < 5).length * 12.5);
    async function* later() {
      for (const batch of batches) yield batch;
    }
    expect(await network.evaluate(later())).toEqual(whole);
  });

  it('compute with the channels last and in bfloat16 as the reference does with the same', async () => {
    const narrow = (x: number) => new Uint32Array(Float32Array.of(x).buffer)[0]! % 65536 === 0;
    for (const { config, seed, batch, size, plain, channelsLast, autocast } of otherWays) {
      await using network = await Network.fromConfig(config, { seed });
      const x = imagesOf(batch, size);
      await network.train().forward(x);
      network.eval();
      const logits = async (options: ForwardOptions) => (await network.forward(x, options)).logits.data;
      for (const exact of [true, false]) {
        const before = await logits({ exact });
        expect(difference(before, unpacked(plain))).toBeLessThan(1e-4);
        for (const order of [true, false]) {
          const found = await logits({ exact, channelsLast: order });
          expect(difference(found, unpacked(channelsLast))).toBeLessThan(1e-4);
        }
        const half = await logits({ exact, autocast: 'bfloat16', channelsLast: false });
        expect(half.every(narrow)).toBe(true);
        // On one processor they are equal where `exact`; another multiplies otherwise.
        expect(difference(half, unpacked(autocast))).toBeLessThan(3e-2);
        expect(await logits({ exact })).toEqual(before);
      }
    }
  });

  it('evaluate and measure in bfloat16, too', async () => {
    await using network = await small();
    const batch = { images: imagesOf(8, 8), labels: [0, 1, 2, 3, 4, 5, 6, 7] };
    const [whole, half] = [await network.evaluate(batch), await network.evaluate(batch, { autocast: 'bfloat16' })];
    expect(half.loss).not.toBe(whole.loss);
    expect(half.loss).toBeCloseTo(whole.loss, 1);
    expect(await network.latency({ batch: 2, batches: 1, imageSize: 8, autocast: 'bfloat16' })).toBeGreaterThan(0);
  });

  it('say which ways of computing cannot be had on a CPU', async () => {
    await using network = await small();
    const cases: [ForwardOptions, RegExp][] = [
      [{ autocast: 'float16' }, /bfloat16 on a CPU/],
      [{ cudaGraph: true }, /CUDA graphs need libtorch 2\.12\.1 or newer|a network on a GPU/],
      [{ autocast: 'int8' as never }, /'bfloat16' or 'float16'/],
    ];
    for (const [options, message] of cases) {
      const error = await failure(network.forward(imagesOf(1, 8), options));
      expect([error.code, error.message]).toEqual(['UNSUPPORTED', expect.stringMatching(message)]);
    }
    const recorded = new SGD(network, { cudaGraph: true });
    const refused = await failure(recorded.step({ images: imagesOf(2, 8), labels: [0, 1] }));
    expect([refused.code, refused.message]).toEqual(['UNSUPPORTED', expect.stringMatching(/a network on a GPU/)]);
    const error = await failure(network.train().forward(imagesOf(1, 8), { cudaGraph: true }));
    expect([error.code, error.message]).toEqual(['UNSUPPORTED', expect.stringContaining('eval mode')]);
  });

  it('take tensors that stay on the device, and give such', async () => {
    await using network = await small();
    const x = imagesOf(2, 8);
    await using tensor = await DeviceTensor.from(x);
    expect([tensor.shape, tensor.device]).toEqual([[2, 3, 8, 8], 'cpu']);
    expect(await tensor.toArray()).toEqual(x);
    const { features, logits } = await network.forward(tensor);
    expect(await logits.toArray()).toEqual((await network.forward(x)).logits);
    expect(features.shape).toEqual([2, 16]);
    tensor.dispose();
    expect((await failure(network.forward(tensor))).code).toBe('DISPOSED');
  });

  it('refuse what they cannot take', async () => {
    await using network = await small();
    const x = imagesOf(2, 8);
    const codes = await Promise.all(
      [
        network.forward({ data: x.data, shape: [2, 3, 8, 9] }),
        network.forward({ data: x.data, shape: [6, 1, 8, 8] }),
        network.forward({ data: x.data.subarray(0, 2 * 3 * 36), shape: [2, 3, 6, 6] }),
        network.evaluate({ images: x, labels: [1] }),
        network.evaluate({ images: x, labels: [1, 10] }),
        network.evaluate({ images: x, labels: [1, 0.5] }),
        network.to('gpu'),
        network.to('cuda:x'),
      ].map(async (work) => (await failure(work)).code),
    );
    const times = (code: string, n: number) => new Array<string>(n).fill(code);
    expect(codes).toEqual([...times('BAD_SHAPE', 3), ...times('BAD_LABELS', 3), ...times('BAD_DEVICE', 2)]);
    await expect(network.forward({ data: [1, 2], shape: [2] } as never)).rejects.toThrow(TypeError);
    network.dispose();
    expect((await failure(network.forward(x))).code).toBe('DISPOSED');
  });

  it('say what is missing where there is no GPU', async () => {
    const { cudaDevices } = await torchInfo();
    await using network = await small();
    const device = `cuda:${cudaDevices}`;
    const error = await failure(network.to(device));
    expect([error.code, error.message]).toEqual(['NO_CUDA', expect.stringContaining(`'${device}' cannot be had`)]);
    expect(network.device).toBe('cpu');
    expect((await network.forward(imagesOf(1, 8))).logits.shape).toEqual([1, 10]);
  });

  it('leave the event loop free, and can be aborted while they compute', async () => {
    await using network = await Network.fromArch(ARCH, { seed: 1 });
    const x = imagesOf(64, 32);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await network.forward(x);
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(3);

    const controller = new AbortController();
    const reason = new Error('enough');
    const running = network.latency({ batch: 64, batches: 10_000, signal: controller.signal });
    const queued = network.forward(x, { signal: controller.signal });
    await after(20);
    controller.abort(reason);
    expect(await failure(running)).toBe(reason);
    expect(await failure(queued)).toBe(reason);
    expect(await failure(network.forward(x, { signal: AbortSignal.abort(reason) }))).toBe(reason);
  });

  it('measure their latency', async () => {
    await using network = await small();
    const seconds = await network.latency({ batch: 4, batches: 4, imageSize: 8 });
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThan(5);
  });

  it('finish what was asked for before they are disposed of', async () => {
    const network = await small();
    const work = network.forward(imagesOf(8, 8));
    await network[Symbol.asyncDispose]();
    expect((await work).logits.shape).toEqual([8, 10]);
  });
});
