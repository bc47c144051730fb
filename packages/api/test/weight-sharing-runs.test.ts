// Whole runs of the weight-sharing searches: interrupted and not, and how they fail.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  NetworkError,
  readTorch,
  SearchData,
  SearchError,
  setTorchThreads,
  Tensor,
  torchInfo,
  torchPath,
  type WeightSharingOptions,
  type WeightSharingRun,
  WeightSharingSearch,
} from '../src/index.js';
import { describeWithTorch } from './support/networks.js';

const folder = mkdtempSync(join(tmpdir(), 'nb201-weight-sharing-'));
afterAll(() => rmSync(folder, { recursive: true }));
const RUNS = fileURLToPath(new URL('support/weight-sharing-runs.mjs', import.meta.url));

/** All six searches; killed where `until` says so. */
function runAll(to: string, until?: (lines: readonly string[]) => boolean): Promise<WeightSharingRun[] | 'killed'> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [RUNS, to], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
      if (until?.(out.split('\n').slice(0, -1))) child.kill('SIGKILL');
    });
    child.on('close', (code, signal) => {
      if (signal === 'SIGKILL') resolve('killed');
      else if (code === 0) resolve(JSON.parse(out.trimEnd().split('\n').at(-1)!));
      else reject(new Error(`exit code ${code}`));
    });
  });
}

/** Images of a formula: `train` and `valid` of each, 8 x 8. */
function data({ train = 64, valid = 32, numClasses = 10 } = {}): SearchData {
  const images = (count: number) => ({
    of: {
      pixels: Uint8Array.from({ length: count * 192 }, (_, i) => (i * 7919) % 251),
      labels: Int32Array.from({ length: count }, (_, i) => i % numClasses),
      size: 8,
    },
    indices: null,
    shuffled: true,
  });
  const channels = { mean: [120, 120, 120], std: [60, 60, 60] };
  return new SearchData('cifar10', numClasses, 8, images(train), images(valid), 1, channels);
}

const small: WeightSharingOptions = {
  seed: 3,
  channels: 4,
  cells: 1,
  epochs: 2,
  batchSize: 32,
  evaluationBatchSize: 32,
  imageSize: 8,
  candidates: 3,
};
const create = (name: string, options: Partial<WeightSharingOptions> = {}) =>
  WeightSharingSearch.create(name, { ...small, ...options });
const failure = (work: Promise<unknown>) =>
  work.then(
    () => expect.fail('it should have failed'),
    (error: unknown) => error as SearchError,
  );

describeWithTorch('a run of a weight-sharing search', () => {
  beforeAll(() => setTorchThreads(1));

  it('that was killed in the middle of an epoch goes on to what it would have found, each of the six', async () => {
    const [whole, broken] = ['whole', 'broken'].map((name) => mkdtempSync(join(folder, name)));
    const expected = (await runAll(whole!)) as WeightSharingRun[];
    const begun = (lines: readonly string[]) => new Set(lines.map((line) => line.split(' ')[0])).size === 6;
    expect(await runAll(broken!, begun)).toBe('killed');
    expect(readdirSync(broken!).filter((name) => name.endsWith('.pth'))).toHaveLength(6);
    expect(await runAll(broken!)).toEqual(expected);
    expect(readdirSync(broken!).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(expected.map((run) => run.epochs.length)).toEqual([3, 3, 3, 3, 3, 3]);
  });

  it('learns: the loss on a batch that it sees again and again falls', async () => {
    using search = await create('darts-v1');
    const images = Float32Array.from(
      { length: 8 * 192 },
      (_, i) => (((i * 7919) % 257) / 128 - 1) * (i % 192 > 96 ? 1 : 2),
    );
    const batch = { images: { data: images, shape: [8, 3, 8, 8] }, labels: [0, 1, 2, 3, 4, 5, 6, 7] };
    const losses: number[] = [];
    for (let step = 0; step < 20; step++) losses.push((await search.step(batch, batch)).weights.loss);
    expect(losses.at(-1)).toBeLessThan(losses[0]! - 0.5);
  });

  it('leaves a checkpoint that torch.load reads', async () => {
    const path = join(folder, 'gdas.pth');
    using search = await create('gdas');
    const run = await search.run(data(), { checkpoint: path });
    const file = (await readTorch(path)) as Map<string, unknown>;
    expect(file.get('epoch')).toBe(2);
    const genotypes = file.get('genotypes') as Map<number, string>;
    expect([...genotypes]).toEqual(run.epochs.map(({ epoch, cell }) => [epoch, cell]));
    const model = file.get('search_model') as Map<string, Tensor>;
    expect(model.get('cells.0.edges.3<-2.3.op.1.weight')?.shape).toEqual([4, 4, 3, 3]);
    const optimizer = file.get('w_optimizer') as Map<string, Map<number, Map<string, unknown>>>;
    expect(optimizer.get('state')!.get(0)!.get('momentum_buffer')).toBeInstanceOf(Tensor);
  });

  it('is aborted at once, and the checkpoint of the epoch before stays', async () => {
    const path = join(folder, 'aborted.pth');
    const controller = new AbortController();
    using search = await create('random-nas', { epochs: 5 });
    const running = search.run(data(), {
      checkpoint: path,
      signal: controller.signal,
      onProgress: ({ epoch }) => epoch === 2 && controller.abort(new Error('enough')),
    });
    await expect(running).rejects.toThrow('enough');
    expect(((await readTorch(path)) as Map<string, unknown>).get('epoch')).toBe(2);
  });

  it('stops where a loss is no number, names the step, and keeps the last good checkpoint', async () => {
    const path = join(folder, 'nan.pth');
    {
      using search = await create('darts-v1', { epochs: 3 });
      const controller = new AbortController();
      const options = { checkpoint: path, signal: controller.signal };
      await failure(search.run(data(), { ...options, onEpoch: () => controller.abort() }));
    }
    const before = readFileSync(path);
    using search = await create('darts-v1', { epochs: 3 });
    const original = search.supernet.weightStep.bind(search.supernet);
    let steps = 0;
    search.supernet.weightStep = (batch, choice, options) =>
      original(batch, choice, ++steps === 2 ? { ...options, learningRate: Number.NaN } : options);
    const error = await failure(search.run(data(), { checkpoint: path }));
    expect(error).toMatchObject({ name: 'SearchError', code: 'NOT_FINITE' });
    expect(error.message).toMatch(/the loss of the architecture step is NaN in step 2 of epoch 1/);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('does not go on from a checkpoint of another search, nor from half of one', async () => {
    const path = join(folder, 'other.pth');
    {
      using search = await create('gdas');
      await search.run(data(), { checkpoint: path });
    }
    for (const [name, options, text] of [
      ['setn', {}, 'a search with algorithm "gdas", this one has "setn"'],
      ['gdas', { channels: 8 }, 'a search with channels 4, this one has 8'],
      ['gdas', { seed: 4 }, 'a search with seed 3, this one has 4'],
      ['gdas', { bn: true }, 'a search with bn false, this one has true'],
    ] as const) {
      using search = await create(name, options);
      const error = await failure(search.run(data(), { checkpoint: path }));
      expect(error.code).toBe('BAD_CHECKPOINT');
      expect(error.message).toContain(text);
    }
    truncateSync(path, 20_000);
    using search = await create('gdas');
    expect((await failure(search.run(data(), { checkpoint: path }))).name).toBe('ReadError');
    const text = join(folder, 'text.pth');
    writeFileSync(text, 'not a checkpoint');
    expect((await failure(search.run(data(), { checkpoint: text }))).name).toBe('ReadError');
  });

  it('fails where it cannot write, and where the classes are not its own', async () => {
    using search = await create('gdas');
    const error = await failure(search.run(data(), { checkpoint: join(folder, 'nowhere', 'x.pth') }));
    expect(error.name).toBe('WriteError');
    using other = await create('gdas', { numClasses: 100 });
    expect((await failure(other.run(data()))).code).toBe('BAD_DATA');
  });
});

describeWithTorch('a weight-sharing search', () => {
  it.each([
    ['dart', {}, 'UNKNOWN_ALGORITHM', 'random-nas'],
    ['gdas', { epoch: 3 }, 'UNKNOWN_OPTION', "'epoch'"],
    ['gdas', { temperature: { mean: 3 } }, 'UNKNOWN_OPTION', 'temperature.mean'],
    ['gdas', { seed: -1 }, 'BAD_OPTION', 'seed'],
    ['gdas', { epochs: 0 }, 'BAD_OPTION', 'epochs'],
    ['gdas', { variant: 'other' }, 'BAD_OPTION', 'nats-bench'],
    ['setn', { candidates: 20_000 }, 'BAD_OPTION', '15625'],
  ] as const)('%s with %j is refused', async (name, options, code, text) => {
    const error = await failure(create(name, options as never));
    expect(error).toBeInstanceOf(SearchError);
    expect(error.code).toBe(code);
    expect(error.message).toContain(text);
  });

  it('says why it cannot have a device', async () => {
    if (torchPath().built && (await torchInfo()).cudaDevices > 0) return;
    const error = await failure(create('gdas', { device: 'cuda' }));
    expect(error).toBeInstanceOf(NetworkError);
    expect(error.code).toBe('NO_CUDA');
  });

  it('has one temperature where there is one epoch', async () => {
    using search = await create('gdas', { epochs: 1 });
    expect((await search.run(data())).epochs).toHaveLength(1);
  });

  it("takes anybody's batches, and refuses those that are none", async () => {
    using search = await create('darts-v2');
    const batch = { images: { data: new Float32Array(2 * 192).fill(0.5), shape: [2, 3, 8, 8] }, labels: [1, 2] };
    const { weights, architecture, parameters } = await search.step(batch, batch);
    expect([weights.count, architecture?.count, weights.cell, parameters?.length]).toEqual([2, 2, null, 30]);
    expect(await search.argmax()).toMatch(/^\|/);
    const wrong = { ...batch, labels: [1, 10] };
    expect((await failure(search.step(batch, wrong))).code).toBe('BAD_LABELS');
    expect((await failure(search.step({ ...batch, labels: [1] }, batch))).code).toBe('BAD_LABELS');
    search.dispose();
    expect((await failure(search.step(batch, batch))).code).toBe('DISPOSED');
  });
});
