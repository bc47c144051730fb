import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MT19937 } from '../src/random/mt19937.js';
import { PythonRandom, type PythonRandomState, type PythonSeed } from '../src/random/python-random.js';

/** The same call for CPython, as an expression of the generator `r`, and for ours. */
interface Call {
  python: string;
  ours: (r: PythonRandom) => unknown;
}

interface Scenario {
  seed: PythonSeed;
  calls: Call[];
}

const DRIVER = `
import json, random, sys

def shuffled(r, x):
    r.shuffle(x)
    return x

def attempt(call):
    try:
        return call()
    except (ValueError, IndexError):
        return 'refused'

answers = []
for seed, calls in json.load(sys.stdin):
    r = random.Random(eval(seed))
    answers.append([eval(call) for call in calls])
json.dump(answers, sys.stdout)
`;

function pythonLiteral(seed: PythonSeed): string {
  if (typeof seed === 'string') {
    return JSON.stringify(seed);
  }
  const value = BigInt(seed);
  return `int('${value < 0n ? '-' : ''}${(value < 0n ? -value : value).toString(16)}', 16)`;
}

function pythonFloat(value: number): string {
  return Object.is(value, -0) ? '-0.0' : String(value);
}

function askPython(scenarios: Scenario[]): unknown[][] {
  const input = JSON.stringify(scenarios.map(({ seed, calls }) => [pythonLiteral(seed), calls.map((c) => c.python)]));
  const output = execFileSync('python3', ['-X', 'utf8', '-c', DRIVER], { input, maxBuffer: 1 << 28 });
  return JSON.parse(output.toString('utf8')) as unknown[][];
}

function expectSameAsPython(scenarios: Scenario[]): void {
  const answers = askPython(scenarios);
  scenarios.forEach(({ seed, calls }, i) => {
    const r = new PythonRandom(seed);
    calls.forEach((call, j) => {
      const before = calls.slice(0, j).map((c) => c.python);
      expect(call.ours(r), `${call.python} after ${before.join(', ')} with seed ${seed}`).toEqual(answers[i]![j]);
    });
  });
}

function repeat<T>(count: number, draw: () => T): T[] {
  return Array.from({ length: count }, draw);
}

function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

const SEEDS: PythonSeed[] = [
  ...[0, 1, 2, 88, 111, 777, 888, 999, 1021, -1, -88, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, -(2 ** 32), 2 ** 60],
  ...[0n, 88n, 2n ** 64n - 1n, 2n ** 64n, -(10n ** 40n), 2n ** (32n * 624n) - 1n, 2n ** (32n * 700n) + 12345n],
  ...['', 'a', 'NAS-Bench-201', '\u0000', 'Zürich', '架构 🧬'],
];

describe('MT19937', () => {
  it('gives the 10,000th word that the C++ standard demands of std::mt19937', () => {
    const generator = MT19937.initGenrand(5489);
    expect(repeat(10_000, () => generator.genrandUint32()).at(-1)).toBe(4123659995);
  });

  it('gives the words published as mt19937ar.out for a key of four words', () => {
    const generator = MT19937.initByArray(Uint32Array.of(0x123, 0x234, 0x345, 0x456));
    const published = [1067595299, 955945823, 477289528, 4107218783, 4228976476];
    expect(repeat(5, () => generator.genrandUint32())).toEqual(published);
  });

  it('gives the first numbers of numpy.random.seed(0), numpy.random.seed(42) and torch.manual_seed(0)', () => {
    const numpy0 = MT19937.initGenrand(0);
    expect(repeat(2, () => numpy0.genrandRes53())).toEqual([0.5488135039273248, 0.7151893663724195]);
    const numpy42 = MT19937.initGenrand(42);
    expect(repeat(2, () => numpy42.genrandRes53())).toEqual([0.3745401188473625, 0.9507143064099162]);
    const torch0 = MT19937.initGenrand(0);
    const float32 = () => (torch0.genrandUint32() & 0xffffff) / 2 ** 24;
    expect(repeat(3, float32)).toEqual([0.49625658988952637, 0.7682217955589294, 0.08847743272781372]);
  });

  it('refuses an empty key and a state that is none', () => {
    expect(() => MT19937.initByArray(new Uint32Array())).toThrow(RangeError);
    expect(() => MT19937.fromState([])).toThrow(RangeError);
    expect(() => MT19937.fromState([...range(624), 625])).toThrow(RangeError);
  });
});

describe('PythonRandom', () => {
  const longSequences: Call[] = [
    { python: '[r.random() for _ in range(2000)]', ours: (r) => repeat(2000, () => r.random()) },
    {
      python: '[r.getrandbits(k) for k in range(54) for _ in range(20)]',
      ours: (r) => range(54).flatMap((k) => repeat(20, () => r.getrandbits(k))),
    },
    {
      python: '[str(r.getrandbits(k)) for k in range(0, 400, 7)]',
      ours: (r) => range(58).map((i) => String(r.getrandbitsBig(7 * i))),
    },
    {
      python: '[r.randint(-n, n * n) for n in range(500)]',
      ours: (r) => range(500).map((n) => r.randint(-n, n * n)),
    },
    {
      python: '[r.choice(range(n)) for n in range(1, 300)]',
      ours: (r) => range(299).map((i) => r.choice(range(i + 1))),
    },
    { python: 'shuffled(r, list(range(3000)))', ours: (r) => shuffled(r, 3000) },
    {
      python: '[r.sample(range(n), k) for n in (21, 22, 100, 5000) for k in (0, 1, 5, 6, 20)]',
      ours: (r) => [21, 22, 100, 5000].flatMap((n) => [0, 1, 5, 6, 20].map((k) => r.sample(range(n), k))),
    },
    {
      python: '[r.normalvariate(0.5, 2.0) for _ in range(1000)]',
      ours: (r) => repeat(1000, () => r.normalvariate(0.5, 2)),
    },
    { python: '[r.uniform(-3.5, 7.25) for _ in range(1000)]', ours: (r) => repeat(1000, () => r.uniform(-3.5, 7.25)) },
    { python: 'r.choices(range(7), k=1000)', ours: (r) => r.choices(range(7), { k: 1000 }) },
    {
      python: 'r.choices(range(5), weights=[0.1, 0, 2, 0.7, 1e-9], k=1000)',
      ours: (r) => r.choices(range(5), { weights: [0.1, 0, 2, 0.7, 1e-9], k: 1000 }),
    },
  ];

  function shuffled(r: PythonRandom, n: number): number[] {
    const x = range(n);
    r.shuffle(x);
    return x;
  }

  it.each(longSequences)('repeats CPython for every kind of seed: $python', (call) => {
    expectSameAsPython(SEEDS.map((seed) => ({ seed, calls: [call] })));
  });

  it('repeats CPython for any calls one after another, with any seed', () => {
    const real = fc.double({ min: -1000, max: 1000, noNaN: true });
    const count = fc.nat(60);
    const start = fc.integer({ min: Number.MIN_SAFE_INTEGER + 2 ** 31, max: Number.MAX_SAFE_INTEGER - 2 ** 31 });
    const call: fc.Arbitrary<Call> = fc.oneof(
      fc.constant({ python: 'r.random()', ours: (r: PythonRandom) => r.random() }),
      fc.nat(53).map((k) => ({ python: `r.getrandbits(${k})`, ours: (r: PythonRandom) => r.getrandbits(k) })),
      fc.nat(300).map((k) => ({
        python: `str(r.getrandbits(${k}))`,
        ours: (r: PythonRandom) => String(r.getrandbitsBig(k)),
      })),
      fc.tuple(start, fc.integer(), fc.integer({ min: -50, max: 50 })).map(([start, width, step]) => ({
        python: `attempt(lambda: r.randrange(${start}, ${start + width}, ${step}))`,
        ours: (r: PythonRandom) => attempt(() => r.randrange(start, start + width, step)),
      })),
      fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }).map((n) => ({
        python: `r.randrange(${n})`,
        ours: (r: PythonRandom) => r.randrange(n),
      })),
      count.map((n) => ({ python: `r.choice(range(${n + 1}))`, ours: (r: PythonRandom) => r.choice(range(n + 1)) })),
      fc.nat(400).map((n) => ({
        python: `shuffled(r, list(range(${n})))`,
        ours: (r: PythonRandom) => shuffled(r, n),
      })),
      fc.tuple(fc.nat(2000), count).map(([n, k]) => ({
        python: `attempt(lambda: r.sample(range(${n}), ${k}))`,
        ours: (r: PythonRandom) => attempt(() => r.sample(range(n), k)),
      })),
      fc.tuple(real, real).map(([a, b]) => ({
        python: `r.uniform(${pythonFloat(a)}, ${pythonFloat(b)})`,
        ours: (r: PythonRandom) => r.uniform(a, b),
      })),
      fc.tuple(real, real).map(([mu, sigma]) => ({
        python: `r.normalvariate(${pythonFloat(mu)}, ${pythonFloat(sigma)})`,
        ours: (r: PythonRandom) => r.normalvariate(mu, sigma),
      })),
      fc.tuple(fc.nat(9), count).map(([n, k]) => ({
        python: `r.choices(range(${n + 1}), k=${k})`,
        ours: (r: PythonRandom) => r.choices(range(n + 1), { k }),
      })),
      fc.tuple(fc.array(fc.double({ min: 0, max: 10, noNaN: true }), { minLength: 1 }), count).map(([weights, k]) => ({
        python: `attempt(lambda: r.choices(range(${weights.length}), weights=[${weights.map(pythonFloat)}], k=${k}))`,
        ours: (r: PythonRandom) => attempt(() => r.choices(range(weights.length), { weights, k })),
      })),
    );
    const scenario = fc.record<Scenario>({
      seed: fc.oneof(fc.maxSafeInteger(), fc.bigInt(), fc.string({ unit: 'grapheme' })),
      calls: fc.array(call, { minLength: 1, maxLength: 30 }),
    });
    expectSameAsPython(fc.sample(scenario, 300));
  });

  it('gives CPython’s gauss up to the last bits of log, sin and cos, and takes the same words', () => {
    const calls: Call[] = [
      { python: '[r.gauss(1.5, 3.0) for _ in range(2001)]', ours: (r) => repeat(2001, () => r.gauss(1.5, 3)) },
      { python: 'r.random()', ours: (r) => r.random() },
      { python: 'r.gauss(0, 1)', ours: (r) => r.gauss() },
    ];
    const answers = askPython(SEEDS.map((seed) => ({ seed, calls })));
    SEEDS.forEach((seed, i) => {
      const [sequence, uniform, kept] = answers[i] as [number[], number, number];
      const r = new PythonRandom(seed);
      for (const expected of sequence) {
        expect(Math.abs(r.gauss(1.5, 3) - expected)).toBeLessThan(1e-14);
      }
      expect(r.random()).toBe(uniform);
      expect(Math.abs(r.gauss() - kept)).toBeLessThan(1e-14);
    });
  });

  it('shuffles typed arrays and chooses from strings', () => {
    const ours = (r: PythonRandom) => {
      const x = Uint16Array.from(range(50));
      r.shuffle(x);
      return [...x];
    };
    expectSameAsPython([
      { seed: 7, calls: [{ python: 'shuffled(r, list(range(50)))', ours }] },
      { seed: 7, calls: [{ python: "r.choice('abcdefg')", ours: (r) => r.choice('abcdefg') }] },
    ]);
  });

  it('exchanges states with CPython in both directions', () => {
    const ours = new PythonRandom('state');
    repeat(701, () => ours.gauss());
    const script = `
import json, random, sys
version, words, gauss_next = json.load(sys.stdin)
r = random.Random()
r.setstate((version, tuple(words), gauss_next))
first = [r.gauss(0, 1)] + [r.random() for _ in range(1000)]
r.gauss(0, 1)
json.dump([first, r.getstate(), [r.gauss(0, 1)] + [r.random() for _ in range(1000)]], sys.stdout)`;
    const output = execFileSync('python3', ['-c', script], { input: JSON.stringify(ours.getstate()) });
    const [first, state, second] = JSON.parse(output.toString()) as [number[], PythonRandomState, number[]];
    expect([ours.gauss(), ...repeat(1000, () => ours.random())]).toEqual(first);
    const restored = new PythonRandom(0);
    restored.setstate(state);
    expect([restored.gauss(), ...repeat(1000, () => restored.random())]).toEqual(second);
  });

  it('starts again when seeded again, without what gauss had left', () => {
    const r = new PythonRandom(3);
    const first = repeat(3, () => r.gauss());
    r.seed(3);
    expect(repeat(3, () => r.gauss())).toEqual(first);
  });

  it('differs each time where no seed is given', () => {
    const [a, b] = [new PythonRandom(), new PythonRandom()];
    expect(repeat(4, () => a.random())).not.toEqual(repeat(4, () => b.random()));
  });

  it('refuses what CPython refuses', () => {
    const refusals: Call[] = [
      { python: 'attempt(lambda: r.choice([]))', ours: (r) => attempt(() => r.choice([])) },
      { python: 'attempt(lambda: r.sample(range(3), 4))', ours: (r) => attempt(() => r.sample(range(3), 4)) },
      { python: 'attempt(lambda: r.sample(range(3), -1))', ours: (r) => attempt(() => r.sample(range(3), -1)) },
      { python: 'attempt(lambda: r.randrange(0))', ours: (r) => attempt(() => r.randrange(0)) },
      { python: 'attempt(lambda: r.randrange(1, 5, 0))', ours: (r) => attempt(() => r.randrange(1, 5, 0)) },
      { python: 'attempt(lambda: r.randint(2, 1))', ours: (r) => attempt(() => r.randint(2, 1)) },
      { python: 'attempt(lambda: r.getrandbits(-1))', ours: (r) => attempt(() => r.getrandbitsBig(-1)) },
      { python: 'attempt(lambda: r.choices([], k=1))', ours: (r) => attempt(() => r.choices([], { k: 1 })) },
      {
        python: 'attempt(lambda: r.choices([1, 2], weights=[1]))',
        ours: (r) => attempt(() => r.choices([1, 2], { weights: [1] })),
      },
      {
        python: 'attempt(lambda: r.choices([1, 2], weights=[0, 0]))',
        ours: (r) => attempt(() => r.choices([1, 2], { weights: [0, 0] })),
      },
      {
        python: "attempt(lambda: r.choices([1, 2], weights=[1, float('inf')]))",
        ours: (r) => attempt(() => r.choices([1, 2], { weights: [1, Number.POSITIVE_INFINITY] })),
      },
    ];
    expect(askPython([{ seed: 1, calls: refusals }])).toEqual([refusals.map(() => 'refused')]);
    const r = new PythonRandom(1);
    expect(refusals.map(({ ours }) => ours(r))).toEqual(refusals.map(() => 'refused'));
  });

  it('refuses what a JavaScript number cannot hold', () => {
    const r = new PythonRandom(1);
    expect(() => r.getrandbits(54)).toThrow(/getrandbitsBig/);
    expect(() => r.randrange(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)).toThrow(RangeError);
    expect(() => r.randrange(0.5)).toThrow(RangeError);
    expect(() => new PythonRandom(0.5)).toThrow(TypeError);
    expect(() => new PythonRandom(Number.NaN)).toThrow(TypeError);
  });

  it('refuses states of other versions', () => {
    const [, words, gaussNext] = new PythonRandom(1).getstate();
    const state = [2, words, gaussNext] as unknown as PythonRandomState;
    expect(() => new PythonRandom(1).setstate(state)).toThrow(/version 2/);
  });
});

function attempt<T>(draw: () => T): T | 'refused' {
  try {
    return draw();
  } catch (error) {
    if (error instanceof RangeError) {
      return 'refused';
    }
    throw error;
  }
}
