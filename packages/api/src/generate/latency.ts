import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeWhole } from '@nas-bench-201/core-native';
import { DATASETS, type Dataset } from '../names.js';
import { Network } from '../networks/network.js';
import { GenerateError } from './errors.js';
import { Layout, type NetworkSize } from './layout.js';
import { architectureAt, metaArchitectures } from './meta.js';

/** Seconds for a batch of 256 by data set key. */
export type Latencies = Record<Dataset, number>;

export interface LatencyStepOptions extends NetworkSize {
  /** Default: those that have finished runs. */
  archs?: readonly number[] | undefined;
  /** `'cpu'` (default), `'cuda'`, `'cuda:1'`. */
  device?: string | undefined;
  /** Images a batch. Default: 256, as the benchmark has it. */
  batch?: number | undefined;
  /** Batches that are measured on each data set. Default: 20. */
  batches?: number | undefined;
  signal?: AbortSignal | undefined;
  onArchitecture?: ((index: number, seconds: Latencies, done: number, total: number) => void) | undefined;
}

const CLASSES: Record<Dataset, number> = { 'cifar10-valid': 10, cifar10: 10, cifar100: 100, 'ImageNet16-120': 120 };

/**
 * Measures how long an architecture's networks take for a batch (`pure_evaluate`), and keeps it for `mergeBenchmark`.
 * What was measured before is skipped. Time depends on no weights, so fresh ones will do; nothing else should run on the
 * device meanwhile.
 * @returns how many were measured
 * @throws GenerateError, NetworkError, WriteError; the signal's reason
 */
export async function measureLatencies(folder: string, options: LatencyStepOptions = {}): Promise<number> {
  const layout = new Layout(folder, options);
  const archs = await metaArchitectures(layout);
  const wanted = options.archs ?? finishedArchitectures(layout);
  let measured = 0;
  for (const [done, index] of wanted.entries()) {
    const arch = architectureAt(layout, archs, index);
    if (await latenciesOf(layout, index)) continue;
    const seconds = await measure(arch, options);
    await keep(layout.latency(index), seconds);
    measured++;
    options.onArchitecture?.(index, seconds, done + 1, wanted.length);
  }
  return measured;
}

/** The architectures that have a finished run. */
export function finishedArchitectures(layout: Layout): number[] {
  const runs = layout.ranges().flatMap((range) => [...layout.finished(range, '200'), ...layout.finished(range, '12')]);
  return [...new Set(runs.map(({ index }) => index))].sort((a, b) => a - b);
}

async function measure(arch: string, options: LatencyStepOptions): Promise<Latencies> {
  const { C, N, device, batch, batches = 20, signal } = options;
  const known = new Map<number, number>();
  for (const numClasses of new Set(Object.values(CLASSES))) {
    await using network = await Network.fromArch(arch, { C, N, numClasses, seed: 0, device, signal });
    known.set(numClasses, await network.latency({ batch, batches, exact: true, signal }));
  }
  return Object.fromEntries(DATASETS.map((dataset) => [dataset, known.get(CLASSES[dataset])!])) as Latencies;
}

async function keep(path: string, seconds: Latencies): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeWhole(path, [`${JSON.stringify(seconds, null, 2)}\n`]);
}

/**
 * What was measured of an architecture; undefined where nothing was. The networks of cifar10-valid and cifar10 are the
 * same, so both have the mean of the two. @throws GenerateError BAD_TRIAL
 */
export async function latenciesOf(layout: Layout, index: number): Promise<Latencies | undefined> {
  const path = layout.latency(index);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const seconds = JSON.parse(text) as Latencies;
    if (DATASETS.every((dataset) => seconds[dataset] > 0)) {
      const cifar10 = (seconds['cifar10-valid'] + seconds.cifar10) / 2;
      return { ...seconds, 'cifar10-valid': cifar10, cifar10 };
    }
  } catch {
    // Said below.
  }
  throw new GenerateError('BAD_TRIAL', `${path}: expected the seconds of each of ${DATASETS.join(', ')}`);
}
