import { existsSync } from 'node:fs';
import { BinaryError, loadBinary } from './binary/load.js';
import { fromNative, ReadError } from './errors.js';
import { libtorchAdvice, torchCandidates } from './libtorch.js';
import type { Abortable } from './native.js';
import type { TensorDtype } from './values.js';
import { withSignal } from './with-signal.js';

/** What can be wrong with what is computed. Stable: codes are added, never renamed. */
export type NetworkErrorCode =
  | 'NO_LIBTORCH'
  | 'NO_CUDA'
  | 'BAD_DEVICE'
  | 'BAD_CONFIG'
  | 'BAD_SHAPE'
  | 'BAD_LABELS'
  | 'BAD_TENSOR'
  | 'NO_WEIGHTS'
  | 'MISSING_TENSOR'
  | 'UNEXPECTED_TENSOR'
  | 'MISSHAPEN_TENSOR'
  | 'UNSUPPORTED'
  | 'OUT_OF_MEMORY'
  | 'NOT_FINITE'
  | 'TORCH'
  | 'ABORTED'
  | 'DISPOSED';

/** A network cannot be built, filled with weights or run. */
export class NetworkError extends Error {
  override readonly name = 'NetworkError';
  constructor(
    readonly code: NetworkErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Numbers in JavaScript's memory, the last index fastest. */
export interface TensorData {
  data: Float32Array;
  shape: readonly number[];
}

export interface NativeDeviceTensor {
  readonly shape: number[];
  readonly device: string;
  read(): Abortable<TensorData>;
  dispose(): void;
}

export interface NativeWeight {
  name: string;
  dtype: TensorDtype;
  shape: number[];
  parameter: boolean;
  bytes: Uint8Array;
}

/** A storage as it lies in a file. */
export interface FilePlace {
  path: string;
  /** In bytes. */
  offset: number;
  /** In bytes. */
  size: number;
}

export interface NativeState {
  storages: (Uint8Array | FilePlace)[];
  /** `storage`: the number of its storage. Strides and offset in elements. */
  tensors: { name: string; dtype: TensorDtype; shape: number[]; stride: number[]; offset: number; storage: number }[];
}

export interface NativeMetrics {
  /** Cross-entropy, mean over the batch. */
  loss: number;
  /** Images. */
  count: number;
  correctTop1: number;
  correctTop5: number;
}

/**
 * `train`: batch norms take the batch's statistics and update the running ones. `exact`: the running ones, and the
 * reference's operations one by one. `fast`: the same with convolution and batch norm in one, equal but for rounding.
 */
export type NativePass = 'train' | 'exact' | 'fast';

/** How a pass computes, where that is not the default. */
export interface NativeArithmetic {
  channelsLast?: boolean | undefined;
  autocast?: 'float16' | 'bfloat16' | undefined;
  /** As a CUDA graph. */
  graph?: boolean | undefined;
}

export type NativeImages = TensorData | NativeDeviceTensor;

export interface NativeNetwork {
  load(state: NativeState): Abortable<void>;
  loadFile(path: string): Abortable<void>;
  state(): Abortable<NativeWeight[]>;
  to(device: string): Abortable<string>;
  forward(
    images: NativeImages,
    pass: NativePass,
    keep: false,
    arithmetic?: NativeArithmetic,
  ): Abortable<{ features: TensorData; logits: TensorData }>;
  forward(
    images: NativeImages,
    pass: NativePass,
    keep: true,
    arithmetic?: NativeArithmetic,
  ): Abortable<{ features: NativeDeviceTensor; logits: NativeDeviceTensor }>;
  evaluate(
    images: NativeImages,
    labels: Int32Array,
    pass: NativePass,
    arithmetic?: NativeArithmetic,
  ): Abortable<NativeMetrics>;
  /** Seconds of each of so many batches. */
  latency(
    shape: readonly number[],
    batches: number,
    pass: NativePass,
    arithmetic?: NativeArithmetic,
  ): Abortable<Float64Array>;
  dispose(): void;
}

export interface NativeSgd {
  step(
    network: NativeNetwork,
    images: NativeImages,
    labels: Int32Array,
    learningRate: number,
  ): Abortable<NativeMetrics>;
}

/** All operations by the softmax of the architecture; Gumbel's choice at this temperature; the operations of one cell, or of each. */
export type NativeChoice = 'mixture' | number | Int32Array;

export interface NativeLabelledImages {
  images: NativeImages;
  labels: Int32Array;
}

/** A batch's metrics, and the operations of the cells that it was run with, six a cell; none of a mixture. */
export interface NativeOutcome extends NativeMetrics {
  cells: Int32Array;
}

export interface NativeWeightSharingOptions {
  channels: number;
  cells: number;
  classes: number;
  /** Of the cells' batch norms. */
  affine: boolean;
  tracked: boolean;
  /** Names and head of GenericNAS201Model. */
  generic: boolean;
  /** How often the architecture parameters are drawn; 0: there are none. */
  architectureDraws: number;
  seed: number;
  controller: boolean;
  sgd: NativeSgdOptions;
  adam: { learningRate: number; beta1: number; beta2: number; epsilon: number; weightDecay: number };
}

/** A supernet with all that trains it. */
export interface NativeWeightSharing {
  /** Edge by edge; null where there are none. */
  architecture(): Abortable<Float32Array | null>;
  weightStep(
    batch: NativeLabelledImages,
    choice: NativeChoice,
    options: { learningRate: number; clip: number; dropPath: number },
  ): Abortable<NativeOutcome>;
  architectureStep(
    batch: NativeLabelledImages,
    choice: NativeChoice,
    options: { dropPath: number },
  ): Abortable<NativeOutcome>;
  unrolledStep(
    train: NativeLabelledImages,
    valid: NativeLabelledImages,
    options: { learningRate: number; dropPath: number },
  ): Abortable<NativeOutcome>;
  /** In train mode batch norms take note of the batch. */
  evaluate(
    batch: NativeLabelledImages,
    choice: NativeChoice,
    options: { training: boolean; dropPath: number },
  ): Abortable<NativeOutcome>;
  sample(learn: boolean): Abortable<{ cell: Int32Array; logProbability: number; entropy: number }>;
  reinforce(given: {
    accuracy: number;
    baseline: number | undefined;
    baselineDecay: number;
    entropyWeight: number;
    aggregate: number;
  }): Abortable<{ loss: number; reward: number; baseline: number }>;
  controllerStep(clip: number): Abortable<void>;
  /** torch's `random_()`. */
  random(count: number): Abortable<BigInt64Array>;
  /** Draws so many numbers of `torch.rand`, and forgets them. */
  skipUniform(count: number): Abortable<void>;
  /** torch's `randperm`. */
  permutation(count: number): Abortable<Int32Array>;
  state(): Abortable<NativeWeight[]>;
  load(state: NativeState): Abortable<void>;
  to(device: string): Abortable<string>;
  dispose(): void;
}

export interface NativeSgdOptions {
  momentum: number;
  weightDecay: number;
  nesterov: boolean;
  channelsLast: boolean;
  cudaGraph?: boolean | undefined;
}

/** Labelled images as bytes in libtorch's memory. Opaque. */
export type NativeImageSet = object;

export interface NativeSubset {
  of: NativeImageSet;
  indices: Int32Array | null;
  shuffled: boolean;
}

/** What is done to pixels: constants of 255, and black pixels around an image that is cropped to its size again. */
export interface NativePixels {
  mean: readonly number[];
  std: readonly number[];
  padding: number;
}

export interface NativeImageLoader {
  begin(): Abortable<void>;
  next(): Abortable<{ images: NativeDeviceTensor; labels: Int32Array; indices: Int32Array } | null>;
}

/** A learning rate that falls by a cosine after a warm-up. */
export interface NativeSchedule {
  rate: number;
  least: number;
  warmup: number;
  epochs: number;
}

export interface NativeTraining {
  sgd: NativeSgdOptions;
  schedule: NativeSchedule;
  batch: number;
  seed: number;
  drawOnDevice: boolean;
  pixels: NativePixels;
  train: NativeSubset;
  sets: NativeSubset[];
}

export interface NativeProgress {
  epoch: number;
  /** 0: training; then the evaluation sets. */
  set: number;
  /** Of this set, so far and in all. */
  images: number;
  total: number;
  learningRate: number;
  /** Of each set that was begun. */
  measured: { loss: number; top1: number; top5: number; seconds: number; count: number }[];
  epochDone: boolean;
}

export interface NativeTrainer {
  /** Works for so long, or until an epoch ends; at least a batch. */
  advance(network: NativeNetwork, milliseconds: number): Abortable<NativeProgress>;
}

/** The libtorch that computes. */
export interface TorchInfo {
  /** Of the headers that the addon was compiled with. */
  compiledFor: string;
  /**
   * Where it was found when the addon was built: `NB201_LIBTORCH`, `LIBTORCH`, `nb201 libtorch`, `python3` or
   * `CMake package`; `prebuilt` where that was on another machine.
   */
  from: string;
  root: string;
  cxx11Abi: boolean;
  /** 17 or 20. */
  cxxStandard: number;
  /** torch's own description of the loaded library. */
  config: string;
  /** Of one operation. */
  threads: number;
  cudaDevices: number;
  /** Why there are no CUDA devices; empty where there are. */
  cudaReason: string;
}

export interface TorchBinary {
  info(): Abortable<TorchInfo>;
  setThreads(threads: number, lane: number): Abortable<void>;
  /** Bytes of tensors on the CPU; 0: no limit. */
  limitMemory(bytes: number): void;
  /** Ends all work of this thread, and waits for what runs. */
  stop(): void;
  DeviceTensor: { create(data: TensorData, device: string): Abortable<NativeDeviceTensor> };
  Network: {
    create(shape: {
      channels: readonly number[];
      operations: readonly number[];
      classes: number;
      seed: number;
      /** What does all its work: lanes compute at the same time. */
      lane: number;
    }): Abortable<NativeNetwork>;
  };
  WeightSharing: { create(options: NativeWeightSharingOptions): Abortable<NativeWeightSharing> };
  Sgd: new (network: NativeNetwork, options: NativeSgdOptions) => NativeSgd;
  ImageSet: new (pixels: Uint8Array, labels: Int32Array, size: number) => NativeImageSet;
  ImageLoader: {
    create(
      subset: NativeSubset,
      options: {
        pixels: NativePixels;
        augmented: boolean;
        batch: number;
        seed: number;
        drawOnDevice: boolean;
        device: string;
      },
    ): Abortable<NativeImageLoader>;
  };
  Trainer: { create(network: NativeNetwork, options: NativeTraining): Abortable<NativeTrainer> };
  /** Of each iteration of an epoch. */
  learningRates(schedule: NativeSchedule, epoch: number, iterations: number): Float64Array;
}

let loaded: TorchBinary | undefined;

/**
 * The addon `torch.node`, loaded the first time that something computes: about half a second and 200 MB.
 * @throws NetworkError NO_LIBTORCH
 */
export function torch(): TorchBinary {
  if (loaded) return loaded;
  let binary: TorchBinary;
  try {
    binary = loadBinary<TorchBinary>('torch', torchCandidates()).binary;
  } catch (error) {
    if (!(error instanceof BinaryError)) throw error;
    const absent = error.attempts.every(({ kind }) => kind === 'missing');
    const said = absent
      ? 'this needs libtorch and an addon that was compiled for it'
      : `this needs libtorch; ${error.message}`;
    throw new NetworkError('NO_LIBTORCH', `${said}\nTo get it: ${libtorchAdvice()}`, { cause: error });
  }
  // libtorch's statics are destroyed at exit, whoever still uses them.
  process.once('exit', () => binary.stop());
  loaded = binary;
  return binary;
}

/** Whether there is an addon that computes, and where, without loading it. */
export function torchPath(): { path: string; built: boolean } {
  const candidates = [...torchCandidates()];
  const there = candidates.find(({ path, unfit }) => !unfit && existsSync(path));
  return { path: (there ?? candidates[0]!).path, built: there !== undefined };
}

function isCoded(error: unknown): error is Error & { code: NetworkErrorCode } {
  return error instanceof Error && typeof (error as { code?: unknown }).code === 'string' && !('errno' in error);
}

function networkError(error: unknown): unknown {
  const readable = fromNative(error);
  if (readable instanceof ReadError || readable instanceof NetworkError || !isCoded(readable)) return readable;
  return new NetworkError(readable.code, readable.message);
}

/**
 * Settles as the work on the compute thread does, or rejects with the signal's reason once that is aborted.
 * @throws NetworkError, ReadError
 */
export function compute<T>(start: () => Abortable<T>, signal?: AbortSignal): Promise<T> {
  return withSignal(start, signal, networkError);
}
