import { QueryError } from '../errors.js';
import * as numpy from '../numpy.js';
import type { Measured } from './series.js';

/**
 * Whose arithmetic the answers follow. The two references differ in the last digits of sums over epochs, and NATS-Bench
 * mends records whose trials disagree about the network.
 */
export type Reference = 'nas-bench-201' | 'nats-bench';

interface Averaging {
  mean(values: ArrayLike<number>): number;
  sum(values: ArrayLike<number>): number;
}

function inOrder(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}

export const AVERAGING: Record<Reference, Averaging> = {
  'nas-bench-201': numpy,
  'nats-bench': { sum: inOrder, mean: (values) => inOrder(values) / values.length },
};

/**
 * The mean over trials of one number. As in the references the first trial decides: where it has none, there is no mean;
 * where it has one and another has not, there is an error.
 */
export function meanOverTrials(values: readonly (Measured | null)[], reference: Reference): number | null {
  if (values.length === 0 || values[0] === null) return null;
  if (values.some((v) => v === null)) {
    throw new QueryError('NO_TIMES', 'some trials have times and others have none: ask for one trial by its seed');
  }
  const known = values as readonly Measured[];
  return meanOfMeasured(
    known.map((v) => v.value),
    known.every((v) => v.single),
    reference,
  );
}

/** The mean of numbers, of which there are some. @param singles whether all were 32-bit floats */
export function meanOfMeasured(values: readonly number[], singles: boolean, reference: Reference): number {
  if (singles && reference === 'nas-bench-201') return numpy.meanOfSingles(values);
  return AVERAGING[reference].mean(values);
}

/** The mean over trials of a number that all have, as a 64-bit float; NaN of none. */
export const meanOf = (values: readonly number[], reference: Reference): number => AVERAGING[reference].mean(values);
