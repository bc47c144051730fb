import { statSync } from 'node:fs';
import { checkedFile, native } from './errors.js';
import {
  type ArchiveMember,
  type ColumnRequest,
  type NativeBenchmarkFile,
  type NativeColumn,
  type ReadLimits,
  reader,
} from './native.js';
import { columnPaths, keepColumns, keepColumnsIn, type SideCar, sideCarPaths, startKeeping } from './side-car.js';
import { withSignal } from './with-signal.js';

export interface OpenProgress {
  /** Bytes walked so far, and in all. */
  bytes: number;
  total: number;
  /** Architectures found so far. */
  architectures: number;
}

export interface OpenBenchmarkOptions {
  limits?: ReadLimits | undefined;
  onProgress?: ((progress: OpenProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
  sideCar?: SideCar | undefined;
}

/**
 * Walks a benchmark file, or one architecture's, once and keeps where everything is: in memory, and that of a large file
 * in a side-car, which is read in its place next time.
 * @throws ReadError; the signal's reason where it was aborted
 */
export async function openBenchmarkFile(
  source: string | ArchiveMember,
  options: OpenBenchmarkOptions = {},
): Promise<NativeBenchmarkFile> {
  checkedFile(source);
  const { limits, onProgress, signal, sideCar } = options;
  const bytes = typeof source === 'string' ? statSync(source, { throwIfNoEntry: false })?.size : undefined;
  // A member of an archive is walked in a few milliseconds.
  const sideCars = typeof source === 'string' ? sideCarPaths(source, bytes ?? 0, sideCar) : [];
  const columns = columnPaths(sideCars);
  // Reports of the walk may be late or dropped where this thread is busy; the last one is made here.
  let done = false;
  const report = onProgress && ((progress: OpenProgress) => done || onProgress(progress));
  const file = await withSignal(
    () =>
      reader.BenchmarkFile.open(
        source,
        limits,
        report && ((bytes, total, architectures) => report({ bytes, total, architectures })),
        sideCars,
        columns,
      ),
    signal,
  );
  done = true;
  const { size, kind, sideCar: openedWith } = file.describe();
  // One architecture's file is walked in a few milliseconds, however large its weights are.
  if (sideCars.length > 0 && kind === 'benchmark' && openedWith === null) startKeeping(file, sideCars);
  if (sideCars.length > 0 && kind === 'benchmark') keepColumnsIn(file, columns);
  onProgress?.({ bytes: size, total: size, architectures: file.recordIndexes().length });
  return file;
}

/**
 * One number of every architecture. Of a large file it is kept beside the side-car, and taken from there next time.
 * @throws ReadError; the signal's reason where it was aborted
 */
export async function readColumn(
  file: NativeBenchmarkFile,
  request: ColumnRequest,
  signal?: AbortSignal,
): Promise<NativeColumn> {
  const column = await withSignal(() => file.column(request), signal);
  keepColumns(file);
  return column;
}

/** As `openBenchmarkFile`, for one architecture's small file. @throws ReadError */
export function openBenchmarkFileSync(source: string | ArchiveMember, limits?: ReadLimits): NativeBenchmarkFile {
  checkedFile(source);
  return native(() => reader.BenchmarkFile.openSync(source, limits));
}
