import { type ClaimTimes, claimant, type Holder } from './claim.js';
import { type GeneratedHp, Layout, type NetworkSize, namesIn, type Range, type Run } from './layout.js';
import { type JobStatus, jobStatuses } from './slurm.js';
import { failureAt, type RunFailure } from './train.js';

/** How far the runs of a range have come, with one set of hyper-parameters. */
export interface RangeStatus extends Range {
  hp: GeneratedHp;
  /** The folder's name. */
  folder: string;
  /** Runs that are finished. */
  done: number;
  /** Architectures that have a finished run. */
  architectures: number;
  running: (Run & { holder: Holder | undefined })[];
  /** Runs whose process died; the next that comes by takes them over. */
  interrupted: (Run & { holder: Holder | undefined })[];
  /** Runs that failed when they were tried last. */
  failed: (Run & RunFailure)[];
}

export interface BenchmarkStatus {
  ranges: RangeStatus[];
  jobs: JobStatus[];
  /** Why the cluster's queue was not asked, where there are jobs of it. */
  queueProblem?: string | undefined;
}

const HIDDEN = /^\.arch-(\d{6})-seed-(\d{4,})\.pth\.(lock|failed)$/;

/**
 * What is done, running, interrupted and failed, from the files alone; and what the cluster's queue says of the jobs that
 * were submitted from here. @throws GenerateError CONFLICT
 */
export async function benchmarkStatus(
  folder: string,
  options: NetworkSize & { claims?: ClaimTimes | undefined } = {},
): Promise<BenchmarkStatus> {
  const layout = new Layout(folder, options);
  const ranges: RangeStatus[] = [];
  for (const range of layout.ranges()) {
    for (const hp of ['200', '12'] as const) {
      const status = await rangeStatus(layout, range, hp, options.claims);
      if (status) ranges.push(status);
    }
  }
  return { ranges, ...(await jobStatuses(layout)) };
}

async function rangeStatus(
  layout: Layout,
  range: Range,
  hp: GeneratedHp,
  claims: ClaimTimes | undefined,
): Promise<RangeStatus | undefined> {
  const folder = layout.runs(range, hp);
  const names = namesIn(folder);
  if (names.length === 0) return undefined;
  const finished = layout.finished(range, hp);
  const there = new Set(finished.map(({ path }) => path));
  const status: RangeStatus = {
    ...range,
    hp,
    folder: folder.slice(layout.folder.length + 1),
    done: finished.length,
    architectures: new Set(finished.map(({ index }) => index)).size,
    running: [],
    interrupted: [],
    failed: [],
  };
  for (const name of names.sort()) {
    const parts = HIDDEN.exec(name);
    if (!parts) continue;
    const run = { index: Number(parts[1]), seed: Number(parts[2]) };
    const path = layout.run(range, hp, run);
    if (there.has(path)) continue;
    if (parts[3] === 'failed') {
      const failure = await failureAt(path);
      if (failure) status.failed.push({ ...run, ...failure });
      continue;
    }
    const who = await claimant(path, claims);
    if (who) (who.alive ? status.running : status.interrupted).push({ ...run, holder: who.holder });
  }
  return status;
}
