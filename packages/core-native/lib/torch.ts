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
  | 'OUT_OF_MEMORY'
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
  Sgd: new (
    network: NativeNetwork,
    options: { momentum: number; weightDecay: number; nesterov: boolean; channelsLast: boolean },
  ) => NativeSgd;
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
