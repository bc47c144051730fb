// What torch 1.13 and NumPy 1.24 drew after the same calls (test-fixtures/searches/draws.json).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NumpyRandom, TorchRandom } from '../src/index.js';
import { FIXTURES } from './support/ask.js';

type Call = [name: string, argument: number, answer: number | number[]];
interface Draws {
  seed: number;
  torch: Call[];
  numpy: Call[];
  probabilities: number[];
}

const { runs } = JSON.parse(readFileSync(join(FIXTURES, 'searches', 'draws.json'), 'utf8')) as { runs: Draws[] };

describe.each(runs)('seed $seed', ({ seed, torch, numpy, probabilities }) => {
  it("torch's draws: uniform ones and choices equal, normal ones within the last bits of a 32-bit float", () => {
    const random = new TorchRandom(seed);
    const weights = Float32Array.from(probabilities);
    for (const [name, count, answer] of torch) {
      const expected = answer as number[];
      const times = <T>(draw: () => T) => Array.from({ length: count }, draw);
      if (name === 'rand') expect([...random.rand(count)]).toEqual(expected);
      else if (name === 'rand64') expect(times(() => random.rand64())).toEqual(expected);
      else if (name === 'categorical') expect(times(() => random.categorical(weights))).toEqual(expected);
      else {
        const drawn = random.randn(count);
        expect(drawn).toHaveLength(expected.length);
        expected.forEach((value, i) => {
          expect(Math.abs(drawn[i]! - value)).toBeLessThanOrEqual(4 * 2 ** -24 * Math.max(1, Math.abs(value)));
        });
      }
    }
  });

  it("NumPy's draws, bit for bit", () => {
    const random = new NumpyRandom(seed);
    const uniform = new Array<number>(5).fill(0.2);
    for (const [name, n, answer] of numpy) {
      if (name === 'rand') expect(random.rand()).toBe(answer);
      else expect(name === 'randint' ? random.randint(n) : random.choice(uniform), `${name}(${n})`).toBe(answer);
    }
  });
});

it('refuses seeds that torch and NumPy refuse', () => {
  expect(() => new NumpyRandom(2 ** 32)).toThrow('Seed must be between 0 and 2**32 - 1');
  expect(() => new TorchRandom(-1)).toThrow(RangeError);
  expect(() => new NumpyRandom(0).randint(0)).toThrow(RangeError);
});
