const N = 624;
const M = 397;
const MATRIX_A = 0x9908b0df;
const UPPER_MASK = 0x80000000;
const LOWER_MASK = 0x7fffffff;

/** One step of the recurrence: `mtNext` of torch, the body of the loops in CPython's `genrand_uint32`. */
function mix(current: number, following: number, distant: number): number {
  const y = (current & UPPER_MASK) | (following & LOWER_MASK);
  return distant ^ (y >>> 1) ^ (y & 1 ? MATRIX_A : 0);
}

/** The previous word's share in both seeding recurrences of `mt19937ar.c`. */
function carry(previous: number, multiplier: number): number {
  return Math.imul(previous ^ (previous >>> 30), multiplier);
}

/**
 * The Mersenne Twister MT19937 of Matsumoto and Nishimura (`mt19937ar.c`), the generator under CPython's `random`,
 * NumPy's `RandomState` and torch's CPU generator. They differ only in how they seed it and in what they make of
 * its words.
 */
export class MT19937 {
  readonly #state = new Uint32Array(N);
  #index = N;

  private constructor() {}

  /**
   * Seeds with one 32-bit word; higher bits of `seed` are dropped.
   * `init_genrand` of CPython and `mt19937ar.c`, `mt19937_seed` of NumPy, `at::mt19937(seed)` of torch.
   */
  static initGenrand(seed: number): MT19937 {
    const generator = new MT19937();
    const state = generator.#state;
    state[0] = seed;
    for (let i = 1; i < N; i++) {
      state[i] = carry(state[i - 1]!, 1812433253) + i;
    }
    return generator;
  }

  /**
   * Seeds with any number of 32-bit words, at least one.
   * `init_by_array` of CPython (`Modules/_randommodule.c`), NumPy and `mt19937ar.c`.
   */
  static initByArray(key: Uint32Array): MT19937 {
    if (key.length === 0) {
      throw new RangeError('MT19937.initByArray needs a key of at least one word');
    }
    const generator = MT19937.initGenrand(19650218);
    generator.#absorb(key);
    return generator;
  }

  /** The generator whose `getState` gave `words`. `random_setstate` of CPython. */
  static fromState(words: ArrayLike<number>): MT19937 {
    const index = words[N];
    if (words.length !== N + 1 || index === undefined || !Number.isInteger(index) || index < 0 || index > N) {
      throw new RangeError(`an MT19937 state has ${N} words and an index from 0 to ${N}`);
    }
    const generator = new MT19937();
    generator.#state.set(Array.from(words).slice(0, N));
    generator.#index = index;
    return generator;
  }

  /** The 624 words of the state and the index of the next one. `random_getstate` of CPython. */
  getState(): number[] {
    return [...this.#state, this.#index];
  }

  /** The next word, an integer in [0, 2^32). `genrand_uint32` of CPython, `at::mt19937::operator()` of torch. */
  genrandUint32(): number {
    if (this.#index === N) {
      this.#twist();
    }
    let y = this.#state[this.#index++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    y ^= y >>> 18;
    return y >>> 0;
  }

  /**
   * The next double in [0, 1) with 53 random bits, from two words.
   * `genrand_res53` of `mt19937ar.c`, `random_random` of CPython, `random_sample` of NumPy's `RandomState`.
   */
  genrandRes53(): number {
    const a = this.genrandUint32() >>> 5;
    const b = this.genrandUint32() >>> 6;
    return (a * 67108864 + b) / 9007199254740992;
  }

  #absorb(key: Uint32Array): void {
    const state = this.#state;
    let i = 1;
    const advance = () => {
      i++;
      if (i === N) {
        state[0] = state[N - 1]!;
        i = 1;
      }
    };
    for (let k = 0; k < Math.max(N, key.length); k++) {
      const j = k % key.length;
      state[i] = (state[i]! ^ carry(state[i - 1]!, 1664525)) + key[j]! + j;
      advance();
    }
    for (let k = 1; k < N; k++) {
      state[i] = (state[i]! ^ carry(state[i - 1]!, 1566083941)) - i;
      advance();
    }
    state[0] = UPPER_MASK;
  }

  #twist(): void {
    const state = this.#state;
    let i = 0;
    for (; i < N - M; i++) {
      state[i] = mix(state[i]!, state[i + 1]!, state[i + M]!);
    }
    for (; i < N - 1; i++) {
      state[i] = mix(state[i]!, state[i + 1]!, state[i + M - N]!);
    }
    state[N - 1] = mix(state[N - 1]!, state[0]!, state[M - 1]!);
    this.#index = 0;
  }
}
