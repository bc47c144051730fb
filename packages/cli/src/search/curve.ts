import type { SearchRun, Truth } from 'nas-bench-201';
import { quantile } from './summary.js';

/** Regret of what the runs would have answered by then: points of test accuracy below the best there is. */
export interface AnytimePoint {
  seconds: number;
  median: number;
  lower: number;
  upper: number;
}

const POINTS = 160;

/** Times between two, evenly on a logarithmic axis. */
function logarithmic(from: number, to: number): number[] {
  return Array.from({ length: POINTS }, (_, i) => from * (to / from) ** (i / (POINTS - 1)));
}

/** Median and quartiles over runs at each time, from when every run has an answer. */
export function anytimeCurve(runs: readonly SearchRun[], truth: Truth): AnytimePoint[] {
  const answering = runs.filter((run) => run.clock.length > 0);
  if (answering.length === 0) return [];
  const first = Math.max(...answering.map((run) => run.clock[0]!));
  const last = Math.max(...answering.map((run) => Math.max(run.budget, run.seconds)));
  const places = answering.map(() => 0);
  const points = logarithmic(first, last).map((seconds) => {
    const regrets = answering.map((run, r) => {
      while (places[r]! + 1 < run.clock.length && run.clock[places[r]! + 1]! <= seconds) places[r]!++;
      return truth.regret(run.incumbents[places[r]!]!);
    });
    const sorted = Float64Array.from(regrets).sort();
    return {
      seconds,
      median: quantile(sorted, 0.5),
      lower: quantile(sorted, 0.25),
      upper: quantile(sorted, 0.75),
    };
  });
  // Steps are drawn from change to change.
  const same = (a: AnytimePoint, b: AnytimePoint | undefined) =>
    a.median === b?.median && a.lower === b.lower && a.upper === b.upper;
  return points.filter((point, i) => i === points.length - 1 || !same(point, points[i - 1]));
}
