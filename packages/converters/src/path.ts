import { NDArray, OrderedDict, PythonObject, type PythonValue, Tuple } from 'nas-bench-201';

/**
 * Where a value is in another: `arch2infos[284].full.all_results[('cifar10', 777)]`. A step is a key of a dict as it is
 * (text, a number, a tuple of such, `null` for None, a boolean), a place in a list, tuple or set, or the name of a part
 * of an instance: `.callee`, `.args`, `.kwargs`, `.state`, `.items`, `.pairs`. `['@attributes']` are an OrderedDict's.
 */
export type Step = string | number | bigint | boolean | null | Step[];

/** The step to what was set on an OrderedDict itself. */
export const ATTRIBUTES = '@attributes';

/** A text that is no path. */
export class PathError extends Error {
  override readonly name = 'PathError';
}

const NAME = /[A-Za-z_][\w-]*/y;
const NUMBER = /[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?/iy;
const CONSTANTS: Record<string, null | boolean> = {
  None: null,
  null: null,
  True: true,
  true: true,
  False: false,
  false: false,
};

/** The steps of a path as people write it; a leading `$` stands for the whole. @throws PathError */
export function parsePath(text: string): Step[] {
  let at = 0;
  const fail = (expected: string): never => {
    const found = at < text.length ? `'${text.slice(at, at + 12)}'` : 'its end';
    throw new PathError(`path '${text}', character ${at}: expected ${expected}, found ${found}`);
  };
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };
  const take = (character: string): boolean => {
    if (text[at] !== character) return false;
    at++;
    return true;
  };
  const spaces = () => match(/\s*/y);
  const quoted = (quote: string): string => {
    let out = '';
    while (at < text.length && text[at] !== quote) {
      if (take('\\') && at === text.length) break;
      out += text[at++];
    }
    if (!take(quote)) fail(`a closing ${quote}`);
    return out;
  };
  const tuple = (): Step[] => {
    const members: Step[] = [];
    for (spaces(); !take(')'); spaces()) {
      members.push(key());
      spaces();
      if (!take(',') && text[at] !== ')') fail("',' or ')'");
    }
    return members;
  };
  const key = (): Step => {
    if (take('(')) return tuple();
    for (const quote of ["'", '"']) if (take(quote)) return quoted(quote);
    const number = match(NUMBER);
    if (number !== undefined) {
      const value = Number(number);
      return Number.isSafeInteger(value) || !/^[+-]?\d+$/.test(number) ? value : BigInt(number);
    }
    const word = match(NAME);
    if (word === undefined) return fail("a key: 3, 'text' or ('cifar10', 777)");
    return Object.hasOwn(CONSTANTS, word) ? CONSTANTS[word]! : word;
  };
  const steps: Step[] = [];
  take('$');
  while (at < text.length) {
    if (take('[')) {
      spaces();
      steps.push(key());
      spaces();
      if (!take(']')) fail("']'");
    } else {
      if (!take('.') && steps.length > 0) fail("'.' or '['");
      steps.push(match(NAME) ?? fail('a name'));
    }
  }
  return steps;
}

function formatKey(step: Step): string {
  if (Array.isArray(step)) return `(${step.map(formatKey).join(', ')}${step.length === 1 ? ',' : ''})`;
  if (typeof step === 'string') return `'${step.replace(/[\\']/g, '\\$&')}'`;
  if (step === null) return 'None';
  if (typeof step === 'boolean') return step ? 'True' : 'False';
  // With all digits it would be read as an integer.
  if (typeof step === 'number' && Math.abs(step) > Number.MAX_SAFE_INTEGER) return step.toExponential();
  return String(step);
}

/** A step as it is written behind a path. */
export function formatStep(step: Step): string {
  const plain = typeof step === 'string' && /^[A-Za-z_][\w-]*$/.test(step);
  return plain ? `.${step}` : `[${formatKey(step)}]`;
}

/** The path that `parsePath` reads as these steps, beginning with `$`. */
export function formatPath(steps: readonly Step[]): string {
  return `$${steps.map(formatStep).join('')}`;
}

/** The step to a key of a dict, or, where the key is of another kind, to its place. */
export function stepOfKey(key: PythonValue, place: number): Step {
  if (key === null || (typeof key !== 'object' && !(typeof key === 'number' && Number.isNaN(key)))) return key;
  if (key instanceof Tuple && key.every((k) => k === null || typeof k !== 'object')) return key as Step[];
  return place;
}

function sameStep(a: Step, b: Step): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return a === b;
  return a.length === b.length && a.every((member, i) => sameStep(member, b[i]!));
}

/** What is one step into a value, or undefined where it has no such part. */
export function stepInto(value: PythonValue, step: Step): PythonValue | undefined {
  if (value instanceof Map) {
    if (!Array.isArray(step) && value.has(step)) return value.get(step);
    if (step === ATTRIBUTES && value instanceof OrderedDict) return value.attributes;
    let place = 0;
    for (const [key, item] of value) if (sameStep(stepOfKey(key, place++), step)) return item;
    return undefined;
  }
  if (value instanceof PythonObject) {
    const parts: Record<string, PythonValue | undefined> = { __proto__: null as never, ...value };
    return typeof step === 'string' ? parts[step] : undefined;
  }
  if (typeof step !== 'number') return undefined;
  if (value instanceof Set) return [...value].at(step);
  const items = value instanceof NDArray ? value.data : value;
  return Array.isArray(items) ? items.at(step) : undefined;
}
