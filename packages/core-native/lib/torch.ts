import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { fromNative, ReadError } from './errors.js';
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

export type NativeImages = TensorData | NativeDeviceTensor;

export interface NativeNetwork {
  load(state: NativeState): Abortable<void>;
  loadFile(path: string): Abortable<void>;
  state(): Abortable<NativeWeight[]>;
  to(device: string): Abortable<string>;
  forward(images: NativeImages, pass: NativePass, keep: false): Abortable<{ features: TensorData; logits: TensorData }>;
  forward(
    images: NativeImages,
    pass: NativePass,
    keep: true,
  ): Abortable<{ features: NativeDeviceTensor; logits: NativeDeviceTensor }>;
  evaluate(images: NativeImages, labels: Int32Array, pass: NativePass): Abortable<NativeMetrics>;
  /** Seconds of each of so many batches. */
  latency(shape: readonly number[], batches: number, pass: NativePass): Abortable<Float64Array>;
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

export interface NativeSgdOptions {
  momentum: number;
  weightDecay: number;
  nesterov: boolean;
  channelsLast: boolean;
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
  /** Where it was found when the addon was built: `NB201_LIBTORCH`, `LIBTORCH`, `python3` or `CMake package`. */
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
  setThreads(threads: number): Abortable<void>;
  /** Ends all work of this thread, and waits for what runs. */
  stop(): void;
  DeviceTensor: { create(data: TensorData, device: string): Abortable<NativeDeviceTensor> };
  Network: {
    create(shape: {
      channels: readonly number[];
      operations: readonly number[];
      classes: number;
      seed: number;
    }): Abortable<NativeNetwork>;
  };
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

/** `NB201_TORCH_ADDON` names another build of it: for another libtorch. */
const PATH = process.env.NB201_TORCH_ADDON ?? fileURLToPath(new URL('../build/Release/torch.node', import.meta.url));

/** How to get libtorch on this system. */
export function libtorchAdvice(): string {
  let system = '';
  try {
    system = readFileSync('/etc/os-release', 'utf8');
  } catch {
    // No Linux, or one without it.
  }
  const install = /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(system)
    ? 'apt-get install --no-install-recommends libtorch-dev libopenblas0'
    : 'python3 -m pip install torch';
  return `install libtorch (${install}) or set NB201_LIBTORCH to the folder of one (with include and lib), then build again (npm run build)`;
}

let loaded: TorchBinary | undefined;

/**
 * The addon `torch.node`, loaded the first time that something computes: about half a second and 200 MB.
 * @throws NetworkError NO_LIBTORCH
 */
export function torch(): TorchBinary {
  if (loaded) return loaded;
  if (!existsSync(PATH)) {
    throw new NetworkError(
      'NO_LIBTORCH',
      `this needs libtorch, and there was none when the addon was built: ${libtorchAdvice()}`,
    );
  }
  let binary: TorchBinary;
  try {
    binary = createRequire(import.meta.url)(PATH) as TorchBinary;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new NetworkError('NO_LIBTORCH', `${PATH} cannot be loaded (${reason}): ${libtorchAdvice()}`, {
      cause: error,
    });
  }
  // libtorch's statics are destroyed at exit, whoever still uses them.
  process.once('exit', () => binary.stop());
  loaded = binary;
  return binary;
}

/** Whether there is an addon that computes, and what was found of it, without loading it. */
export function torchPath(): { path: string; built: boolean } {
  return { path: PATH, built: existsSync(PATH) };
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
