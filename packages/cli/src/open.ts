import { basename } from 'node:path';
import type { NASBench201API, OpenProgress } from 'nas-bench-201';
import type { ProgressBar } from './progress.js';
import type { Terminal } from './terminal.js';
import { integer } from './text.js';

/** Shows the progress of opening a benchmark. */
export function showOpening(bar: ProgressBar): (progress: OpenProgress) => void {
  return ({ bytes, total, architectures }) =>
    bar.update(bytes, total, architectures ? `${integer(architectures)} architectures` : '');
}

/** Opens a benchmark and closes it when the work with it is done. */
export async function withBenchmark<T>(
  terminal: Terminal,
  path: string,
  work: (api: NASBench201API) => Promise<T>,
): Promise<T> {
  const { NASBench201API } = await import('nas-bench-201');
  const api = await terminal.during(basename(path), (bar) =>
    // Commands ask for warnings where they show costs.
    NASBench201API.open(path, { signal: terminal.signal, onProgress: showOpening(bar), onWarning: () => {} }),
  );
  try {
    return await work(api);
  } finally {
    api.close();
  }
}
