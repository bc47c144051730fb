import { sum } from '../numpy.js';

/**
 * A density over categories: a product of Aitchison and Aitken's kernels, one a column, averaged over the rows, with
 * bandwidths by the normal reference rule (statsmodels' `KDEMultivariate`, as hpbandster uses it). As there, the number
 * of a column's levels is that of the different values among its rows, and the kernel of a column with one level is
 * infinite elsewhere.
 */
export class CategoricalDensity {
  /** One a column, at least `minBandwidth`; beyond 1 the kernel is negative. */
  readonly bandwidths: readonly number[];
  readonly #levels: readonly number[];

  constructor(
    readonly rows: readonly ArrayLike<number>[],
    minBandwidth: number,
  ) {
    const columns = rows[0]!.length;
    const column = (k: number) => rows.map((row) => row[k]!);
    const of = <T>(make: (values: number[]) => T) => Array.from({ length: columns }, (_, k) => make(column(k)));
    const shrinking = rows.length ** (-1 / (4 + columns));
    this.bandwidths = of((values) => Math.max(minBandwidth, 1.06 * deviation(values) * shrinking));
    this.#levels = of((values) => new Set(values).size);
  }

  at(point: ArrayLike<number>): number {
    const densities = this.rows.map((row) => {
      let product = 1;
      this.bandwidths.forEach((bandwidth, k) => {
        product *= row[k] === point[k] ? 1 - bandwidth : bandwidth / (this.#levels[k]! - 1);
      });
      return product;
    });
    return sum(densities) / densities.length;
  }
}

/** The population's standard deviation. */
function deviation(values: readonly number[]): number {
  const total = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
  const mean = total(values) / values.length;
  return Math.sqrt(total(values.map((value) => (value - mean) ** 2)) / values.length);
}
