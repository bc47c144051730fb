import { createHash, randomBytes } from 'node:crypto';
import { MT19937 } from './mt19937.js';

/** What CPython's `random.Random` takes as a seed; integers may have any size and sign. */
export type PythonSeed = number | bigint | string;

/** What CPython's `Random.getstate()` returns: version 3, the 624 words and the index, the second value of `gauss`. */
export type PythonRandomState = readonly [version: 3, words: readonly number[], gaussNext: number | null];

/** Anything indexed whose elements can be exchanged: an array or a typed array. */
export interface MutableSequence<T> {
  readonly length: number;
  [index: number]: T;
}

/** The keyword arguments of CPython's `Random.choices`. */
export interface ChoicesOptions {
  /** Relative weights, one for each element. */
  weights?: ArrayLike<number>;
  /** How many elements are drawn; 1 by default. */
  k?: number;
}

const WORD = 2 ** 32;
const MAX_NUMBER_BITS = 53;
const TWOPI = 2 * Math.PI;
const NV_MAGICCONST = (4 * Math.exp(-0.5)) / Math.sqrt(2);

/** `random_seed` of `Modules/_randommodule.c`: the absolute value's 32-bit words, lowest first, at least one. */
function keyOfInteger(seed: bigint): Uint32Array {
  const words: number[] = [];
  let rest = seed < 0n ? -seed : seed;
  do {
    words.push(Number(rest & 0xffffffffn));
    rest >>= 32n;
  } while (rest > 0n);
  return Uint32Array.from(words);
}

/** `Random.seed(str, version=2)`: the text's UTF-8 followed by its SHA-512, read as one big-endian integer. */
function integerOfString(seed: string): bigint {
  const text = Buffer.from(seed, 'utf8');
  const digest = createHash('sha512').update(text).digest();
  return BigInt(`0x${Buffer.concat([text, digest]).toString('hex')}`);
}

/** `random_seed_urandom` of `Modules/_randommodule.c`. */
function keyOfSystem(): Uint32Array {
  const bytes = randomBytes(624 * 4);
  return Uint32Array.from({ length: 624 }, (_, i) => bytes.readUInt32LE(4 * i));
}

function keyOf(seed: PythonSeed | undefined): Uint32Array {
  if (seed === undefined) {
    return keyOfSystem();
  }
  if (typeof seed === 'string') {
    return keyOfInteger(integerOfString(seed));
  }
  if (typeof seed === 'number' && !Number.isInteger(seed)) {
    throw new TypeError(`a numeric seed must be an integer, not ${seed}`);
  }
  return keyOfInteger(BigInt(seed));
}

/** `int.bit_length` of a non-negative safe integer. */
function bitLength(n: number): number {
  return n < WORD ? 32 - Math.clz32(n) : 64 - Math.clz32(n / WORD);
}

/** `bisect.bisect_right(sorted, x, 0, high)`. */
function bisectRight(sorted: readonly number[], x: number, high: number): number {
  let lo = 0;
  let hi = high;
  while (lo < hi) {
    const middle = (lo + hi) >>> 1;
    if (x < sorted[middle]!) {
      hi = middle;
    } else {
      lo = middle + 1;
    }
  }
  return lo;
}

/** `itertools.accumulate(weights)` with the checks of `Random.choices`. */
function accumulateWeights(weights: ArrayLike<number>, expectedLength: number): number[] {
  if (weights.length !== expectedLength) {
    throw new RangeError('The number of weights does not match the population');
  }
  let total = 0;
  const cumulative = Array.from(weights, (weight) => {
    total += weight;
    return total;
  });
  if (!Number.isFinite(total)) {
    throw new RangeError('Total of weights must be finite');
  }
  if (total <= 0) {
    throw new RangeError('Total of weights must be greater than zero');
  }
  return cumulative;
}

/** The largest population that CPython's `Random.sample` copies to draw k elements: about what a set of k takes. */
function sampleSetSize(k: number): number {
  const smallSet = 21;
  if (k <= 5) {
    return smallSet;
  }
  let table = 1;
  while (table < 3 * k) {
    table *= 4;
  }
  return smallSet + table;
}

/** `Random.sample` for small populations: takes from a copy and fills each gap with the last that is left. */
function sampleFromPool<T>(population: ArrayLike<T>, k: number, randbelow: (n: number) => number): T[] {
  const pool = Array.from(population);
  return Array.from({ length: k }, (_, i) => {
    const last = pool.length - i - 1;
    const j = randbelow(last + 1);
    const chosen = pool[j]!;
    pool[j] = pool[last]!;
    return chosen;
  });
}

/** `Random.sample` for large populations: draws indices, again where one was drawn before. */
function sampleByIndex<T>(population: ArrayLike<T>, k: number, randbelow: (n: number) => number): T[] {
  const selected = new Set<number>();
  while (selected.size < k) {
    selected.add(randbelow(population.length));
  }
  return Array.from(selected, (j) => population[j]!);
}

/**
 * CPython's `random.Random`: for the same seed and the same calls, the same answers.
 *
 * Every method takes the words from the generator that CPython 3.11 takes, and everything but `gauss` gives its
 * values bit for bit. `gauss` passes through log, sin and cos, whose last bit depends on the C library as much in
 * Python as here. Where CPython raises ValueError or IndexError, a RangeError is thrown.
 */
export class PythonRandom {
  #generator: MT19937;
  #gaussNext: number | null = null;

  /**
   * `random.Random(seed)`; without a seed, from the operating system's randomness.
   * @throws TypeError for a number that is no integer, which CPython would hash
   */
  constructor(seed?: PythonSeed) {
    this.#generator = MT19937.initByArray(keyOf(seed));
  }

  /** `Random.seed(seed)`: starts again as a new generator would. */
  seed(seed?: PythonSeed): void {
    this.#generator = MT19937.initByArray(keyOf(seed));
    this.#gaussNext = null;
  }

  /** `Random.getstate()`; serialised as JSON, it is what CPython's `setstate` takes once its lists are tuples. */
  getstate(): PythonRandomState {
    return [3, this.#generator.getState(), this.#gaussNext];
  }

  /** `Random.setstate(state)` for states of version 3, those of Python 3. */
  setstate(state: PythonRandomState): void {
    const [version, words, gaussNext] = state;
    if (version !== 3) {
      throw new RangeError(`state with version ${version} passed to setstate() of version 3`);
    }
    this.#generator = MT19937.fromState(words);
    this.#gaussNext = gaussNext;
  }

  /** `Random.random()`: a double in [0, 1) with 53 random bits. */
  random(): number {
    return this.#generator.genrandRes53();
  }

  /** `Random.getrandbits(k)` for 0 <= k <= 53, what a number holds; `getrandbitsBig` for more. */
  getrandbits(k: number): number {
    if (!Number.isInteger(k) || k < 0 || k > MAX_NUMBER_BITS) {
      throw new RangeError(`getrandbits takes 0 to ${MAX_NUMBER_BITS} bits, not ${k}; getrandbitsBig takes more`);
    }
    if (k === 0) {
      return 0;
    }
    if (k <= 32) {
      return this.#generator.genrandUint32() >>> (32 - k);
    }
    const low = this.#generator.genrandUint32();
    const high = this.#generator.genrandUint32() >>> (64 - k);
    return high * WORD + low;
  }

  /** `Random.getrandbits(k)` for any k >= 0. */
  getrandbitsBig(k: number): bigint {
    if (!Number.isInteger(k) || k < 0) {
      throw new RangeError('number of bits must be non-negative');
    }
    let value = 0n;
    for (let taken = 0; taken < k; taken += 32) {
      value |= BigInt(this.getrandbits(Math.min(32, k - taken))) << BigInt(taken);
    }
    return value;
  }

  /**
   * `Random.randrange(stop)` or `Random.randrange(start, stop, step)`: one of the integers of that range.
   * @throws RangeError where the range is empty or its ends are not safe integers
   */
  randrange(start: number, stop?: number, step = 1): number {
    const [first, end] = stop === undefined ? [0, start] : [start, stop];
    if (step === 0) {
      throw new RangeError('zero step for randrange()');
    }
    const width = end - first;
    const count = Math.floor((width + step - Math.sign(step)) / step);
    const safe = Number.isSafeInteger;
    if (!(safe(first) && safe(end) && safe(step) && safe(width))) {
      throw new RangeError(`randrange() needs integers less than 2^53 apart, not ${first}, ${end}, ${step}`);
    }
    if (count <= 0) {
      throw new RangeError(`empty range for randrange() (${first}, ${end}, ${width})`);
    }
    return first + step * this.#randbelow(count);
  }

  /** `Random.randint(a, b)`: an integer in [a, b], both ends included. */
  randint(a: number, b: number): number {
    return this.randrange(a, b + 1);
  }

  /** `Random.choice(seq)`: one element. A choice among one takes words from the generator as well. */
  choice<T>(seq: ArrayLike<T>): T {
    if (seq.length === 0) {
      throw new RangeError('Cannot choose from an empty sequence');
    }
    return seq[this.#randbelow(seq.length)]!;
  }

  /** `Random.shuffle(x)`: in place. */
  shuffle<T>(x: MutableSequence<T>): void {
    for (let i = x.length - 1; i > 0; i--) {
      const j = this.#randbelow(i + 1);
      const swapped = x[i]!;
      x[i] = x[j]!;
      x[j] = swapped;
    }
  }

  /** `Random.sample(population, k)`: k elements of different places, in the order in which they were drawn. */
  sample<T>(population: ArrayLike<T>, k: number): T[] {
    if (!Number.isInteger(k) || k < 0 || k > population.length) {
      throw new RangeError('Sample larger than population or is negative');
    }
    const algorithm = population.length <= sampleSetSize(k) ? sampleFromPool : sampleByIndex;
    return algorithm(population, k, (n) => this.#randbelow(n));
  }

  /** `Random.choices(population, weights, k=k)`: k elements with replacement. */
  choices<T>(population: ArrayLike<T>, { weights, k = 1 }: ChoicesOptions = {}): T[] {
    const n = population.length;
    if (n === 0 && k > 0) {
      throw new RangeError('Cannot choose from an empty population');
    }
    if (weights === undefined) {
      return Array.from({ length: k }, () => population[Math.floor(this.random() * n)]!);
    }
    const cumulative = accumulateWeights(weights, n);
    const total = cumulative[n - 1]!;
    return Array.from({ length: k }, () => population[bisectRight(cumulative, this.random() * total, n - 1)]!);
  }

  /** `Random.uniform(a, b)`: a double between a and b. */
  uniform(a: number, b: number): number {
    return a + (b - a) * this.random();
  }

  /** `Random.gauss(mu, sigma)`: normal, by Box and Muller; every second call takes what the one before left. */
  gauss(mu = 0, sigma = 1): number {
    let z = this.#gaussNext;
    this.#gaussNext = null;
    if (z === null) {
      const x2pi = this.random() * TWOPI;
      const g2rad = Math.sqrt(-2 * Math.log(1 - this.random()));
      z = Math.cos(x2pi) * g2rad;
      this.#gaussNext = Math.sin(x2pi) * g2rad;
    }
    return mu + z * sigma;
  }

  /** `Random.normalvariate(mu, sigma)`: normal, by the ratio of uniforms of Kinderman and Monahan. */
  normalvariate(mu = 0, sigma = 1): number {
    for (;;) {
      const u1 = this.random();
      const u2 = 1 - this.random();
      const z = (NV_MAGICCONST * (u1 - 0.5)) / u2;
      if ((z * z) / 4 <= -Math.log(u2)) {
        return mu + z * sigma;
      }
    }
  }

  /** `Random._randbelow_with_getrandbits(n)`: an integer in [0, n). */
  #randbelow(n: number): number {
    const k = bitLength(n);
    let r = this.getrandbits(k);
    while (r >= n) {
      r = this.getrandbits(k);
    }
    return r;
  }
}
