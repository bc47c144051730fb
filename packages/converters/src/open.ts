import { statSync } from 'node:fs';
import { NASBench201API, type OpenOptions, type RecordStore } from 'nas-bench-201';
import { type BenchmarkSource, sourceOfApi, sourceOfStore } from './benchmark/source.js';
import { ConvertError } from './errors.js';
import { readBytes, splitCompression } from './output/compression.js';
import { formatOfFile } from './registry.js';
import { untilAborted } from './until-aborted.js';

/**
 * Opens a benchmark to be read from beginning to end: whatever `NASBench201API.open` takes, and what was converted.
 * @throws ReadError, QueryError, ConvertError
 */
export async function openBenchmark(path: string, options: OpenOptions = {}): Promise<BenchmarkSource> {
  const [bare, compression] = splitCompression(path);
  const format = statSync(path, { throwIfNoEntry: false })?.isDirectory() ? undefined : formatOfFile(bare);
  if (!format || format.name === 'pth') return sourceOfApi(await NASBench201API.open(path, options));
  if (format.open && !compression) return sourceOfStore(await format.open(path));
  if (format.read) return format.read(path, untilAborted(readBytes(path, compression), options.signal));
  throw new ConvertError('UNSUPPORTED', `${path}: ${format.name} is written, not read`);
}

/** Opens a converted benchmark to be asked for records in any order. `NASBench201API.open` calls this. */
export async function openRecordStore(path: string): Promise<RecordStore> {
  const format = formatOfFile(path);
  if (!format?.open) throw new ConvertError('UNSUPPORTED', `${path}: only .pb and .parquet are opened in this way`);
  return format.open(path);
}
