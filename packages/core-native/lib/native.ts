import { createRequire } from 'node:module';
import { factories, type PythonValue } from './values.js';

/** Limits of what is read, in bytes and levels. */
export interface ReadLimits {
  /** What a bzip2 file may unpack to. Default: 4 GiB. */
  maxDecompressedBytes?: number;
  /** How long a pickle may be that is decoded as a whole. Default: 1 GiB. */
  maxPickleBytes?: number;
  /** How deep containers may be nested. Default: 1,000. */
  maxDepth?: number;
  /** Threads that walk a large benchmark file. Default: one a core, at most eight. */
  threads?: number;
}

export type ContainerKind = 'torch-legacy' | 'torch-zip' | 'pickle';

export interface NativeTorchFile {
  values(): PythonValue[];
  describe(): { container: ContainerKind; bzip2: boolean; pickles: number };
  storage(key: string): Uint8Array;
  storagePlace(key: string): { path: string; offset: number; size: number } | undefined;
}

/** Work on another thread, and how to end it early. */
export interface Abortable<T> {
  promise: Promise<T>;
  abort(): void;
}

export interface NativeTrial {
  dataset: string;
  seed: number;
  epochs: number;
  /** Millions. */
  flop: number;
  /** Millions. */
  params: number;
  /** Seconds for a batch of 256, the mean of what was measured; -1 where nothing was. */
  meanLatency: number;
}

export interface NativeState {
  archIndex: number;
  archStr: string;
  cleared: boolean;
  trials: NativeTrial[];
  /** In the record's order. */
  datasets: { name: string; seeds: Float64Array }[];
}

/** 0: the trial has no such attribute, 1: it is None, 2: it is an empty dict, 3: it is a dict. */
export type FieldState = 0 | 1 | 2 | 3;

export interface NativeCurve {
  /** Of an evaluation curve; empty for training. */
  set: string;
  /** One number an epoch. */
  values: Float64Array;
  /** For each epoch 0 (missing), 1 (there) or 2 (there, as a 32-bit float); absent where all are 1. */
  presence?: Uint8Array;
}

export interface NativeField {
  state: FieldState;
  curves: NativeCurve[];
  /** All numbers in the dict's order, where that is not the order of the epochs. */
  inOrder?: Float64Array;
}

/** The curves of a trial, in the order in which `curves()` gives them. */
export const CURVE_FIELDS = [
  'train_acc1es',
  'train_acc5es',
  'train_losses',
  'train_times',
  'eval_acc1es',
  'eval_losses',
  'eval_times',
] as const;
export type CurveField = (typeof CURVE_FIELDS)[number];

export interface ColumnRequest {
  hp: string;
  dataset: string;
  field: CurveField | 'flop' | 'params' | 'latency';
  set?: string;
  /** -1: each trial's last. */
  epoch?: number;
  /** The sum of epochs 0 to `epoch`. */
  cumulative?: boolean;
}

/** One number of each trial of each architecture. */
export interface NativeColumn {
  /** For each architecture its trials, or 255 where the file has none of this data set and hp. */
  counts: Uint8Array;
  values: Float64Array;
  /** As in `NativeCurve`. */
  presence: Uint8Array;
}

/** A benchmark file, or one architecture's, that is open. Closed by `dispose()` or with its last reference. */
export interface NativeBenchmarkFile {
  describe(): {
    kind: 'benchmark' | 'architecture';
    container: ContainerKind;
    bzip2: boolean;
    instances: boolean;
    /** Whether records are named '12' and '200' as NATS-Bench does, not 'less' and 'full'. */
    namedByEpochs: boolean;
    totalArchitectures: number;
    /** Of the file, or of what its bzip2 unpacks to. */
    size: number;
  };
  architectures(): string[];
  evaluated(): Float64Array;
  recordIndexes(): Float64Array;
  hyperParameters(index: number): string[];
  /** What `finals` calls by number. */
  names(): string[];
  /**
   * Fills `out` with the last epoch of each trial, in the order of the record's seeds: seed, latency, epochs, number of rows; of
   * each row the set's number (-1: training), whether it is timed, loss, accuracy, seconds, seconds of all epochs.
   * Returns the number of trials; -1 where this was not collected, as of curves of an unusual form.
   */
  finals(index: number, hp: number, dataset: number, out: Float64Array): number;
  latency(index: number, hp: string, trial: number): Float64Array | null;
  /** Undefined where they have to be read with the record. */
  evalNames(index: number, hp: string, trial: number): string[] | undefined;
  state(index: number, hp: string): NativeState | undefined;
  curves(index: number, hp: string, trial: number): NativeField[] | undefined;
  value(index: number, hp?: string, trial?: number): PythonValue | undefined;
  storage(key: string): Uint8Array;
  storagePlace(key: string): { path: string; offset: number; size: number } | undefined;
  column(request: ColumnRequest): Abortable<NativeColumn>;
  column(request: ColumnRequest, sync: true): NativeColumn;
  dispose(): void;
}

interface Reader {
  configure(makers: typeof factories): void;
  TorchFile: { open(source: string | Uint8Array, limits?: ReadLimits): Promise<NativeTorchFile> | NativeTorchFile };
  BenchmarkFile: {
    open(
      path: string,
      limits: ReadLimits | undefined,
      onProgress?: (bytes: number, total: number, architectures: number) => void,
    ): Abortable<NativeBenchmarkFile>;
    openSync(path: string, limits?: ReadLimits): NativeBenchmarkFile;
  };
}

/** The addon `reader.node`. */
export const reader: Reader = createRequire(import.meta.url)('../build/Release/reader.node');
reader.configure(factories);
