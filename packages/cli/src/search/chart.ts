import type { SearchRun } from 'nas-bench-201';
import { decimal, integer } from '../text.js';

const EIGHTHS = ' ▁▂▃▄▅▆▇█';
const HEIGHT = 6;
const MARGIN = 8;

/** The best accuracy that a run had seen by each time, as a chart of text. */
export function bestSoFar(run: SearchRun, width: number, dim: (text: string) => string): string[] {
  const columns = Math.max(20, Math.min(72, width - MARGIN - 1));
  const best: number[] = [];
  let highest = Number.NEGATIVE_INFINITY;
  let step = 0;
  for (let column = 1; column <= columns; column++) {
    const until = (run.seconds * column) / columns;
    for (; step < run.clock.length && run.clock[step]! <= until; step++) {
      highest = Math.max(highest, run.accuracies[step]!);
    }
    best.push(highest);
  }
  const known = best.filter(Number.isFinite);
  if (known.length === 0) return [];
  const [low, high] = [Math.min(...known), Math.max(...known)];
  // The lowest still shows, as one eighth.
  const level = (value: number) =>
    Number.isFinite(value) ? 1 + Math.round(((value - low) / (high - low || 1)) * (HEIGHT * 8 - 1)) : 0;
  const rows = Array.from({ length: HEIGHT }, (_, i) => {
    const row = HEIGHT - 1 - i;
    const bars = best.map((value) => EIGHTHS[Math.min(8, Math.max(0, level(value) - row * 8))]).join('');
    const label = i === 0 ? decimal(high, 2) : row === 0 ? decimal(low, 2) : '';
    return `${dim(`${label.padStart(MARGIN - 2)} │`)}${bars}`.trimEnd();
  });
  const end = `${integer(Math.round(run.seconds))} s`;
  return [...rows, dim(`${' '.repeat(MARGIN - 1)}0${end.padStart(columns)}`)];
}
