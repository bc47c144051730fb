// The weight-sharing searches on the batches that the reference's scripts were run on; see
// test-fixtures/scripts/make_weight_sharing_traces.py.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import {
  formatArchitecture,
  type LabelledBatch,
  OPERATIONS,
  SearchData,
  setTorchThreads,
  WeightSharingSearch,
} from '../src/index.js';
import { mostProbableCells } from '../src/search/weight-sharing/cells.js';
import { describeWithTorch, unpacked } from './support/networks.js';

interface Trace {
  algorithm: string;
  affine?: number;
  track: number;
  drop_path?: number | null;
  C: number;
  N: number;
  batch: number;
  size: number;
  seed: number;
  epochs: number;
  /** SHA-256 of the names and values of the fresh state dict. */
  initial: string;
  trace: { lr?: number; losses: number[]; architecture: string | null; cell?: number[]; cells?: number[][] }[];
  most_probable?: number[][];
  cell?: number[];
  evaluation?: Measured;
  rounds?: { baseline: number; controller: string; cell: number[]; evaluation: Measured }[];
  controller?: { baseline: number; controller: string };
}
interface Measured {
  loss: number;
  top1: number;
  top5: number;
}

const path = fileURLToPath(new URL('../../../test-fixtures/weight-sharing/traces.json', import.meta.url));
const traces = JSON.parse(readFileSync(path, 'utf8')) as {
  original: Trace[];
  generic: Trace[];
  loaders: {
    train: number[];
    valid: number[];
    paired: number[][][][];
    some: number[][][];
    whole: number[][][];
    again: number[][][];
    next: string;
  };
};
const EVALUATION_BATCHES = 3;
const TOLERANCE = 1e-5;

function batch(number: number, { batch: count, size }: Trace) {
  const pixel = (_: unknown, i: number) => (((i + 31 * number) * 7919) % 257) / 128 - 1;
  const data = Float32Array.from({ length: count * 3 * size * size }, pixel);
  return {
    images: { data, shape: [count, 3, size, size] },
    labels: Array.from({ length: count }, (_, i) => (i * 3 + number) % 10),
  };
}

const text = (cell: readonly number[]) => formatArchitecture(cell.map((number) => OPERATIONS[number]!) as never);
const relative = (found: number, expected: number) => Math.abs(found - expected) / (Math.abs(expected) || 1);

/** The largest difference, in parts of the largest number. */
function apart(found: Float32Array, expected: Float32Array): number {
  const scale = Math.max(...expected.map(Math.abs));
  return Math.max(...found.map((value, i) => Math.abs(value - expected[i]!))) / scale;
}

async function initialDigest(search: WeightSharingSearch, generic: boolean): Promise<string> {
  const sha = createHash('sha256');
  for (const { name, bytes } of await search.supernet.state()) {
    const [, group, own] = /^(search_model|controller)\.(.*)$/.exec(name) ?? [];
    if (!group) continue;
    sha.update(generic && group === 'controller' ? name : own!);
    sha.update(bytes);
  }
  return sha.digest('hex');
}

async function controllerEnds(search: WeightSharingSearch): Promise<Float32Array> {
  const state = await search.supernet.state();
  const parts = ['input_vars', 'w_pred.weight', 'w_pred.bias'].map((name) => {
    const { bytes } = state.find((weight) => weight.name === `controller.${name}`)!;
    return [...new Float32Array(bytes.buffer as ArrayBuffer)];
  });
  return Float32Array.from(parts.flat());
}

function expectMeasured(found: Measured | null, expected: Measured): void {
  // Averages of a sampled cell can be large: its activations are.
  expect(relative(found!.loss, expected.loss)).toBeLessThan(10 * TOLERANCE);
  expect([found!.top1, found!.top5]).toEqual([expect.closeTo(expected.top1, 4), expect.closeTo(expected.top5, 4)]);
}

/** Takes the trace's steps. */
async function replay(search: WeightSharingSearch, trace: Trace, lossesOf: (losses: number[]) => number[]) {
  for (const [number, step] of trace.trace.entries()) {
    search.epoch = Math.floor(number / 2);
    const found = await search.step(batch(2 * number, trace), batch(2 * number + 1, trace));
    const losses = [found.weights.loss, ...(found.architecture ? [found.architecture.loss] : [])];
    const expected = lossesOf(step.losses);
    expect(losses).toHaveLength(expected.length);
    losses.forEach((loss, i) => {
      expect(relative(loss, expected[i]!), `loss ${i} of step ${number}`).toBeLessThan(TOLERANCE);
    });
    if (step.cell) expect(found.weights.cell).toBe(text(step.cell));
    if (step.cells) expect([found.weights.cell, found.architecture!.cell]).toEqual(step.cells.map(text));
    if (step.architecture && found.parameters) {
      // Of two passes on either side of the weights, drop-path drops other images: what remains of their difference is
      // large, and so is the rounding of the distance that it is divided by.
      const far = trace.algorithm === 'darts-v2' && trace.drop_path ? 100 : 1;
      const difference = apart(found.parameters, unpacked(step.architecture));
      expect(difference, `parameters ${number}`).toBeLessThan(far * TOLERANCE);
    }
  }
}

const evaluationBatches = (trace: Trace) => Array.from({ length: EVALUATION_BATCHES }, (_, i) => batch(100 + i, trace));

const settings = ({ C, N, size, seed, epochs, track, affine = 0, drop_path }: Trace) => ({
  seed,
  channels: C,
  cells: N,
  epochs,
  bn: track === 1,
  affine: affine === 1,
  dropPath: drop_path ?? 0,
  imageSize: size,
  candidates: 5,
});

describeWithTorch("the searches of NAS-Bench-201's scripts", () => {
  beforeAll(() => setTorchThreads(1));

  it.each(traces.original.map((trace) => [trace.algorithm, trace.C, trace.track, trace] as const))(
    '%s with %d channels, BN %d: begins, learns, samples and chooses as the reference',
    async (algorithm, _channels, _track, trace) => {
      const controller = { steps: 2, aggregate: 3, baselineDecay: 0.99, entropyWeight: 1e-4, clip: 5 };
      using search = await WeightSharingSearch.create(algorithm.toLowerCase(), { ...settings(trace), controller });
      expect(await initialDigest(search, false)).toBe(trace.initial);
      // The second order computes five losses, and measures the second as the architecture's.
      const order = (losses: number[]) => (losses.length === 5 ? [losses[4]!, losses[1]!] : losses);
      await replay(search, trace, order);
      const batches = evaluationBatches(trace);
      if (trace.most_probable) {
        const parameters = (await search.supernet.architecture())!;
        expect(mostProbableCells(parameters, 20)).toEqual(trace.most_probable);
      }
      for (const round of trace.rounds ?? []) {
        const { cell, evaluation } = await search.choose(batches, { learn: true });
        expect(relative(search.baseline!, round.baseline)).toBeLessThan(TOLERANCE);
        expect(apart(await controllerEnds(search), unpacked(round.controller))).toBeLessThan(TOLERANCE);
        expect(cell).toBe(text(round.cell));
        expectMeasured(evaluation, round.evaluation);
      }
      if (trace.rounds) return;
      const { cell, evaluation } = await search.choose(batches);
      expect(cell).toBe(text(trace.cell!));
      if (trace.evaluation) expectMeasured(evaluation, trace.evaluation);
      else expect(evaluation).toBeNull();
    },
  );
});

describeWithTorch("the searches of NATS-Bench's script", () => {
  it.each(traces.generic.map((trace) => [trace.algorithm, trace.affine, trace.track, trace.drop_path, trace] as const))(
    '%s, affine %d, BN %d, drop-path %d: begin, learn, sample and choose as the reference',
    async (algorithm, _affine, _track, _dropPath, trace) => {
      const name = algorithm === 'random' ? 'random-nas' : algorithm;
      using search = await WeightSharingSearch.create(name, { ...settings(trace), variant: 'nats-bench' });
      expect(await initialDigest(search, true)).toBe(trace.initial);
      const order = (losses: number[]) => (losses.length === 5 ? [losses[0]!, losses[2]!] : losses);
      await replay(search, trace, order);
      const { cell, evaluation } = await search.choose(evaluationBatches(trace), {
        learn: trace.controller !== undefined,
      });
      if (trace.controller) {
        expect(relative(search.baseline!, trace.controller.baseline)).toBeLessThan(TOLERANCE);
        expect(apart(await controllerEnds(search), unpacked(trace.controller.controller))).toBeLessThan(1e-4);
      }
      expect(cell).toBe(text(trace.cell!));
      expectMeasured(evaluation, trace.evaluation!);
    },
  );
});

describeWithTorch('the batches of a search', () => {
  /** Images of which each pixel tells its row, its column and the image's number. */
  function coded(count: number) {
    const pixels = new Uint8Array(count * 3072);
    for (let i = 0; i < pixels.length; i++) {
      const [image, channel, row, column] = [Math.floor(i / 3072), Math.floor(i / 1024) % 3, (i >> 5) % 32, i % 32];
      pixels[i] = channel === 2 ? image + 1 : 10 + 7 * (channel === 0 ? row : column);
    }
    return { pixels, labels: Int32Array.from({ length: count }, (_, i) => i % 10), size: 32 };
  }

  /** The number of each image, whether it was flipped, and where its crop began, by its middle. */
  function decoded({ images, labels }: LabelledBatch): number[][] {
    const { data } = images as { data: Float32Array };
    return Array.from(labels, (label, i) => {
      const at = (channel: number, row: number, column: number) =>
        Math.round(255 * data[i * 3072 + channel * 1024 + row * 32 + column]!);
      const number = at(2, 16, 16) - 1;
      expect(label).toBe(number % 10);
      const [row, column, before] = [at(0, 16, 16), at(1, 16, 16), at(1, 16, 15)].map((value) => (value - 10) / 7);
      const flipped = before! > column!;
      return [number, Number(flipped), row! - 12, (flipped ? 31 - column! : column!) - 12];
    });
  }

  const all = async (batches: AsyncIterable<LabelledBatch>) => {
    const out: number[][][] = [];
    for await (const batch of batches) out.push(decoded(batch));
    return out;
  };

  it("are those of torch's loaders: order, pairs, flips and crops", async () => {
    const { loaders } = traces;
    using search = await WeightSharingSearch.create('random-nas', { seed: 777, channels: 4, cells: 1 });
    const of = coded(40);
    const [train, valid] = [loaders.train, loaders.valid].map((indices) => Int32Array.from(indices));
    const subset = (indices: Int32Array | null) => ({ of, indices, shuffled: true });
    const channels = { mean: [0, 0, 0], std: [255, 255, 255] };
    const halves = new SearchData('cifar10', 10, 32, subset(train!), subset(valid!), 4, channels);
    const whole = new SearchData('cifar100', 10, 32, subset(null), subset(valid!), 4, channels);
    const pairs: number[][][][] = [];
    for await (const batch of halves.paired(search.supernet, 3))
      pairs.push([decoded(batch.train), decoded(batch.valid)]);
    expect(pairs).toEqual(loaders.paired);
    const augmented = halves.validation(search.supernet, 3, true);
    expect(await all(augmented.once())).toEqual(loaders.some);
    expect(await all(whole.single(search.supernet, 3))).toEqual(loaders.whole);
    const again = await all(halves.validation(search.supernet, 3, false).once());
    expect(again).toEqual(loaders.again.map((batch) => batch.map(([number]) => [number, 0, 4, 4])));
    expect((await search.supernet.random(1))[0]).toBe(BigInt(loaders.next));
  });
});
