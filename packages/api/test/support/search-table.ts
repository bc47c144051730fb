// A table for tests that ask how algorithms go about it, not what real networks give.
import { SearchTable, type TableParts } from '../../src/index.js';
import { publishedArchitectures } from '../../src/space/cell.js';

/** Accuracies of a made-up landscape: each edge adds its share, and a little of it depends on the architecture alone. */
export function madeUpTable(epochs: readonly number[] = [12], change: Partial<TableParts> = {}): SearchTable {
  const architectures = publishedArchitectures();
  const starts = Uint32Array.from({ length: architectures.length + 1 }, (_, i) => 2 * i);
  const quality = architectures.map((architecture, i) => {
    const convolutions = architecture.split('conv').length - 1;
    return 40 + 7 * convolutions + ((i * 2654435761) % 1000) / 250;
  });
  const levels = epochs.map((count) => ({
    epochs: count,
    accuracy: Float64Array.from(
      { length: starts.at(-1)! },
      (_, trial) => quality[trial >> 1]! * (1 - 0.5 / count) - (trial & 1),
    ),
    training: new Float64Array(starts.at(-1)!).fill(10 * count),
    cost: new Float64Array(starts.at(-1)!).fill(10 * count + 1),
  }));
  return new SearchTable({ dataset: 'cifar10', hp: '12', architectures, starts, levels, ...change });
}
