import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, link, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { DictStream, type StreamableValue, writeTorch } from '@nas-bench-201/core-native';
import { NASBench201API } from '../api.js';
import { md5OfFile } from '../files/verify.js';
import { writableRecord } from '../records/writable.js';
import { type CollectOptions, collectRange } from './collect.js';
import { GenerateError } from './errors.js';
import { Layout, type NetworkSize, type Range } from './layout.js';
import { metaArchitectures } from './meta.js';

export interface MergeOptions extends NetworkSize, Omit<CollectOptions, 'times'> {
  /** See `CollectOptions`. Default: `corrected`, as in FILEv1.1. */
  times?: CollectOptions['times'] | undefined;
}

/** A benchmark that was made. */
export interface MergedBenchmark {
  /** `NAS-Bench-201-v1_1-<end of its MD5>.pth`, beside the runs. */
  path: string;
  md5: string;
  bytes: number;
  ranges: number;
  architectures: number;
  /** Architectures that were left out, and why. */
  problems: { index: number; message: string }[];
}

/**
 * The last steps: collects what was trained (`collectRange`, for every range that has runs), merges it
 * (`statistics.py --mode merge`) into `simplifies/C16-N5-final-infos.pth`, and gives this the name that benchmark files
 * have.
 * @throws GenerateError, WriteError; the signal's reason
 */
export async function mergeBenchmark(folder: string, options: MergeOptions = {}): Promise<MergedBenchmark> {
  const layout = new Layout(folder, options);
  const archs = await metaArchitectures(layout);
  const ranges = layout.ranges();
  if (ranges.length === 0) throw new GenerateError('NO_TRIALS', `${folder}: there are no runs of ${layout.base}`);
  const problems: MergedBenchmark['problems'] = [];
  for (const range of ranges) {
    // Collected, and the runs taken elsewhere since.
    if (!hasRuns(layout, range) && existsSync(layout.collected(range))) continue;
    await collectRange(layout, archs, range, {
      ...options,
      times: options.times ?? 'corrected',
      onProblem(index, error) {
        problems.push({ index, message: error.message });
        options.onProblem?.(index, error);
      },
    });
  }
  const indexes: number[] = [];
  async function* infos() {
    for (const range of ranges) {
      for await (const [index, record] of merged(layout, archs, range)) {
        indexes.push(index);
        yield [index, record] as const;
      }
    }
  }
  async function* whole(): AsyncGenerator<readonly [string, StreamableValue]> {
    yield ['meta_archs', [...archs]];
    yield ['total_archs', archs.length];
    yield ['arch2infos', new DictStream(infos())];
    yield ['evaluated_indexes', indexes];
  }
  const { signal } = options;
  const bytes = await writeTorch(layout.final, new DictStream(whole()), {
    container: 'legacy',
    overwrite: true,
    signal,
  });
  const md5 = await md5OfFile(layout.final, { ...(signal && { signal }) });
  const path = join(folder, `NAS-Bench-201-v1_1-${md5.slice(-6)}.pth`);
  await nameToo(layout.final, path);
  return { path, md5, bytes, ranges: ranges.length, architectures: indexes.length, problems };
}

const hasRuns = (layout: Layout, range: Range) =>
  layout.finished(range, '200').length + layout.finished(range, '12').length > 0;

async function* merged(layout: Layout, archs: readonly string[], range: Range) {
  const path = layout.collected(range);
  const api = await NASBench201API.open(path, { sideCar: false, onWarning: () => {} });
  try {
    if (api.length !== archs.length) {
      throw new GenerateError('CONFLICT', `${path}: expected ${archs.length} architectures, found ${api.length}`);
    }
    for await (const records of api.records()) {
      for (const record of records) {
        if (record.index < range.from || record.index > range.to) {
          throw new GenerateError('CONFLICT', `${path}: has architecture ${record.index}, which is not of its range`);
        }
        yield [record.index, writableRecord(record, 'nas-bench-201')] as const;
      }
    }
  } finally {
    api.close();
  }
}

/** A second name for a file, without a second copy where that can be had. */
async function nameToo(file: string, path: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  await link(file, temporary).catch(() => copyFile(file, temporary));
  await rename(temporary, path);
}
