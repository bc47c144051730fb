import { MT19937 } from './mt19937.js';

const FLOAT_BITS = 24;
/** `normal_fill` of ATen works on this many numbers at once, and only where there are at least so many. */
const BLOCK = 16;

/**
 * torch's CPU generator after `torch.manual_seed(seed)`: for the same seed and the same calls, the same draws. Uniform
 * numbers and choices are equal bit for bit; normal ones pass through log, sin and cos, whose last bits depend on torch's
 * build (its vectorized versions differ from the C library's).
 */
export class TorchRandom {
  readonly #generator: MT19937;
  /** What Box and Muller's method left over: torch keeps it for the next single number. */
  #nextNormal: number | null = null;

  /** `torch.manual_seed(seed)`. @param seed a whole number from 0; as in torch 1.13, its low 32 bits count */
  constructor(seed: number | bigint) {
    if (typeof seed === 'number' ? !Number.isSafeInteger(seed) || seed < 0 : seed < 0n) {
      throw new RangeError(`expected a whole number from 0, found ${seed}`);
    }
    this.#generator = MT19937.initGenrand(Number(BigInt.asUintN(32, BigInt(seed))));
  }

  /** A double in [0, 1) of 53 random bits: an element of `torch.rand(…, dtype=torch.float64)`. */
  rand64(): number {
    const high = this.#generator.genrandUint32();
    const low = this.#generator.genrandUint32();
    return ((high & 0x1fffff) * 2 ** 32 + low) * 2 ** -53;
  }

  /** `torch.rand(count)`: 32-bit floats in [0, 1) of 24 random bits. */
  rand(count: number): Float32Array {
    const mask = 2 ** FLOAT_BITS - 1;
    return Float32Array.from({ length: count }, () => (this.#generator.genrandUint32() & mask) * 2 ** -FLOAT_BITS);
  }

  /** `torch.randint(0, n, (1,))`, 1 <= n <= 2^32. */
  randint(n: number): number {
    return this.#generator.genrandUint32() % n;
  }

  /** `torch.randperm(n)`. */
  randperm(n: number): Int32Array {
    const out = Int32Array.from({ length: n }, (_, i) => i);
    for (let i = 0; i < n - 1; i++) {
      const j = i + this.randint(n - i);
      const swapped = out[i]!;
      out[i] = out[j]!;
      out[j] = swapped;
    }
    return out;
  }

  /** `torch.randn(count)`: 32-bit floats, normal, by Box and Muller's method. */
  randn(count: number): Float32Array {
    if (count < BLOCK) return Float32Array.from({ length: count }, () => this.#normal());
    const out = this.rand(count);
    for (let block = 0; block + BLOCK <= count; block += BLOCK) makeNormal(out.subarray(block, block + BLOCK));
    // The last block is drawn once more where it is not a whole one, over what stands there.
    if (count % BLOCK !== 0) {
      out.set(this.rand(BLOCK), count - BLOCK);
      makeNormal(out.subarray(count - BLOCK));
    }
    return out;
  }

  #normal(): number {
    const left = this.#nextNormal;
    if (left !== null) {
      this.#nextNormal = null;
      return left;
    }
    const theta = 2 * Math.PI * this.rand64();
    const radius = Math.sqrt(-2 * Math.log1p(-this.rand64()));
    this.#nextNormal = radius * Math.sin(theta);
    return radius * Math.cos(theta);
  }

  /**
   * One category by its probability, as torch 1.13's `multinomial(probs, 1, replacement=True)` draws it (later versions
   * draw otherwise): the first whose cumulative probability, in 32-bit floats, reaches a uniform double.
   */
  categorical(probabilities: Float32Array): number {
    const cumulative = new Float32Array(probabilities.length);
    let sum = 0;
    probabilities.forEach((p, k) => {
      sum = Math.fround(sum + p);
      cumulative[k] = sum;
    });
    const uniform = this.rand64();
    const last = probabilities.length - 1;
    for (let k = 0; k < last; k++) if (Math.fround(cumulative[k]! / sum) >= uniform) return k;
    return last;
  }
}

/** Uniform numbers into normal ones: the first half gives the radii, the second the angles. */
function makeNormal(block: Float32Array): void {
  const half = BLOCK / 2;
  for (let i = 0; i < half; i++) {
    const radius = Math.fround(Math.sqrt(Math.fround(-2 * Math.fround(Math.log(Math.fround(1 - block[i]!))))));
    const theta = Math.fround(Math.fround(2 * Math.PI) * block[i + half]!);
    block[i] = radius * Math.fround(Math.cos(theta));
    block[i + half] = radius * Math.fround(Math.sin(theta));
  }
}
