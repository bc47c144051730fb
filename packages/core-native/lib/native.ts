import { loadBinary, readerCandidates } from './binary/load.js';
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

/** 0: the trial has no such attribute, 1: it is None, 2: it is an empty dict, 3: it is a dict. */
export type FieldState = 0 | 1 | 2 | 3;

export const FIELD_STATE = { missing: 0, none: 1, empty: 2, dict: 3 } as const satisfies Record<string, FieldState>;

/** What `presence` says of a number: 0: it is missing, 1: it is there, 2: it is there, as a 32-bit float. */
export const PRESENCE = { missing: 0, there: 1, single: 2 } as const;

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

export interface SweepRequest {
  /** Of the architectures; those that the file has no record of are left out. */
  indexes: Int32Array;
  /** Hyper-parameters and data sets; none: all. */
  hps: readonly string[];
  datasets: readonly string[];
  /** Whether to give each trial's `arch_config` as well. */
  configs: boolean;
}

/**
 * Every number of every trial of some architectures. Rows refer to others by number, [n] says how many there are; a name
 * is a number of `names()`.
 */
export interface NativeSweepBatch {
  /** [A] */
  indexes: Int32Array;
  /** [S] One a set of hyper-parameters of an architecture. */
  states: {
    /** Row of `indexes`. */
    architecture: Int32Array;
    /** Name: '12', '200', '01' or '90'. */
    hp: Int32Array;
    /** The record's own `arch_index`. */
    archIndex: Int32Array;
    archStr: string[];
    /** `clear_net_done`, as 0 or 1. */
    cleared: Uint8Array;
    /** `dataset_seed` in the record's order. */
    seeds: { dataset: string; seeds: Float64Array }[][];
  };
  /** [T] */
  trials: {
    /** Row of `states`. */
    state: Int32Array;
    /** Which of its state's trials it is in the file. */
    number: Int32Array;
    /** Name. */
    dataset: Int32Array;
    /** Of the record's key (data set, seed). */
    seed: Float64Array;
    epochs: Int32Array;
    /** Millions; NaN where the record has none. */
    flop: Float64Array;
    /** Millions; NaN where the record has none. */
    params: Float64Array;
    /** The attributes `name` and `seed`, names; -1 where they are no texts. */
    name: Int32Array;
    seedText: Int32Array;
    /** [T + 1] `eval_names` in `evalSets`, names; one -1 where they have to be read with the record. */
    evalFirst: Uint32Array;
    evalSets: Int32Array;
    /** `FieldState` of `latency`, and [T + 1] where it is in `latencies`. */
    latencyState: Uint8Array;
    latencyFirst: Uint32Array;
    /** [T * 7] `FieldState` of each field, in the order of `CURVE_FIELDS`. */
    fields: Uint8Array;
    configs?: PythonValue[];
  };
  /** Seconds for a batch of 256. */
  latencies: Float64Array;
  /** [C] By trial, then by field, sets in the order of the dict. */
  curves: {
    /** Row of `trials`. */
    trial: Uint32Array;
    /** In `CURVE_FIELDS`. */
    field: Uint8Array;
    /** Name; in a file's own batch those behind `names()` are in `moreNames`. -1: training. */
    set: Int32Array;
    /** [C + 1] into `values`, which has one an epoch. */
    first: Uint32Array;
  };
  moreNames: string[];
  values: Float64Array;
  /** For each value as in `NativeCurve`; absent where all are 1. */
  presence?: Uint8Array;
  /** Numbers of training curves in their dict's order, where that is not the order of the epochs. */
  inOrder?: { curve: number; values: Float64Array }[];
}

/** A file of which the walk's findings can be kept in a side-car. */
export interface Keepable {
  /** The bytes of a side-car; null where there is nothing to keep, or the file has changed meanwhile. */
  sideCar(): Promise<Uint8Array | null>;
}

/** A benchmark file, or one architecture's, that is open. Closed by `dispose()` or with its last reference. */
export interface NativeBenchmarkFile extends Keepable {
  describe(): {
    kind: 'benchmark' | 'architecture';
    container: ContainerKind;
    bzip2: boolean;
    instances: boolean;
    /** Whether records are named '12' and '200' as NATS-Bench does, not 'less' and 'full'. */
    namedByEpochs: boolean;
    /** Those of `meta_archs`. */
    architectures: number;
    /** Whether one of them stands there twice. */
    repeated: boolean;
    totalArchitectures: number;
    /** The side-car that it was opened with; null where the file was walked. */
    sideCar: string | null;
    /** Of the file, or of what its bzip2 unpacks to. */
    size: number;
    /** The file as it is named in errors. */
    file: string;
    /** Of the file's bytes, those that are kept in memory. */
    heldBytes: number;
  };
  architectures(): string[];
  evaluated(): Float64Array;
  recordIndexes(): Float64Array;
  hyperParameters(index: number): string[];
  /** What is called by number. */
  names(): string[];
  /**
   * What `getMoreInfo` answers of the last epoch of a data set's trials. `sets`: the numbers of the sets that it calls valid,
   * test and valtest, and whether valid must be there. Fills `out` from `at` on with the number of trials, which of the three
   * sets there are (bits), the mean latency (-1: none was measured) and the seeds; then, of the mean over the trials and of
   * each trial, of training and the three sets: loss, accuracy, seconds an epoch and in all, NaN where it was not timed.
   * Returns where this ends; -1 where it was not collected, as of curves of an unusual form, the trials are not all of a
   * kind or more than seven, or there is no room.
   */
  lastEpoch(index: number, hp: number, dataset: number, sets: Float64Array, out: Float64Array, at: number): number;
  /**
   * The last epochs of all data sets: of each its number and how many trials it has; of each trial latency, epochs, millions
   * of FLOPs and of parameters, number of rows; of each row the set's number (-1: training), whether it is timed, loss,
   * accuracy, seconds, seconds of all epochs. Returns the number of data sets; 0 where there is no such record, -1 where
   * anything was not collected.
   */
  allFinals(index: number, hp: number, out: Float64Array): number;
  latency(index: number, hp: string, trial: number): Float64Array | null;
  /** Undefined where they have to be read with the record. */
  evalNames(index: number, hp: string, trial: number): string[] | undefined;
  /** Fills `out` with the numbers that `TrialsState` reads. Returns how many there are, however little room there is. */
  state(index: number, hp: string, out: Float64Array): number;
  archStr(index: number, hp: string): string | undefined;
  curves(index: number, hp: string, trial: number): NativeField[] | undefined;
  value(index: number, hp?: string, trial?: number): PythonValue | undefined;
  storage(key: string): Uint8Array;
  storagePlace(key: string): { path: string; offset: number; size: number } | undefined;
  column(request: ColumnRequest): Abortable<NativeColumn>;
  column(request: ColumnRequest, sync: true): NativeColumn;
  /** The bytes of a file of the columns that were read; null where it would say nothing new, or the file has changed. */
  keptColumns(): Promise<Uint8Array | null>;
  /** A batch of a sweep. */
  sweep(request: SweepRequest): Abortable<NativeSweepBatch>;
  dispose(): void;
}

/** Writes values as the bytes of a torch file or pickle; `takeApart` tells what objects are made of. */
export interface NativeTorchWriter {
  open(kind: 'dict' | 'ordered-dict' | 'list'): void;
  close(): void;
  write(value: unknown): void;
  /** From here on the storages' bytes, in the order in which they were met. */
  endValue(): void;
  storage(bytes: Uint8Array): void;
  finish(): void;
  /** Bytes that can be taken. */
  ready(): number;
  take(): Uint8Array;
}

/** A tar archive that is open. Closed by `dispose()` or with its last reference. */
export interface NativeArchive extends Keepable {
  directory(): { names: string[]; offsets: Float64Array; sizes: Float64Array };
  size(): number;
  /** The side-car that it was opened with; null where it was walked. */
  openedWith(): string | null;
  dispose(): void;
}

/** A file that lies in an archive. */
export interface ArchiveMember {
  readonly archive: NativeArchive;
  /** Its place in the archive's directory. */
  readonly member: number;
}

interface Reader {
  configure(makers: typeof factories): void;
  jsonText(
    literals: string,
    literalEnds: Uint32Array,
    prefixes: readonly string[],
    values: Float64Array,
    first: Uint32Array,
    presence: Uint8Array | undefined,
  ): Promise<Uint8Array>;
  Archive: {
    open(name: string, paths: readonly string[], sideCars: readonly string[]): Abortable<NativeArchive>;
  };
  TorchWriter: new (
    container: 'legacy' | 'zip' | 'pickle',
    numpyFloat32: boolean,
    takeApart: (value: object) => unknown[],
  ) => NativeTorchWriter;
  TorchFile: {
    open(source: string | ArchiveMember | Uint8Array, limits?: ReadLimits): Promise<NativeTorchFile> | NativeTorchFile;
  };
  BenchmarkFile: {
    open(
      file: string | ArchiveMember,
      limits: ReadLimits | undefined,
      onProgress?: (bytes: number, total: number, architectures: number) => void,
      sideCars?: readonly string[],
      columns?: readonly string[],
    ): Abortable<NativeBenchmarkFile>;
    openSync(file: string | ArchiveMember, limits?: ReadLimits): NativeBenchmarkFile;
  };
}

const loaded = loadBinary<Reader>('reader', readerCandidates());

/** The addon `reader.node`. */
export const reader: Reader = loaded.binary;

/** The file that it was loaded from. */
export const READER_PATH: string = loaded.path;
reader.configure(factories);
