import { MT19937 } from './mt19937.js';

/**
 * NumPy's `RandomState(seed)`, the generator behind `np.random.seed`: for the same seed and the same calls, the same
 * draws.
 */
export class NumpyRandom {
  readonly #generator: MT19937;

  /** @param seed a whole number from 0 to 2^32 - 1, as NumPy takes it */
  constructor(seed: number) {
    if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
      throw new RangeError(`Seed must be between 0 and 2**32 - 1, not ${seed}`);
    }
    this.#generator = MT19937.initGenrand(seed);
  }

  /** `rand()`: a double in [0, 1). */
  rand(): number {
    return this.#generator.genrandRes53();
  }

  /** `randint(n)`: a whole number in [0, n), 1 <= n <= 2^32. A range of one takes no word from the generator. */
  randint(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 32) throw new RangeError(`expected 1 to 2**32, not ${n}`);
    const largest = n - 1;
    if (largest === 0) return 0;
    const mask = 2 ** (32 - Math.clz32(largest)) - 1;
    let word: number;
    do word = (this.#generator.genrandUint32() & mask) >>> 0;
    while (word > largest);
    return word;
  }

  /** `choice(p.length, p=p)`: an index by its probability. */
  choice(probabilities: readonly number[]): number {
    let sum = 0;
    const cumulative = probabilities.map((p) => {
      sum += p;
      return sum;
    });
    const uniform = this.rand();
    const found = cumulative.findIndex((value) => value / sum > uniform);
    return found < 0 ? probabilities.length - 1 : found;
  }
}
