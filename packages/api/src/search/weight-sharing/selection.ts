import { averageOf, type BatchMetrics, type LabelledBatch } from '../../networks/metrics.js';
import type { EvaluationBatches } from './algorithm.js';
import type { CellOperations } from './cells.js';

/** Loss and accuracy over all batches (`valid_func`). */
export async function measured(
  batches: EvaluationBatches,
  measure: (batch: LabelledBatch) => Promise<BatchMetrics>,
): Promise<BatchMetrics> {
  const all: BatchMetrics[] = [];
  for await (const batch of batches.once()) all.push(await measure(batch));
  return averageOf(all);
}

/**
 * The cell with the highest accuracy, each on one batch of its own, of equals the first (`get_best_arch`). So few images
 * make a difference of several per cent between batches; the reference does it so.
 */
export async function bestOf(
  count: number,
  batches: EvaluationBatches,
  next: (number: number) => CellOperations | Promise<CellOperations>,
  measure: (batch: LabelledBatch, cell: CellOperations) => Promise<BatchMetrics>,
): Promise<{ cell: CellOperations; accuracy: number }> {
  const cycle = batches.cycle();
  let best: { cell: CellOperations; accuracy: number } | undefined;
  for (let i = 0; i < count; i++) {
    const { value: batch } = await cycle.next();
    const cell = await next(i);
    const { top1 } = await measure(batch, cell);
    if (!best || top1 > best.accuracy) best = { cell, accuracy: top1 };
  }
  await cycle.return?.();
  return best!;
}
