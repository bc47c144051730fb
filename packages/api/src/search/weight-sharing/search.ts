import { averageOf, type BatchMetrics, type LabelledBatch } from '../../networks/metrics.js';
import { PythonRandom } from '../../random/python-random.js';
import { SearchError } from '../errors.js';
import type { EpochChoice, EvaluationBatches, SearchState, StepResult, WeightSharingAlgorithm } from './algorithm.js';
import { architectureOf, argmaxCell } from './cells.js';
import { readCheckpoint, writeCheckpoint } from './checkpoint.js';
import { learningRateOf, temperatureOf, type WeightSharingConfig, type WeightSharingSettings } from './config.js';
import type { SearchData } from './data.js';
import { prepareWeightSharing, type WeightSharingName } from './registry.js';
import type { WeightSharingEpoch, WeightSharingProgress, WeightSharingRun } from './run.js';
import { type PassResult, Supernet } from './supernet.js';

export type WeightSharingOptions = WeightSharingSettings & SupernetOptions;

interface SupernetOptions {
  /** Of weights, noise, cells, and in a run of the order of images. A whole number from 0 to 2^32 - 1. */
  seed: number;
  /** Default: 10. */
  numClasses?: number | undefined;
  /** Height and width of the images. Default: 16 with 120 classes, else 32. */
  imageSize?: number | undefined;
  /** `'cpu'` (default), `'cuda'`, `'cuda:1'`. */
  device?: string | undefined;
}

export interface WeightSharingRunOptions {
  /** A file that is written after every epoch; where there is one, the search goes on from it. */
  checkpoint?: string | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: WeightSharingProgress) => void) | undefined;
  onEpoch?: ((epoch: WeightSharingEpoch) => void) | undefined;
}

/** A pass, with the cell that it was run with as an architecture's string; null of a mixture. */
export type StepMetrics = BatchMetrics & { cell: string | null };

/**
 * A search by weight sharing: DARTS, GDAS, SETN, ENAS or random search trains a supernet that holds every operation on
 * every edge, and reads a cell off it. Batches of anybody's own go to `step`; `run` does all epochs on a data set of the
 * benchmark.
 */
export class WeightSharingSearch implements Disposable {
  readonly name: WeightSharingName;
  readonly title: string;
  readonly config: WeightSharingConfig;
  readonly seed: number;
  readonly #algorithm: WeightSharingAlgorithm;
  readonly #state: { -readonly [K in keyof SearchState]: SearchState[K] };
  readonly #numClasses: number;
  #steps = 0;

  private constructor(
    prepared: ReturnType<typeof prepareWeightSharing>,
    supernet: Supernet,
    { seed, numClasses = 10 }: WeightSharingOptions,
  ) {
    this.name = prepared.name;
    this.title = prepared.title;
    this.config = prepared.config;
    this.seed = seed;
    this.#algorithm = prepared.algorithm;
    this.#numClasses = numClasses;
    this.#state = {
      supernet,
      config: prepared.config,
      random: new PythonRandom(seed),
      epoch: 0,
      learningRate: 0,
      temperature: 0,
      baseline: undefined,
    };
    this.epoch = 0;
  }

  /** A fresh supernet, with the reference's initial weights for this seed. @throws SearchError, NetworkError */
  static async create(
    name: WeightSharingName | (string & {}),
    options: WeightSharingOptions,
  ): Promise<WeightSharingSearch> {
    const { seed, numClasses = 10, imageSize = numClasses === 120 ? 16 : 32, device, ...rest } = options;
    if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
      throw new SearchError('BAD_OPTION', `expected the seed to be a whole number from 0 to 2^32 - 1, found ${seed}`);
    }
    const prepared = prepareWeightSharing(name, rest);
    const { config } = prepared;
    const generic = config.variant === 'nats-bench';
    const learnt = prepared.name !== 'enas' && prepared.name !== 'random-nas';
    const { momentum, nesterov, weightDecay, channelsLast } = config;
    const supernet = await Supernet.create(
      {
        channels: config.channels,
        cells: config.cells,
        classes: numClasses,
        affine: config.affine,
        tracked: config.bn,
        generic,
        architectureDraws: generic ? (prepared.name === 'enas' ? 1 : 2) : learnt ? 1 : 0,
        seed,
        controller: prepared.name === 'enas',
        sgd: { momentum, nesterov, weightDecay, channelsLast },
        adam: config.architecture,
      },
      device,
    );
    const search = new WeightSharingSearch(prepared, supernet, options);
    try {
      // The reference counts FLOPs with a pass on random numbers.
      if (learnt && !generic) await supernet.skipUniform(3 * imageSize * imageSize);
      await prepared.algorithm.begin?.(search.#state);
    } catch (error) {
      search.dispose();
      throw error;
    }
    return search;
  }

  /** From 0. It sets the learning rate, GDAS's temperature and the rate of drop-path. */
  get epoch(): number {
    return this.#state.epoch;
  }

  set epoch(epoch: number) {
    const { config, supernet } = this.#state;
    this.#state.epoch = epoch;
    this.#state.learningRate = learningRateOf(config, epoch);
    this.#state.temperature = temperatureOf(config, epoch);
    supernet.dropPath = (config.dropPath * (epoch + 1)) / config.epochs;
    this.#steps = 0;
  }

  /** ENAS's: what a reward has to beat, of the epoch before; undefined before the first and of the others. */
  get baseline(): number | undefined {
    return this.#state.baseline;
  }

  /** The supernet, for whoever wants more of it. */
  get supernet(): Supernet {
    return this.#state.supernet;
  }

  /**
   * A step on a training batch and a batch of validation images: of the weights, and of the architecture where the
   * algorithm has one.
   * @returns what both measured before they changed anything, and the architecture parameters after it (edges x
   *   operations; null where there are none)
   * @throws SearchError NOT_FINITE; NetworkError
   */
  async step(
    train: LabelledBatch,
    valid: LabelledBatch,
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<{ weights: StepMetrics; architecture: StepMetrics | null; parameters: Float32Array | null }> {
    this.#state.supernet.signal = options.signal;
    const { weights, architecture } = await this.#step(train, valid);
    return {
      weights: named(weights),
      architecture: architecture ? named(architecture) : null,
      parameters: await this.#state.supernet.architecture(),
    };
  }

  /**
   * What the search would answer now, judged on batches of validation images; for ENAS, `learn` first trains the
   * controller on them. @throws NetworkError
   */
  async choose(
    valid: readonly LabelledBatch[],
    { learn = false, signal }: { learn?: boolean; signal?: AbortSignal | undefined } = {},
  ): Promise<{ cell: string; evaluation: BatchMetrics | null }> {
    if (valid.length === 0) throw new SearchError('BAD_DATA', 'expected batches of validation images, found none');
    this.#state.supernet.signal = signal;
    const batches: EvaluationBatches = {
      async *once() {
        yield* valid;
      },
      async *cycle() {
        for (;;) yield* valid;
      },
    };
    if (learn) await this.#algorithm.afterSteps?.(this.#state, batches);
    const { cell, evaluation } = await this.#algorithm.choose(this.#state, batches);
    return { cell: architectureOf(cell), evaluation };
  }

  /** The cell of the largest architecture parameters; null where there are none. */
  async argmax(): Promise<string | null> {
    const parameters = await this.#state.supernet.architecture();
    return parameters && architectureOf(argmaxCell(parameters));
  }

  /**
   * All epochs on a data set. With a checkpoint, a run that was interrupted at any moment goes on and gives what it would
   * have given.
   * @throws SearchError, NetworkError, WriteError; the signal's reason
   */
  async run(data: SearchData, options: WeightSharingRunOptions = {}): Promise<WeightSharingRun> {
    const { checkpoint, signal, onEpoch } = options;
    const { config, supernet } = this.#state;
    if (data.numClasses !== this.#numClasses) {
      throw new SearchError('BAD_DATA', `expected ${this.#numClasses} classes, found ${data.numClasses}`);
    }
    supernet.signal = signal;
    const validation = data.validation(supernet, config.evaluationBatchSize, this.#augmentsValidation);
    const about = this.#about(data);
    const epochs = checkpoint ? await this.#resume(checkpoint, about) : [];
    if (epochs.length === 0) await this.#algorithm.beforeSteps?.(this.#state, validation);
    for (let epoch = epochs.length; epoch < config.epochs; epoch++) {
      this.epoch = epoch;
      epochs.push(await this.#epoch(data, validation, options));
      if (checkpoint) await this.#save(checkpoint, about, epochs);
      onEpoch?.(epochs.at(-1)!);
    }
    this.epoch = config.epochs - 1;
    const began = performance.now();
    const last = epochs.at(-1)!;
    const answer = await this.#algorithm.finish?.(this.#state, validation);
    const best = epochs.reduce((a, b) => (b.accuracy > a.accuracy ? b : a));
    return {
      algorithm: this.name,
      title: this.title,
      dataset: data.dataset,
      seed: this.seed,
      found: answer ? architectureOf(answer.cell) : last.cell,
      evaluation: (answer as EpochChoice | undefined)?.evaluation ?? null,
      epochs,
      best: best.epoch,
      seconds:
        epochs.reduce((sum, { seconds }) => sum + seconds, 0) + (answer ? (performance.now() - began) / 1000 : 0),
    };
  }

  /** ENAS's script trains and judges its controller on augmented images. */
  get #augmentsValidation(): boolean {
    return this.name === 'enas' && this.config.variant === 'nas-bench-201';
  }

  async #epoch(
    data: SearchData,
    validation: EvaluationBatches,
    { onProgress }: WeightSharingRunOptions,
  ): Promise<WeightSharingEpoch> {
    const { config, supernet, epoch, learningRate } = this.#state;
    const steps = data.steps(config.batchSize);
    const began = performance.now();
    const [weights, architecture]: [BatchMetrics[], BatchMetrics[]] = [[], []];
    const averages = () => ({
      weights: averageOf(weights),
      architecture: architecture.length ? averageOf(architecture) : null,
    });
    const take = async (train: LabelledBatch, valid: LabelledBatch) => {
      const result = await this.#step(train, valid);
      weights.push(result.weights);
      if (result.architecture) architecture.push(result.architecture);
      onProgress?.({ epoch, epochs: config.epochs, step: weights.length, steps, ...averages() });
    };
    if (this.#augmentsValidation) {
      for await (const batch of data.single(supernet, config.batchSize)) await take(batch, batch);
    } else {
      for await (const { train, valid } of data.paired(supernet, config.batchSize)) await take(train, valid);
    }
    await this.#algorithm.afterSteps?.(this.#state, validation);
    const seconds = (performance.now() - began) / 1000;
    const { cell, evaluation } = await this.#algorithm.choose(this.#state, validation);
    const parameters = await supernet.architecture();
    const measured = averages();
    return {
      epoch,
      learningRate,
      ...measured,
      evaluation,
      accuracy: (evaluation ?? measured.architecture ?? measured.weights).top1,
      cell: architectureOf(cell),
      parameters: parameters && [...parameters],
      baseline: this.#state.baseline ?? null,
      seconds,
    };
  }

  async #step(train: LabelledBatch, valid: LabelledBatch): Promise<StepResult> {
    const result = await this.#algorithm.step(this.#state, train, valid);
    this.#steps++;
    for (const [what, metrics] of Object.entries(result) as [string, PassResult | undefined][]) {
      if (metrics && !Number.isFinite(metrics.loss)) {
        const where = `in step ${this.#steps} of epoch ${this.epoch}`;
        throw new SearchError('NOT_FINITE', `the loss of the ${what} step is ${metrics.loss} ${where}`);
      }
    }
    return result;
  }

  #about(data: SearchData): Record<string, unknown> {
    return { algorithm: this.name, dataset: data.dataset, seed: this.seed, ...this.config };
  }

  async #save(path: string, about: Record<string, unknown>, epochs: readonly WeightSharingEpoch[]): Promise<void> {
    const { supernet, random, baseline, learningRate } = this.#state;
    const { momentum, nesterov, weightDecay } = this.config;
    const tensors = await supernet.state();
    const common = { learningRate, momentum, nesterov, weightDecay, random: random.getstate(), baseline };
    await writeCheckpoint(path, { about, epoch: epochs.length, tensors, epochs, ...common });
  }

  async #resume(path: string, about: Record<string, unknown>): Promise<WeightSharingEpoch[]> {
    const found = await readCheckpoint(path, about);
    if (!found) return [];
    await this.#state.supernet.load(found.tensors);
    this.#state.random.setstate(found.random);
    this.#state.baseline = found.baseline;
    return [...found.epochs];
  }

  /** Frees its memory as soon as no work needs it any more. */
  dispose(): void {
    this.#state.supernet.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

const named = ({ cell, ...metrics }: PassResult): StepMetrics => ({ ...metrics, cell: cell && architectureOf(cell) });
