import { statSync } from 'node:fs';
import { basename } from 'node:path';
import {
  type ContainerKind,
  type NativeBenchmarkFile,
  NDArray,
  native,
  type OpenBenchmarkOptions,
  openBenchmarkFile,
  openTorch,
  type PythonValue,
  ReadError,
  type ReadErrorCode,
  type ReadLimits,
  readColumn,
  stateOf,
  Tensor,
  type TorchFile,
} from '@nas-bench-201/core-native';
import { QueryError } from '../errors.js';
import { DATASETS, type Dataset, type HpName } from '../names.js';
import type { Reference } from '../results/averaging.js';
import { trainedCost } from '../results/trained-cost.js';
import { parseArchitecture, publishedArchitectures } from '../space/cell.js';
import { isChannels } from '../space/channels.js';
import { Archive } from './archive.js';
import { openStore, storeFormat } from './other-formats.js';

/** What all descriptions say. */
interface Common {
  path: string;
  /** One line for people: 'NAS-Bench-201 benchmark, version 1.1'. */
  title: string;
  /** Bytes; of a folder the sum of its files. */
  size: number;
  /** What is odd about it, one sentence each; it can be read all the same. */
  problems: string[];
  /** What to do with it. */
  hint: string;
}

/** How the bytes of a readable file are packed. */
interface Packed {
  container: ContainerKind;
  bzip2: boolean;
}

/** What there is of one data set with one set of hyper-parameters. */
export interface ResultsSummary {
  hp: HpName;
  dataset: Dataset;
  /** How many architectures have how many trials, as `statistics` counts; of those with any. */
  trials: Record<number, number>;
  /** Evaluation sets, of the records that were looked at more closely. */
  sets: string[];
  /** Whether seconds were recorded, in those records. */
  times: boolean;
}

/** What is common to everything that holds records. */
interface Records {
  space: 'topology' | 'size';
  hps: HpName[];
  results: ResultsSummary[];
  /** Whether trained weights are in the records that were looked at more closely. */
  weights: boolean;
}

/** A whole benchmark. Open it with `NASBench201API.open`. */
export interface BenchmarkDescription extends Common, Packed, Records {
  /**
   * - `nas-bench-201`: the published file. In version 1.0 `less` knows `cifar10-valid` only.
   * - `intermediate`: the file before: instances of the reference's classes.
   * - `nats-bench`: a file or `-simple` or `-full` folder of its successor.
   */
  kind: 'nas-bench-201' | 'intermediate' | 'nats-bench';
  /** Of `nas-bench-201`. */
  version: '1.0' | '1.1' | null;
  layout: 'file' | 'folder' | 'tar';
  /** Architectures that it names, and those that it has results of. In a folder `results` is of a few of these. */
  architectures: number;
  evaluated: number;
}

/** A benchmark that was converted from one of the original files. Open it with `NASBench201API.open`. */
export interface ConvertedDescription extends Common {
  kind: 'converted';
  /** Its extension: '.pb' or '.parquet'. */
  format: string;
  family: Reference;
  /** Architectures that it names, and those that it has results of. */
  architectures: number;
  evaluated: number;
}

/** One architecture's record (`000157-FULL.pth`, `000157.pickle.pbz2`). Open it with `openArchitecture`. */
export interface ArchitectureDescription extends Common, Packed, Records {
  kind: 'architecture';
  family: 'nas-bench-201' | 'nats-bench';
  index: number;
  architecture: string;
}

/** A list of architectures without results: `meta.pickle.pbz2` of a NATS-Bench folder. */
export interface MetaDescription extends Common, Packed {
  kind: 'nats-meta';
  space: 'topology' | 'size';
  architectures: number;
}

/** One training run as it was written (`arch-000157-seed-0777.pth`), before records were made of it. */
export interface TrainingRunDescription extends Common, Packed {
  kind: 'training-run';
  /** By its name; null where that tells none. */
  index: number | null;
  seed: number | null;
  datasets: { dataset: string; epochs: number | null; finished: boolean; weights: boolean }[];
}

/** The list of architectures that the training runs were made from (`meta-node-4.pth`). */
export interface MetaNodeDescription extends Common, Packed {
  kind: 'meta-node';
  architectures: number;
  total: number;
  maxNode: number;
}

/** Images: a batch of CIFAR or of ImageNet16. */
export interface DataBatchDescription extends Common, Packed {
  kind: 'data-batch';
  dataset: 'CIFAR-10' | 'CIFAR-100' | 'ImageNet16';
  images: number;
  /** How far labels go: CIFAR's from 0, ImageNet16's from 1. */
  labels: { min: number; max: number };
}

/** Any other file that can be read. */
export interface OtherDescription extends Common, Packed {
  /** `state-dict`: a dict of nothing but tensors. `torch`: anything else with a tensor container. */
  kind: 'state-dict' | 'torch' | 'pickle';
  /** Pickles that follow one another in the file. */
  pickles: number;
  /** Of the tensors among the values of a dict, or the one that the file is; parameters are their elements. */
  tensors: number;
  parameters: number;
  /** The Python type of the (first) value, and its keys where it is a dict: the first 20. */
  type: string;
  keys: string[];
}

/** A file that cannot be read, and why. */
export interface UnreadableDescription extends Common {
  /** `foreign`: some other format, none that is known by name. `damaged`: ours, but broken. */
  kind: 'cut-short' | 'web-page' | 'lfs-pointer' | 'picture' | 'archive' | 'foreign' | 'damaged';
  code: ReadErrorCode;
  offset: number;
  /** The error's message. */
  message: string;
}

/**
 * A folder of per-architecture files without an index (`NAS-Bench-201-v1_1-archive`), or of anything else; or such files
 * in a tar archive.
 */
export interface FolderDescription extends Common {
  kind: 'archive-folder' | 'runs-folder' | 'folder';
  layout: 'folder' | 'tar';
  /** Files of one architecture, or of one run. */
  files: number;
}

export type FileDescription =
  | BenchmarkDescription
  | ConvertedDescription
  | ArchitectureDescription
  | MetaDescription
  | TrainingRunDescription
  | MetaNodeDescription
  | DataBatchDescription
  | OtherDescription
  | UnreadableDescription
  | FolderDescription;

const HPS: readonly HpName[] = ['01', '12', '90', '200'];
const TOPOLOGIES = 15_625;
const SIZES = 32_768;
/** Records that are looked at closely: the first, the middle and the last. */
const SAMPLES = 3;
/** A pickle that is no benchmark is decoded as a whole, into some 20 times its size where it is all small objects. */
const MAX_OTHER_PICKLE = 256 * 2 ** 20;

/** What happened to the machine, not to the file: thrown, not described. */
const NOT_ABOUT_CONTENT: readonly ReadErrorCode[] = ['IO', 'NOT_A_FILE', 'CHANGED', 'ABORTED', 'DISPOSED'];
/** What the walk of a benchmark says of a file that is well, but none. */
const MAY_BE_OTHER: readonly ReadErrorCode[] = ['NOT_A_BENCHMARK', 'BAD_RECORD', 'STACK_UNDERFLOW'];

/**
 * Says what a file or folder is and what it can answer. A file that cannot be read is described, too.
 * @throws ReadError where the disk fails, or for what is neither file nor folder; QueryError `NO_FILE`; the signal's
 *   reason where it was aborted
 */
export async function describeFile(path: string, options: OpenBenchmarkOptions = {}): Promise<FileDescription> {
  if (typeof path !== 'string') throw new TypeError('expected a path');
  options.signal?.throwIfAborted();
  const info = statSync(path, { throwIfNoEntry: false });
  const archive = Archive.isOne(path);
  if (!info && !archive) throw new QueryError('NO_FILE', `there is no file ${path}`);
  const common = { path, size: info?.size ?? 0 };
  try {
    const described = archive ? await describeArchive(path, options) : undefined;
    if (described) return described;
    const format = storeFormat(path);
    if (format) return await describeConverted(common, format);
    const file = await openBenchmark(path, options);
    if (file instanceof ReadError) return await describeOtherwise(common, file, options.limits);
    try {
      return await describeRecords(common, file, options.signal);
    } finally {
      file.dispose();
    }
  } catch (error) {
    if (!(error instanceof ReadError) || NOT_ABOUT_CONTENT.includes(error.code)) throw error;
    return describeUnreadable(common, error);
  }
}

async function describeConverted(
  common: { path: string; size: number },
  format: string,
): Promise<ConvertedDescription> {
  const store = await openStore(common.path);
  try {
    const family = store.reference;
    return {
      ...common,
      kind: 'converted',
      title: `${family === 'nats-bench' ? 'NATS-Bench' : 'NAS-Bench-201'} benchmark, converted to ${format}`,
      format,
      family,
      architectures: store.metaArchs.length,
      evaluated: store.indexes.length,
      problems: [],
      hint: 'Open it with NASBench201API.open(path).',
    };
  } finally {
    store.close();
  }
}

/** The file as a benchmark or a record of it, or why it is none although it may well be something else. */
async function openBenchmark(path: string, options: OpenBenchmarkOptions): Promise<NativeBenchmarkFile | ReadError> {
  try {
    return await openBenchmarkFile(path, options);
  } catch (error) {
    if (error instanceof ReadError && MAY_BE_OTHER.includes(error.code)) return error;
    throw error;
  }
}

async function describeOtherwise(
  common: { path: string; size: number },
  why: ReadError,
  limits: ReadLimits | undefined,
): Promise<FileDescription> {
  let file: TorchFile;
  try {
    file = await openTorch(common.path, limitsOfOthers(limits));
  } catch (error) {
    // Of a benchmark with a broken record, what the walk found says more than that it is too long to decode.
    throw why.code === 'BAD_RECORD' ? why : error;
  }
  const described = describeOther(common, file);
  if (why.code === 'BAD_RECORD') described.problems.push(`Begins like a benchmark, but: ${why.message}`);
  return described;
}

function limitsOfOthers(limits: ReadLimits = {}): ReadLimits {
  return { maxPickleBytes: MAX_OTHER_PICKLE, maxDecompressedBytes: 2 * MAX_OTHER_PICKLE, ...limits };
}

const counted = (n: number, thing: string) => `${n.toLocaleString('en')} ${thing}${n === 1 ? '' : 's'}`;

// ---- Benchmarks and their parts

async function describeRecords(
  common: { path: string; size: number },
  file: NativeBenchmarkFile,
  signal: AbortSignal | undefined,
): Promise<FileDescription> {
  const { kind, container, bzip2, instances, namedByEpochs } = file.describe();
  const indexes = [...file.recordIndexes()].sort((a, b) => a - b);
  const family = namedByEpochs ? 'nats-bench' : 'nas-bench-201';
  const packed = { ...common, container, bzip2 };
  if (kind === 'architecture') {
    const { architecture, problems, ...records } = summaryOf(file, indexes, countsOfSamples(file, indexes));
    const index = indexes[0]!;
    const name = family === 'nats-bench' ? 'NATS-Bench' : 'NAS-Bench-201';
    return {
      ...packed,
      ...records,
      kind,
      family,
      title: `${name} record of architecture ${index}${records.weights ? ', with weights' : ''}`,
      index,
      architecture,
      problems,
      hint: "Open it with openArchitecture(path), or put it in place of a benchmark's record with reload(folder, index).",
    };
  }
  const architectures = file.architectures();
  const space = isChannels(architectures[0] ?? '') ? 'size' : 'topology';
  if (indexes.length === 0) {
    return {
      ...packed,
      kind: 'nats-meta',
      title: `NATS-Bench list of ${counted(architectures.length, 'architecture')}, without results`,
      space,
      architectures: architectures.length,
      problems: problemsOfNames(architectures, space),
      hint: 'Results are in the files beside it: open the folder.',
    };
  }
  const { problems, architecture: _, ...records } = summaryOf(file, indexes, await countsOfAll(file, signal));
  const version = records.results.some(({ hp, dataset }) => hp === '12' && dataset !== 'cifar10-valid') ? '1.1' : '1.0';
  const of = instances ? 'intermediate' : family;
  const titles = {
    'nas-bench-201': `NAS-Bench-201 benchmark, version ${version}`,
    intermediate: "NAS-Bench-201 intermediate file: instances of the reference's classes",
    'nats-bench': `NATS-Bench, ${space} space, in one file`,
  };
  return {
    ...packed,
    ...records,
    kind: of,
    title: titles[of],
    version: of === 'nas-bench-201' ? version : null,
    space,
    layout: 'file',
    architectures: architectures.length,
    evaluated: file.evaluated().length,
    problems: [
      ...problemsOfNames(architectures, space),
      ...problemsOfIndexes(file, indexes),
      ...problems,
      ...(space === 'topology' ? await problemsOfCosts(file, architectures, records.hps, signal) : []),
    ],
    hint: 'Open it with NASBench201API.open(path).',
  };
}

type Counts = (hp: HpName, dataset: Dataset) => Record<number, number>;

function count(values: Iterable<number>): Record<number, number> {
  const out: Record<number, number> = {};
  for (const value of values) if (value > 0) out[value] = (out[value] ?? 0) + 1;
  return out;
}

async function countsOfAll(file: NativeBenchmarkFile, signal: AbortSignal | undefined): Promise<Counts> {
  const known = new Map<string, Record<number, number>>();
  for (const hp of HPS) {
    for (const dataset of DATASETS) {
      const { counts } = await readColumn(file, { hp, dataset, field: 'flop' }, signal);
      // 255: no such trials.
      known.set(`${hp}/${dataset}`, count(counts.filter((n) => n !== 255)));
    }
  }
  return (hp, dataset) => known.get(`${hp}/${dataset}`)!;
}

function countsOfSamples(file: NativeBenchmarkFile, indexes: readonly number[]): Counts {
  return (hp, dataset) =>
    count(
      indexes.map(
        (index) => stateOf(file, index, hp)?.datasets.findLast(({ name }) => name === dataset)?.seeds.length ?? 0,
      ),
    );
}

/** What the records hold: numbers of trials of all, the rest of the first, the middle and the last. */
function summaryOf(file: NativeBenchmarkFile, indexes: readonly number[], counts: Counts) {
  const problems: string[] = [];
  const looked = [...new Set([0, indexes.length >> 1, indexes.length - 1])].slice(0, SAMPLES).map((i) => indexes[i]!);
  const results: ResultsSummary[] = [];
  let architecture = '';
  let weights = false;
  for (const hp of HPS) {
    const states = looked.flatMap((index) => {
      const state = stateOf(file, index, hp);
      return state ? [{ index, state }] : [];
    });
    architecture ||= states[0]?.state.archStr ?? '';
    for (const dataset of DATASETS) {
      const trials = native(() => counts(hp, dataset));
      if (Object.keys(trials).length === 0) continue;
      const sets = new Set<string>();
      let times = false;
      for (const { index, state } of states) {
        const trial = state.trials.findIndex((t) => t.dataset === dataset);
        if (trial < 0) continue;
        try {
          const [, , , trainTimes, accuracies] = native(() => file.curves(index, hp, trial))!;
          for (const { set } of accuracies!.curves) sets.add(set);
          times ||= trainTimes!.curves.length > 0;
          const attributes = native(() => file.value(index, hp, trial));
          weights ||= attributes instanceof Map && (attributes.get('net_state_dict') ?? null) !== null;
        } catch (error) {
          if (!(error instanceof ReadError)) throw error;
          problems.push(`architecture ${index}, ${dataset}, hp ${hp}: ${error.message}`);
        }
      }
      results.push({ hp, dataset, trials, sets: [...sets], times });
    }
  }
  const hps = HPS.filter((hp) => results.some((r) => r.hp === hp));
  const space: Records['space'] = isChannels(architecture) ? 'size' : 'topology';
  return { space, hps, results, weights, architecture, problems };
}

function problemsOfNames(architectures: readonly string[], space: 'topology' | 'size'): string[] {
  const problems: string[] = [];
  const whole = space === 'topology' ? TOPOLOGIES : SIZES;
  if (architectures.length !== whole) {
    problems.push(
      `It names ${counted(architectures.length, 'architecture')}; the space has ${whole.toLocaleString('en')}.`,
    );
  }
  const different = new Set(architectures).size;
  if (different < architectures.length) {
    problems.push(`meta_archs repeats ${counted(architectures.length - different, 'architecture')}.`);
  }
  if (space === 'size') return problems;
  const malformed = architectures.filter((arch) => !isArchitecture(arch));
  if (malformed.length) {
    problems.push(`meta_archs has ${counted(malformed.length, 'malformed name')}, such as '${malformed[0]}'.`);
  } else if (architectures.length === whole) {
    const published = publishedArchitectures();
    const at = architectures.findIndex((arch, i) => arch !== published[i]);
    if (at >= 0) problems.push(`The order of its architectures is not the published one from index ${at} on.`);
  }
  return problems;
}

function isArchitecture(text: string): boolean {
  try {
    parseArchitecture(text);
    return true;
  } catch {
    return false;
  }
}

function problemsOfIndexes(file: NativeBenchmarkFile, indexes: readonly number[]): string[] {
  const problems: string[] = [];
  const records = new Set(indexes);
  const evaluated = file.evaluated();
  const without = evaluated.filter((index) => !records.has(index)).length;
  if (without) problems.push(`evaluated_indexes lists ${counted(without, 'architecture')} without a record.`);
  const listed = new Set(evaluated);
  const unlisted = indexes.filter((index) => !listed.has(index)).length;
  if (unlisted) problems.push(`evaluated_indexes leaves out ${counted(unlisted, 'record')}.`);
  const total = file.describe().totalArchitectures;
  const names = file.architectures().length;
  if (total !== names) problems.push(`total_archs says ${total}, meta_archs names ${names}.`);
  return problems;
}

/** What says of which channels and cells the networks are: the first trial's, as a benchmark has one size. */
function configOf(file: NativeBenchmarkFile, hp: HpName, dataset: Dataset): PythonValue {
  for (const index of file.recordIndexes()) {
    const trial = stateOf(file, index, hp)?.trials.findIndex((t) => t.dataset === dataset) ?? -1;
    if (trial < 0) continue;
    const attributes = native(() => file.value(index, hp, trial));
    return attributes instanceof Map ? (attributes.get('arch_config') ?? null) : null;
  }
  return null;
}

/** Records of a trial that carries another network's FLOPs or parameters: 204 in the published files. */
async function problemsOfCosts(
  file: NativeBenchmarkFile,
  architectures: readonly string[],
  hps: readonly HpName[],
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const wrong = new Set<number>();
  for (const dataset of DATASETS) {
    for (const hp of hps) {
      const config = configOf(file, hp, dataset);
      const actual = architectures.map((arch) => (isArchitecture(arch) ? trainedCost(arch, dataset, config) : null));
      for (const [field, key] of [['flop', 'flops'] as const, ['params', 'params'] as const]) {
        const { counts, values } = await readColumn(file, { hp, dataset, field }, signal);
        let at = 0;
        for (const [index, trials] of counts.entries()) {
          if (trials === 255) continue;
          const cost = actual[index]?.[key];
          for (const value of values.subarray(at, at + trials)) {
            if (cost !== undefined && Math.abs(value - cost) > 1e-4 * Math.max(1, cost)) wrong.add(index);
          }
          at += trials;
        }
      }
    }
  }
  if (wrong.size === 0) return [];
  return [
    `FLOPs or parameters that cannot be right are recorded in some trial of ${counted(wrong.size, 'architecture')}.`,
  ];
}

// ---- Folders

/** A folder, or a tar archive with files that are known; undefined for other archives. */
async function describeArchive(path: string, options: OpenBenchmarkOptions): Promise<FileDescription | undefined> {
  using archive = await Archive.open(path, options);
  if (archive.file('meta.pickle.pbz2') !== undefined) return await describeNats(archive, options);
  const { layout } = archive;
  const folder = { path, size: archive.size, layout, problems: [] };
  const inTar = layout === 'tar' ? ' in a tar archive' : '';
  const records = archive.indexes('nas-bench-201').length;
  if (records) {
    const title = `NAS-Bench-201 archive: records of ${counted(records, 'architecture')}, one file each${inTar}`;
    const hint =
      'It has trained weights: open a benchmark with the option archive, or bring records into it with reload(archive, index).';
    return { ...folder, kind: 'archive-folder', files: records, title, hint };
  }
  const runs = archive.names().filter((name) => RUN.test(name)).length;
  if (runs) {
    const title = `Training runs as they were written: ${counted(runs, 'file')}${inTar}`;
    return { ...folder, kind: 'runs-folder', files: runs, title, hint: 'Read them one by one with openTorch(path).' };
  }
  if (layout === 'tar') return undefined;
  const hint = 'Name a file in it, or a NATS-Bench folder: that has a meta.pickle.pbz2.';
  return { ...folder, kind: 'folder', files: 0, title: 'A folder with no benchmark in it', hint };
}

async function describeNats(archive: Archive, options: OpenBenchmarkOptions): Promise<FileDescription> {
  const architectures = (await archive.architectures(options))!;
  const space = isChannels(architectures[0] ?? '') ? 'size' : 'topology';
  const files = archive.indexes('nats-bench');
  const problems = problemsOfNames(architectures, space);
  // One file stands for all: there are 15,625 or 32,768.
  const first = files.length ? archive.record(files[0]!, 'nats-bench') : undefined;
  let records: Records = { space, hps: [], results: [], weights: false };
  if (first !== undefined) {
    using sample = disposing(await openBenchmarkFile(first, options));
    const indexes = [...sample.file.recordIndexes()];
    const {
      problems: more,
      architecture: _,
      ...rest
    } = summaryOf(sample.file, indexes, countsOfSamples(sample.file, indexes));
    records = rest;
    problems.push(...more);
  }
  if (files.length < architectures.length) {
    problems.push(`Missing: the files of ${counted(architectures.length - files.length, 'architecture')}.`);
  }
  const { path, size, layout } = archive;
  return {
    path,
    size,
    container: 'pickle',
    bzip2: true,
    ...records,
    kind: 'nats-bench',
    title: `NATS-Bench, ${space} space, a ${layout === 'tar' ? 'tar archive' : 'folder'} with a file for each architecture`,
    version: null,
    space,
    layout,
    architectures: architectures.length,
    evaluated: files.length,
    problems,
    hint: `Open the ${layout === 'tar' ? 'archive' : 'folder'} with NASBench201API.open(path).`,
  };
}

function disposing(file: NativeBenchmarkFile): Disposable & { file: NativeBenchmarkFile } {
  return { file, [Symbol.dispose]: () => file.dispose() };
}

// ---- Other files

const RUN = /^arch-(\d+)-seed-(\d+)\.pth$/;

function describeOther(common: { path: string; size: number }, file: TorchFile): FileDescription {
  const packed = { ...common, container: file.container, bzip2: file.bzip2, problems: [] };
  const [value] = file.values;
  const dict = value instanceof Map ? value : undefined;
  const size = (key: string) => sizeOf(dict?.get(key));
  if (dict?.has('all_dataset_keys') && dict.has('info')) return describeRun(packed, dict);
  if (dict?.has('archs') && dict.has('total') && dict.has('max_node')) {
    return {
      ...packed,
      kind: 'meta-node',
      title: `List of ${counted(size('archs'), 'architecture')} to train (meta-node)`,
      architectures: size('archs'),
      total: Number(dict.get('total')),
      maxNode: Number(dict.get('max_node')),
      hint: 'Read it with readTorch(path); the published order is publishedArchitectures().',
    };
  }
  const labels = dict?.get('fine_labels') ?? dict?.get('labels');
  if (dict?.get('data') instanceof NDArray && Array.isArray(labels)) {
    const dataset = dict.has('fine_labels') ? 'CIFAR-100' : dict.has('batch_label') ? 'CIFAR-10' : 'ImageNet16';
    const numbers = labels.map(Number);
    const images = (dict.get('data') as NDArray).shape[0] ?? 0;
    return {
      ...packed,
      kind: 'data-batch',
      title: `${dataset}: ${counted(images, 'image')} with labels`,
      dataset,
      images,
      labels: {
        min: numbers.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
        max: numbers.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
      },
      hint: 'Data for training; it answers nothing about architectures.',
    };
  }
  const tensors = (dict ? [...dict.values()] : [value]).filter((v) => v instanceof Tensor);
  const parameters = tensors.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const stateDict = dict !== undefined && dict.size > 0 && tensors.length === dict.size;
  const torch = file.container !== 'pickle';
  const type = typeName(value);
  return {
    ...packed,
    kind: stateDict ? 'state-dict' : torch ? 'torch' : 'pickle',
    title: stateDict
      ? `State dict of ${counted(tensors.length, 'tensor')}, ${counted(parameters, 'element')}`
      : `${torch ? 'Torch file' : 'Pickle'} of ${file.values.length > 1 ? `${file.values.length} values, first ` : ''}a value of type ${type}`,
    pickles: file.values.length,
    tensors: tensors.length,
    parameters,
    type,
    keys: dict ? [...dict.keys()].slice(0, 20).map(String) : [],
    hint: 'No benchmark. Read it with openTorch(path).',
  };
}

function describeRun(
  packed: Common extends infer C ? Omit<C & Packed, 'title' | 'hint'> : never,
  dict: Map<PythonValue, PythonValue>,
): TrainingRunDescription {
  const [, index, seed] = RUN.exec(basename(packed.path)) ?? [];
  const keys = dict.get('all_dataset_keys');
  const datasets = (Array.isArray(keys) ? keys : []).map((key) => {
    const run = dict.get(key);
    const get = (name: string) => (run instanceof Map ? run.get(name) : undefined);
    const epochs = get('total_epoch');
    return {
      dataset: String(key),
      epochs: typeof epochs === 'number' ? epochs : null,
      finished: get('finish-train') === true,
      weights: get('net_state_dict') instanceof Map,
    };
  });
  const of = index === undefined ? '' : ` of architecture ${Number(index)}, seed ${Number(seed)}`;
  return {
    ...packed,
    kind: 'training-run',
    title: `Training run${of}, on ${counted(datasets.length, 'data set')}`,
    index: index === undefined ? null : Number(index),
    seed: seed === undefined ? null : Number(seed),
    datasets,
    problems: datasets.flatMap((d) => (d.finished ? [] : [`Training on ${d.dataset} is not marked as finished.`])),
    hint: 'What records are made of; read it with readTorch(path).',
  };
}

function sizeOf(value: PythonValue | undefined): number {
  if (Array.isArray(value)) return value.length;
  return value instanceof Map || value instanceof Set ? value.size : 0;
}

function typeName(value: PythonValue | undefined): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value !== 'object')
    return { string: 'str', boolean: 'bool', bigint: 'int' }[String(typeof value)] ?? 'number';
  const names: Record<string, string> = { Array: 'list', Map: 'dict', Uint8Array: 'bytes', Set: 'set' };
  const name = value.constructor.name;
  return names[name] ?? name;
}

// ---- What cannot be read

const FOREIGN: readonly (readonly [RegExp, UnreadableDescription['kind'], title: string, hint: string])[] = [
  [
    /a web page/,
    'web-page',
    'A web page under the name of a data file',
    'The download was answered with a page: fetch the file again, in a browser if it asks for a confirmation.',
  ],
  [
    /Git LFS pointer/,
    'lfs-pointer',
    'A Git LFS pointer in place of the file',
    'Run `git lfs pull` where it came from.',
  ],
  [/picture|PDF document/, 'picture', 'A picture or document', "Name the benchmark's own file."],
  [
    /archive|zip file|gzip|xz file|zstd|bzip2|tar/,
    'archive',
    'An archive',
    'Unpack it first, then name the file or folder that comes out of it.',
  ],
];

function describeUnreadable(common: { path: string; size: number }, error: ReadError): UnreadableDescription {
  const { code, offset, message } = error;
  const described = { ...common, code, offset, message, problems: [message] };
  if (code === 'TRUNCATED') {
    return {
      ...described,
      kind: 'cut-short',
      title: common.size === 0 ? 'An empty file' : 'A file that was cut short',
      hint: 'The download or copy is not complete: fetch it again and compare its size.',
    };
  }
  if (code === 'NOT_RECOGNIZED' || code === 'UNSUPPORTED_CONTAINER') {
    const [, kind, title, hint] = FOREIGN.find(([pattern]) => pattern.test(message.slice(error.file.length))) ?? [
      undefined,
      'foreign' as const,
      'No torch file and no pickle',
      'Name a .pth, .pkl or .pbz2 file of NAS-Bench-201 or NATS-Bench.',
    ];
    return { ...described, kind, title, hint };
  }
  return {
    ...described,
    kind: 'damaged',
    title: 'A file that cannot be read as a whole',
    hint: 'Fetch it again, or look at the place that the message names; the published files can be checked by their MD5.',
  };
}
