import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Complex, openTorch, type PythonValue, ReadError } from '../dist/index.js';
import { difference, type Tagged } from './tagged.js';
import { everyValue, readTensors } from './walk.js';

// NB201_SEED=… repeats a run, NB201_PICKLES=… makes it longer.
const seed = Number(process.env.NB201_SEED ?? Math.floor(Math.random() * 2 ** 31));
const count = Number(process.env.NB201_PICKLES ?? 600);
const again = `NB201_SEED=${seed} NB201_PICKLES=${count}`;

interface Answer {
  at: number;
  size: number;
  how: string;
  values?: Tagged[];
  error?: string;
}

let folder: string;
let all: Buffer;
let answers: Answer[];

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'nb201-pickles-'));
  const script = fileURLToPath(new URL('random_pickles.py', import.meta.url));
  execFileSync('python3', [script, folder, '--seed', `${seed}`, '--count', `${count}`, '--damaged', `${count * 4}`]);
  all = readFileSync(path.join(folder, 'pickles.bin'));
  answers = readFileSync(path.join(folder, 'answers.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bytesOf = ({ at, size }: Answer) => new Uint8Array(all.subarray(at, at + size));
/** What repeats one case by hand. */
const repeat = (answer: Answer) =>
  `${again} (${answer.how}) ${Buffer.from(bytesOf(answer)).toString('hex').slice(0, 4000)}`;

async function outcome(bytes: Uint8Array): Promise<{ values?: PythonValue[]; error?: unknown }> {
  try {
    const { values } = await openTorch(bytes);
    readTensors(values);
    return { values };
  } catch (error) {
    return { error };
  }
}

/**
 * Where CPython reads what is refused here, and why that is right:
 * it ignores what is left on the stack below the value (BAD_STOP), frames that are longer than what is in them or end
 * behind STOP (BAD_FRAME, BAD_LENGTH), and BUILD with an empty state; it appends to and sets items in whatever has a
 * method of that name (BAD_OPERAND); it takes octal, hexadecimal, spaces and underscores for integers (BAD_TEXT); it calls
 * set(text), bytes(3) and codecs (BAD_CALL); it lets READONLY_BUFFER stand behind any bytes (UNSUPPORTED_OPCODE).
 */
const STRICTER = [
  'UNSUPPORTED_OPCODE',
  'BAD_STOP',
  'BAD_FRAME',
  'BAD_LENGTH',
  'BAD_OPERAND',
  'BAD_TEXT',
  'BAD_CALL',
  'NOT_RECOGNIZED',
];

/** A key as text that is the same for equal keys, to Python. */
function asPython(key: PythonValue): string {
  if (key instanceof Uint8Array) return `b${Buffer.from(key).toString('hex')}`;
  if (key instanceof Set) return `{${[...key].map(asPython).sort()}}`;
  if (Array.isArray(key)) return `(${key.map(asPython)})`;
  if (key instanceof Complex) return `c${key.real},${key.imaginary}`;
  return typeof key === 'string' ? JSON.stringify(key) : String(typeof key === 'boolean' ? Number(key) : key);
}

/**
 * Keys that are one key to one of the languages only, which damage may make: Maps compare tuples, bytes and frozen sets
 * by identity and keep True from 1, and make 0.0 of -0.0.
 */
function keysDiffer(values: PythonValue[], answer: Answer): boolean {
  if (JSON.stringify(answer.values).includes('"hex":"8000000000000000"')) return true;
  for (const value of everyValue(...values)) {
    if (!(value instanceof Map || value instanceof Set)) continue;
    const keys = [...value.keys()];
    if (keys.includes(Number.NaN) || new Set(keys.map(asPython)).size < keys.length) return true;
  }
  return false;
}

describe('what CPython pickles', () => {
  it('is read as CPython reads it, whichever its pickler, protocol and memo', async () => {
    const whole = answers.filter((answer) => answer.how !== 'damaged');
    expect(whole).toHaveLength(count);
    for (const answer of whole) {
      const { values, error } = await outcome(bytesOf(answer));
      expect(error, repeat(answer)).toBeUndefined();
      expect(values, repeat(answer)).toHaveLength(answer.values!.length);
      answer.values!.forEach((expected, i) => {
        expect(difference(values![i], expected), repeat(answer)).toBeUndefined();
      });
    }
  }, 120_000);
});

describe('damaged pickles', () => {
  it('are a typed error or a value, and where CPython reads plain values, the same ones', async () => {
    let compared = 0;
    for (const answer of answers.filter(({ how }) => how === 'damaged')) {
      const { values, error } = await outcome(bytesOf(answer));
      if (error !== undefined) expect(error, repeat(answer)).toBeInstanceOf(ReadError);
      if (!answer.values) continue;
      if (error) {
        expect(STRICTER, `${repeat(answer)}: ${(error as ReadError).message}`).toContain((error as ReadError).code);
        continue;
      }
      if (keysDiffer(values!, answer)) continue;
      compared++;
      expect(values, repeat(answer)).toHaveLength(answer.values.length);
      answer.values.forEach((expected, i) => {
        expect(difference(values![i], expected), repeat(answer)).toBeUndefined();
      });
    }
    expect(compared, again).toBeGreaterThan(count / 20);
  }, 120_000);
});

/** Numbers that follow from the seed alone (mulberry32). */
function randomNumbers(state: number): (below: number) => number {
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

function damage(whole: Uint8Array, random: (below: number) => number): Uint8Array {
  let bytes = Buffer.from(whole);
  for (let times = 1 + random(3); times > 0 && bytes.length > 0; times--) {
    // Half of it near the two ends, where the structure of zips and the keys of legacy files are.
    const near = Math.min(bytes.length, 400);
    const at = [random(bytes.length), random(bytes.length), random(near), bytes.length - 1 - random(near)][random(4)]!;
    const length = 1 + random(12);
    const slice = Buffer.from(bytes.subarray(at, at + length));
    switch (random(6)) {
      case 0:
        bytes[at]! ^= 1 << random(8);
        break;
      case 1:
        bytes[at] = [0, 0xff, 0x7f, 0x80][random(4)]!;
        break;
      case 2:
        bytes = bytes.subarray(0, at);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), slice, bytes.subarray(at)]);
        break;
      default:
        for (let i = 0; i < 8 && at + i < bytes.length; i++) bytes[at + i] = random(3) ? 0xff : random(256);
    }
  }
  return new Uint8Array(bytes);
}

describe('damaged files of all kinds', () => {
  const fixtures = fileURLToPath(new URL('../../../test-fixtures/', import.meta.url));
  const names = readdirSync(`${fixtures}values`).map((name) => `values/${name}`);
  names.push('benchmark/NATS-tss-v1_0-small-simple/meta.pickle.pbz2', 'benchmark/v1_1-protocol4.pickle.pbz2');

  it.each(names)(
    '%s is a typed error or a value',
    async (name) => {
      const whole = new Uint8Array(readFileSync(fixtures + name));
      const random = randomNumbers(seed);
      for (let i = 0; i < count / 6; i++) {
        const { error } = await outcome(damage(whole, random));
        if (error !== undefined) expect(error, `${again}: ${name}, number ${i}`).toBeInstanceOf(ReadError);
      }
    },
    120_000,
  );
});
