import fc from 'fast-check';
import { type PythonValue, Tuple } from 'nas-bench-201';
import { describe, expect, it } from 'vitest';
import { formatPath, PathError, parsePath, type Step, stepInto } from '../src/index.js';

const leaf: fc.Arbitrary<Step> = fc.oneof(
  fc.string(),
  fc.constantFrom('full', 'train-accuracy', '__proto__', 'None'),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => (Object.is(x, -0) ? 0 : x)),
  fc.bigInt().map((n) => (n < 0n ? n - 2n ** 53n : n + 2n ** 53n)),
  fc.constantFrom(true, false, null),
);

describe('paths', () => {
  it('are read as they are written', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(leaf, fc.array(leaf))), (steps) => {
        expect(parsePath(formatPath(steps))).toEqual(steps);
      }),
      { numRuns: 1000 },
    );
  });

  it('may be written in several ways', () => {
    const steps = ['arch2infos', 284, 'full', 'all_results', ['cifar10', 777], 'train_losses', 0];
    for (const text of [
      "arch2infos[284].full.all_results[('cifar10',777)].train_losses[0]",
      `$.arch2infos[ 284 ]["full"].all_results[ ( "cifar10" , 777, ) ]['train_losses'][0]`,
    ]) {
      expect(parsePath(text)).toEqual(steps);
    }
    expect(parsePath('')).toEqual([]);
    expect(parsePath('$')).toEqual([]);
    expect(parsePath('[None][True][12345678901234567890][-1]')).toEqual([null, true, 12345678901234567890n, -1]);
  });

  it.each(['a..b', 'a[', 'a[]', 'a[1', "a['x]", 'a b', '[(1 2)]', 'a.3', '[(1,'])(
    'refuses %s, saying where',
    (text) => {
      expect(() => parsePath(text)).toThrow(PathError);
      expect(() => parsePath(text)).toThrow(/character \d+: expected/);
    },
  );

  it('lead into values', () => {
    const key = Tuple.from(['cifar10', 777] as PythonValue[]) as Tuple;
    const value = new Map<PythonValue, PythonValue>([
      ['a', [1, new Set([5, 6])]],
      [key, 'trial'],
      [3, 'three'],
    ]);
    const at = (path: string) =>
      parsePath(path).reduce<PythonValue | undefined>((v, s) => (v === undefined ? v : stepInto(v, s)), value);
    expect(at('a[0]')).toBe(1);
    expect(at('a[-1][1]')).toBe(6);
    expect(at("[('cifar10', 777)]")).toBe('trial');
    expect(at('[3]')).toBe('three');
    expect(at('[2]')).toBeUndefined();
    expect(at('__proto__')).toBeUndefined();
    expect(at('a.length')).toBeUndefined();
  });
});
