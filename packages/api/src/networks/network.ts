import { randomInt } from 'node:crypto';
import {
  checkedPath,
  compute,
  type NativeArithmetic,
  type NativeDeviceTensor,
  type NativeNetwork,
  type NativeWeight,
  NetworkError,
  readSafetensors,
  type TensorData,
  torch,
  WriteError,
  writeSafetensors,
  writeTorch,
} from '@nas-bench-201/core-native';
import type { DataSet } from '../datasets/data-set.js';
import type { NetworkConfig } from '../results/results-count.js';
import { stagesCost } from '../space/cost.js';
import type { EpochResult } from '../training/epochs.js';
import { type TrainOptions, trainEpochs } from '../training/train.js';
import { messageOf, type NetworkPlan, operationNumbers, planOf } from './config.js';
import { DeviceTensor, nativeImages } from './device-tensor.js';
import { averageOf, type BatchMetrics, type LabelledBatch, metricsOf, nativeLabels } from './metrics.js';
import { printedNetwork } from './printed.js';
import { nativeState, type StateDict, type StateDictSource, stateDictOf } from './state-dict.js';
import { checkedLane } from './torch.js';

export interface BuildOptions {
  /**
   * Seeds the initial weights: those that the reference has after `prepare_seed(seed)`, bit for bit. A whole number
   * from 0 on. Default: another one each time.
   */
  seed?: number | undefined;
  /** `'cpu'` (default), `'cuda'`, `'cuda:1'`. */
  device?: string | undefined;
  /**
   * What does all work of the network: networks of different lanes compute at the same time, each lane on a thread of its
   * own and on a GPU on a CUDA stream of its own. From 0 (default) to 255. Results are the same, so long as the lanes have
   * the same number of threads (`setTorchThreads`).
   */
  lane?: number | undefined;
  signal?: AbortSignal | undefined;
}

export interface ArchitectureOptions extends BuildOptions {
  /** Channels of the first third; the others have twice and four times as many. Default: 16. */
  C?: number | undefined;
  /** Cells of each third. Default: 5. */
  N?: number | undefined;
  /** Default: 10. */
  numClasses?: number | undefined;
}

export interface ForwardOptions {
  /**
   * In eval mode: the reference's operations one by one, so that results are its own bit for bit. Default: convolution
   * and batch norm in one operation and nothing computed that the output does not depend on, which is faster and equal
   * but for rounding.
   */
  exact?: boolean | undefined;
  /**
   * Keeps the channels of a pixel together in memory. Default: in eval mode, unless `exact`, on a CPU, where it is faster;
   * else not.
   */
  channelsLast?: boolean | undefined;
  /**
   * Computes convolutions and products in this type, as `torch.autocast` does; features and logits are float32 all the
   * same. `float16` needs a GPU. Default: all in float32.
   */
  autocast?: 'bfloat16' | 'float16' | undefined;
  /**
   * In eval mode on a GPU, with libtorch 2.12.1 or newer: what the pass does is recorded as a CUDA graph at the first batch
   * of a shape, and started as one for those that follow; the last four shapes are kept. Default: false.
   */
  cudaGraph?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** @throws NetworkError UNSUPPORTED */
function arithmeticOf({ channelsLast, autocast, cudaGraph }: ForwardOptions): NativeArithmetic {
  if (autocast !== undefined && autocast !== 'bfloat16' && autocast !== 'float16') {
    throw new NetworkError('UNSUPPORTED', `expected autocast to 'bfloat16' or 'float16', found '${String(autocast)}'`);
  }
  return { channelsLast, autocast, graph: cudaGraph };
}

/** What a network makes of images. */
export interface NetworkOutput<T = TensorData> {
  /** Batch x channels of the last stage: what the classifier is given. */
  features: T;
  /** Batch x classes. */
  logits: T;
}

export interface SaveOptions {
  /** Whether a file of this name may be replaced. Default: false. */
  overwrite?: boolean | undefined;
  /** What stands in a safetensors file beside the tensors; a file of torch has no place for it. */
  metadata?: Readonly<Record<string, string>> | undefined;
  signal?: AbortSignal | undefined;
}

const isSafetensors = (path: string) => path.endsWith('.safetensors');

export interface LatencyOptions extends ForwardOptions {
  /** Images a batch. Default: 256, as the benchmark has it. */
  batch?: number | undefined;
  /** Height and width of the images. Default: that of the data set with this number of classes. */
  imageSize?: number | undefined;
  /** How many batches are run. Default: 10. */
  batches?: number | undefined;
}

export interface NetworkDescription {
  architecture: string;
  /** Channels of each stage. */
  channels: number[];
  /** Cells of each third. */
  N: number;
  numClasses: number;
  device: string;
  training: boolean;
  /** Millions of multiply-adds of one image. */
  flops: number;
  /** Millions. */
  params: number;
  /** The text that the reference prints (`get_message`). */
  message: string;
}

/**
 * One of the benchmark's networks on libtorch: what the reference does with `get_cell_based_tiny_net`,
 * `load_state_dict` and a forward pass. Starts in eval mode (the reference's start in train mode).
 *
 * All work is done on one other thread (that of its lane), in the order in which it was asked for. Its methods throw `NetworkError`
 * (`NO_LIBTORCH` where there is no libtorch, `DISPOSED` after `dispose()`), and a signal's reason once it is aborted.
 */
export class Network implements Disposable, AsyncDisposable {
  readonly #native: NativeNetwork;
  readonly #plan: NetworkPlan;
  readonly #seed: number;
  readonly #inFlight = new Set<Promise<unknown>>();
  #device = 'cpu';
  #training = false;

  private constructor(native: NativeNetwork, plan: NetworkPlan, seed: number) {
    this.#native = native;
    this.#seed = seed;
    this.#plan = plan;
  }

  /**
   * A network with fresh weights, of a config as `getNetConfig` gives it (the reference's `get_cell_based_tiny_net`).
   * @throws NetworkError, ArchitectureError
   */
  static async fromConfig(config: NetworkConfig, options: BuildOptions = {}): Promise<Network> {
    const plan = planOf(config);
    const { seed = randomInt(2 ** 47), device = 'cpu', lane = 0, signal } = options;
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new NetworkError('BAD_CONFIG', `expected the seed to be a whole number from 0 on, found ${seed}`);
    }
    const { channels, numClasses } = plan;
    const shape = {
      channels,
      operations: operationNumbers(plan.cell),
      classes: numClasses,
      seed,
      lane: checkedLane(lane),
    };
    const network = new Network(await compute(() => torch().Network.create(shape), signal), plan, seed);
    try {
      return await network.to(device, { signal });
    } catch (error) {
      network.dispose();
      throw error;
    }
  }

  /** As `fromConfig`, of an architecture's string. @throws NetworkError, ArchitectureError */
  static fromArch(architecture: string, options: ArchitectureOptions = {}): Promise<Network> {
    const { C = 16, N = 5, numClasses = 10, ...rest } = options;
    return Network.fromConfig({ name: 'infer.tiny', C, N, arch_str: architecture, num_classes: numClasses }, rest);
  }

  get architecture(): string {
    return this.#plan.architecture;
  }

  get numClasses(): number {
    return this.#plan.numClasses;
  }

  get device(): string {
    return this.#device;
  }

  /** Whether batch norms take the statistics of the batch. */
  get training(): boolean {
    return this.#training;
  }

  /** Sets train mode, or with `false` eval mode. What is already asked for goes on in the mode that it was asked in. */
  train(mode?: boolean): this;
  /**
   * Trains it on a data set as the benchmark was made, an epoch each time that one is asked for: `for await (const epoch of
   * network.train(data, { hp: 12 }))`. Ending the loop ends the training; the network keeps what it has learnt.
   * @throws NetworkError `BAD_LABELS`, `NOT_FINITE` (it has diverged), `OUT_OF_MEMORY` (says what batch fits)
   */
  train(data: DataSet, options?: TrainOptions): AsyncGenerator<EpochResult>;
  train(mode: boolean | DataSet = true, options: TrainOptions = {}): this | AsyncGenerator<EpochResult> {
    if (typeof mode === 'object') {
      return trainEpochs(this.#native, this.#device, mode, { ...options, seed: options.seed ?? this.#seed });
    }
    this.#training = mode;
    return this;
  }

  eval(): this {
    return this.train(false);
  }

  /**
   * @param images batch x 3 x height x width, normalised; height and width multiples of 4
   * @returns arrays for arrays; for a `DeviceTensor` such, which stay on the device
   */
  forward(images: TensorData, options?: ForwardOptions): Promise<NetworkOutput>;
  forward(images: DeviceTensor, options?: ForwardOptions): Promise<NetworkOutput<DeviceTensor>>;
  async forward(
    images: TensorData | DeviceTensor,
    options: ForwardOptions = {},
  ): Promise<NetworkOutput | NetworkOutput<DeviceTensor>> {
    const given = nativeImages(images);
    const pass = this.#training ? 'train' : this.#evalPass(options);
    const arithmetic = arithmeticOf(options);
    if (!(images instanceof DeviceTensor)) {
      return this.#track(compute(() => this.#native.forward(given, pass, false, arithmetic), options.signal));
    }
    const { features, logits } = await this.#track(
      compute(() => this.#native.forward(given, pass, true, arithmetic), options.signal),
    );
    const handle = (native: NativeDeviceTensor) => new DeviceTensor(native);
    return { features: handle(features), logits: handle(logits) };
  }

  /**
   * Loss and accuracy over labelled batches, in eval mode whatever mode the network is in (the reference's
   * `valid_func`, with its averages). @throws NetworkError BAD_LABELS
   */
  async evaluate(
    batches: LabelledBatch | Iterable<LabelledBatch> | AsyncIterable<LabelledBatch>,
    options: ForwardOptions = {},
  ): Promise<BatchMetrics> {
    const arithmetic = arithmeticOf(options);
    const measured: BatchMetrics[] = [];
    for await (const { images, labels } of 'images' in batches ? [batches] : batches) {
      const [given, classes] = [nativeImages(images), nativeLabels(labels)];
      const work = compute(
        () => this.#native.evaluate(given, classes, this.#evalPass(options), arithmetic),
        options.signal,
      );
      measured.push(metricsOf(await this.#track(work)));
    }
    return averageOf(measured);
  }

  #evalPass(options: ForwardOptions): 'exact' | 'fast' {
    return options.exact ? 'exact' : 'fast';
  }

  /** The learnt tensors by name, in the reference's order: copies. */
  async parameters(options: { signal?: AbortSignal } = {}): Promise<StateDict> {
    return stateDictOf((await this.#weights(options)).filter(({ parameter }) => parameter));
  }

  /**
   * All tensors by name, in the reference's order: copies (`state_dict`). `writeTorch` and `writeSafetensors` take it.
   */
  async stateDict(options: { signal?: AbortSignal | undefined } = {}): Promise<StateDict> {
    return stateDictOf(await this.#weights(options));
  }

  #weights(options: { signal?: AbortSignal | undefined }): Promise<NativeWeight[]> {
    return this.#track(compute(() => this.#native.state(), options.signal));
  }

  /**
   * Writes the state dict: as `torch.save` does, or as a safetensors file where the name ends in `.safetensors`. The
   * file appears when it is complete, or not at all. `load` and the reference's `load_state_dict` read it.
   * @returns the bytes written
   * @throws WriteError; the signal's reason where it was aborted
   */
  async save(path: string, options: SaveOptions = {}): Promise<number> {
    checkedPath(path);
    const { metadata, ...rest } = options;
    if (metadata && !isSafetensors(path)) {
      throw new WriteError('UNSUPPORTED_VALUE', path, 'only a file of the name .safetensors has a place for metadata');
    }
    const state = await this.stateDict(options);
    return isSafetensors(path) ? writeSafetensors(path, state, options) : writeTorch(path, state, rest);
  }

  /**
   * Takes weights over, strictly: a tensor that is missing, surplus or misshapen is an error that names it, and changes
   * nothing (`load_state_dict`). Other types of numbers are converted. Those that lie in a file go from there to the
   * network without a copy in JavaScript.
   * @throws NetworkError MISSING_TENSOR, UNEXPECTED_TENSOR, MISSHAPEN_TENSOR, BAD_TENSOR; ReadError
   */
  async loadStateDict(source: StateDictSource, options: { signal?: AbortSignal } = {}): Promise<this> {
    const state = nativeState(source);
    await this.#track(compute(() => this.#native.load(state), options.signal));
    return this;
  }

  /**
   * As `loadStateDict`, of a file that holds a state dict, whoever wrote it: nothing in it is run. Its bytes go straight
   * to the network. A safetensors file is known by its name's ending. @throws NetworkError NO_WEIGHTS
   */
  async load(path: string, options: { signal?: AbortSignal } = {}): Promise<this> {
    checkedPath(path);
    if (isSafetensors(path)) return this.loadStateDict((await readSafetensors(path)).tensors, options);
    await this.#track(compute(() => this.#native.loadFile(path), options.signal));
    return this;
  }

  /** Moves the weights to a device: `'cpu'`, `'cuda'`, `'cuda:1'`. @throws NetworkError BAD_DEVICE, NO_CUDA */
  async to(device: string, options: { signal?: AbortSignal | undefined } = {}): Promise<this> {
    if (device !== this.#device) {
      this.#device = await this.#track(compute(() => this.#native.to(device), options.signal));
    }
    return this;
  }

  /** Height and width of the images of the data set with this number of classes: 16 of ImageNet16-120, else 32. */
  get imageSize(): number {
    return this.#plan.numClasses === 120 ? 16 : 32;
  }

  /** Millions of multiply-adds of one image, as the benchmark counts (the reference's `get_model_infos`). */
  flops(imageSize = this.imageSize): number {
    return stagesCost(this.#plan.cell, this.#plan.channels, { imageSize, numClasses: this.#plan.numClasses }).flops;
  }

  /** Millions of parameters. */
  params(): number {
    const { cell, channels, numClasses } = this.#plan;
    return stagesCost(cell, channels, { imageSize: this.imageSize, numClasses }).params;
  }

  /**
   * Seconds that a batch takes: forward and loss in eval mode, without loading; the mean over batches of random images,
   * without the first where there are more than two (the reference's `pure_evaluate`).
   */
  async latency(options: LatencyOptions = {}): Promise<number> {
    const { batch = 256, imageSize = this.imageSize, batches = 10 } = options;
    if (!(Number.isInteger(batches) && batches > 0)) throw new RangeError(`expected batches, found ${batches}`);
    const arithmetic = arithmeticOf(options);
    const shape = [batch, 3, imageSize, imageSize];
    const work = () => this.#native.latency(shape, batches, this.#evalPass(options), arithmetic);
    const seconds = [...(await this.#track(compute(work, options.signal)))].slice(batches > 2 ? 1 : 0);
    return seconds.reduce((a, b) => a + b, 0) / seconds.length;
  }

  describe(): NetworkDescription {
    const { architecture, channels, N, numClasses } = this.#plan;
    return {
      architecture,
      channels: [...channels],
      N,
      numClasses,
      device: this.#device,
      training: this.#training,
      flops: this.flops(),
      params: this.params(),
      message: this.toString(),
    };
  }

  /** The text that the reference prints (`get_message`). */
  toString(): string {
    return messageOf(this.#plan);
  }

  /** What `print(network)` shows in Python: every layer. */
  toPrinted(): string {
    return printedNetwork(this.#plan);
  }

  /** Frees its memory as soon as no work needs it any more; from here on it cannot be asked for anything. */
  dispose(): void {
    this.#native.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Waits for what was asked for, then disposes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#inFlight);
    this.dispose();
  }

  #track<T>(work: Promise<T>): Promise<T> {
    const settled = work.then(
      () => {},
      () => {},
    );
    this.#inFlight.add(settled);
    void settled.then(() => this.#inFlight.delete(settled));
    return work;
  }

  /** @internal */
  get native(): NativeNetwork {
    return this.#native;
  }
}
