/**
 * Compares what the reader gives with what Python described (the tags are listed in test-fixtures/README.md): every
 * bit of numbers, every code unit of texts, the order of dicts, and which objects are one object.
 */
import {
  Complex,
  Dtype,
  FrozenSet,
  GlobalReference,
  NDArray,
  OrderedDict,
  PythonObject,
  type PythonValue,
  Tensor,
  Tuple,
} from '../dist/index.js';

export type Tagged = { t: string; id?: number; [field: string]: unknown };

export interface Options {
  /** Python 2's byte strings are described as bytes; the reader makes text of those that are UTF-8. */
  byteStrings?: boolean;
  /** Storages that are views of others (torch before 0.4) are read as the others, with larger offsets. */
  viewMetadata?: boolean;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const hex = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');

function show(value: unknown): string {
  if (typeof value === 'object' && value !== null) return value.constructor.name;
  return typeof value === 'bigint' ? `${value}n` : typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** A float as Python describes it; JavaScript does not promise to keep what a NaN carries. */
function floatHex(number: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, number);
  return Number.isNaN(number) ? 'nan' : hex(new Uint8Array(view.buffer));
}

function expectedFloat(text: string): string {
  return floatHex(Buffer.from(text, 'hex').readDoubleBE());
}

/** A NumPy scalar's bytes as the plain number that the reader makes of it. */
function scalar(dtype: string, raw: Buffer): Tagged {
  const bytes = dtype.startsWith('>') ? Buffer.from(raw).reverse() : raw;
  const size = bytes.length;
  const float = (at: number, width: number) => {
    const number =
      width === 8 ? bytes.readDoubleLE(at) : width === 4 ? bytes.readFloatLE(at) : half(bytes.readUInt16LE(at));
    const view = Buffer.alloc(8);
    view.writeDoubleBE(number);
    return view.toString('hex');
  };
  switch (dtype[1]) {
    case 'b':
      return { t: 'bool', v: bytes[0] !== 0 };
    case 'f':
      return { t: 'float', hex: float(0, size) };
    case 'c':
      return { t: 'complex', re: float(0, size / 2), im: float(size / 2, size / 2) };
    default: {
      const unsigned = BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
      return { t: 'int', v: String(dtype[1] === 'i' ? BigInt.asIntN(8 * size, unsigned) : unsigned) };
    }
  }
}

function half(bits: number): number {
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const mantissa = bits & 1023;
  if (exponent === 31) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent ? (1 + mantissa / 1024) * 2 ** (exponent - 15) : mantissa * 2 ** -24);
}

/** An array's elements in C order. */
function inCOrder<T>(array: NDArray, elements: T[]): T[] {
  if (!array.fortran) return elements;
  const out = new Array<T>(elements.length);
  const index = array.shape.map(() => 0);
  for (let i = 0; i < elements.length; i++) {
    let at = 0;
    for (let d = array.shape.length - 1; d >= 0; d--) at = at * array.shape[d]! + index[d]!;
    out[i] = elements[at]!;
    for (let d = array.shape.length - 1; d >= 0 && ++index[d]! === array.shape[d]; d--) index[d] = 0;
  }
  return out;
}

/** Storages without a type count bytes; the answers count the tensor's elements. */
function elementsIn(storage: Tensor['storage'], dtype: string): number {
  const size = (name: string) => Number(/\d+$/.exec(name)?.[0] ?? 8) / 8;
  return (storage.length * size(storage.dtype)) / size(dtype);
}

class Comparison {
  /** What carries an id, and what was met without one: that must not occur again. */
  constructor(
    private readonly options: Options,
    private readonly byId = new Map<number, unknown>(),
    private readonly met = new Map<unknown, string>(),
    private readonly storages = new Map<number, string>(),
  ) {}

  private copy(): Comparison {
    return new Comparison(this.options, new Map(this.byId), new Map(this.met), new Map(this.storages));
  }

  private adopt(other: Comparison) {
    for (const name of ['byId', 'met', 'storages'] as const) {
      const mine = this[name] as Map<unknown, unknown>;
      mine.clear();
      for (const [key, value] of other[name]) mine.set(key, value);
    }
  }

  /** Where and how they differ, or nothing. */
  difference(actual: PythonValue | undefined, expected: Tagged, path: string): string | undefined {
    const differ = (what: string) => `${path}: expected ${what}, found ${show(actual)}`;
    if (expected.t === 'ref') {
      return this.byId.get(expected.id!) === actual
        ? undefined
        : `${path}: expected what was called ${expected.id} before`;
    }
    if (typeof actual === 'object' && actual !== null && this.isContainer(actual)) {
      const before = this.met.get(actual);
      if (before !== undefined) return `${path}: expected an object of its own, found the one at ${before}`;
      this.met.set(actual, path);
      if (expected.id !== undefined) this.byId.set(expected.id, actual);
    }
    const v = expected.v as never;
    switch (expected.t) {
      case 'none':
        return actual === null ? undefined : differ('null');
      case 'bool':
        return actual === v ? undefined : differ(String(v));
      case 'int': {
        const safe = Number.isSafeInteger(Number(v));
        const kind = typeof actual === (safe ? 'number' : 'bigint') && !Object.is(actual, -0);
        return kind && String(actual) === v ? undefined : differ(`the integer ${v}`);
      }
      case 'float':
        return typeof actual === 'number' && floatHex(actual) === expectedFloat(expected.hex as string)
          ? undefined
          : differ(`the float ${expected.hex}`);
      case 'complex':
        return actual instanceof Complex &&
          floatHex(actual.real) === expectedFloat(expected.re as string) &&
          floatHex(actual.imaginary) === expectedFloat(expected.im as string)
          ? undefined
          : differ(`the complex ${expected.re} ${expected.im}`);
      case 'str': {
        const text = expected.utf16 ? String.fromCharCode(...(expected.utf16 as number[])) : (v as string);
        return actual === text ? undefined : differ(JSON.stringify(text));
      }
      case 'bytes':
      case 'bytearray':
        return this.bytes(actual, expected.hex as string) ? undefined : differ(`the bytes ${expected.hex}`);
      case 'list':
        if (!Array.isArray(actual) || actual instanceof Tuple) return differ('a list');
        return this.all(actual, v as Tagged[], path);
      case 'tuple':
        return actual instanceof Tuple ? this.all(actual, v as Tagged[], path) : differ('a tuple');
      case 'set':
        if (!(actual instanceof Set) || actual instanceof FrozenSet) return differ('a set');
        return this.members([...actual], v as Tagged[], path);
      case 'frozenset':
        return actual instanceof FrozenSet ? this.members([...actual], v as Tagged[], path) : differ('a frozenset');
      case 'dict':
        if (!(actual instanceof Map) || actual instanceof OrderedDict) return differ('a dict');
        return this.pairs(actual, v as [Tagged, Tagged][], path);
      case 'odict': {
        if (!(actual instanceof OrderedDict)) return differ('an OrderedDict');
        const found = this.pairs(actual, v as [Tagged, Tagged][], path);
        if (found) return found;
        if (!expected.attributes) return actual.attributes ? `${path}: expected no attributes` : undefined;
        return this.difference(actual.attributes, expected.attributes as Tagged, `${path}.attributes`);
      }
      case 'scalar':
        return this.difference(
          actual,
          scalar(expected.dtype as string, Buffer.from(expected.hex as string, 'hex')),
          path,
        );
      case 'dtype':
        return actual instanceof Dtype && (typeof v !== 'string' || actual.name === v)
          ? undefined
          : differ(`the dtype ${v}`);
      case 'ndarray':
        return actual instanceof NDArray ? this.ndarray(actual, expected, path) : differ('an array');
      case 'tensor':
        return actual instanceof Tensor ? this.tensor(actual, expected, path) : differ('a tensor');
      case 'global':
        return actual instanceof GlobalReference &&
          actual.module === expected.module &&
          actual.qualifiedName === expected.name
          ? undefined
          : differ(`the global ${expected.module}.${expected.name}`);
      case 'object':
        return this.object(actual, expected, path);
      default:
        return `${path}: the answer has an unknown tag ${expected.t}`;
    }
  }

  // Of immutable atoms Python may make one object where there were two, and the other way round.
  private isContainer(value: object): boolean {
    if (value instanceof Uint8Array || value instanceof Complex) return false;
    if (value instanceof Dtype || value instanceof GlobalReference) return false;
    return !((value instanceof Tuple && value.length === 0) || (value instanceof FrozenSet && value.size === 0));
  }

  private bytes(actual: unknown, expected: string): boolean {
    const raw = Buffer.from(expected, 'hex');
    if (this.options.byteStrings) {
      try {
        return actual === utf8.decode(raw);
      } catch {
        // not UTF-8: it stays bytes
      }
    }
    return actual instanceof Uint8Array && hex(actual) === expected;
  }

  private all(actual: PythonValue[], expected: Tagged[], path: string): string | undefined {
    if (actual.length !== expected.length) return `${path}: expected ${expected.length} items, found ${actual.length}`;
    for (let i = 0; i < expected.length; i++) {
      const found = this.difference(actual[i], expected[i]!, `${path}[${i}]`);
      if (found) return found;
    }
    return undefined;
  }

  private members(actual: PythonValue[], expected: Tagged[], path: string): string | undefined {
    if (actual.length !== expected.length)
      return `${path}: expected ${expected.length} members, found ${actual.length}`;
    const left = new Set(actual);
    for (const member of expected) {
      let match: PythonValue | undefined;
      for (const candidate of left) {
        const attempt = typeof candidate === 'object' && candidate !== null ? this.copy() : this;
        if (attempt.difference(candidate, member, path) === undefined) {
          if (attempt !== this) this.adopt(attempt);
          match = candidate;
          break;
        }
      }
      if (match === undefined) return `${path}: expected the member ${JSON.stringify(member)}`;
      left.delete(match);
    }
    return undefined;
  }

  private pairs(actual: Map<PythonValue, PythonValue>, expected: [Tagged, Tagged][], path: string): string | undefined {
    if (actual.size !== expected.length) return `${path}: expected ${expected.length} pairs, found ${actual.size}`;
    let i = 0;
    for (const [key, value] of actual) {
      const [expectedKey, expectedValue] = expected[i++]!;
      const found =
        this.difference(key, expectedKey, `${path}.key[${i - 1}]`) ??
        this.difference(value, expectedValue, `${path}{${show(key)}}`);
      if (found) return found;
    }
    return undefined;
  }

  private ndarray(actual: NDArray, expected: Tagged, path: string): string | undefined {
    const shape = JSON.stringify(expected.shape);
    if (JSON.stringify(actual.shape) !== shape) return `${path}: expected the shape ${shape}, found [${actual.shape}]`;
    if (expected.order === 'F' && !actual.fortran) return `${path}: expected the elements in Fortran's order`;
    if (expected.items) {
      if (!Array.isArray(actual.data)) return `${path}: expected objects`;
      return this.all(inCOrder(actual, actual.data), expected.items as Tagged[], path);
    }
    if (!(actual.data instanceof Uint8Array)) return `${path}: expected bytes`;
    const count = (expected.shape as number[]).reduce((a, b) => a * b, 1);
    const size = count ? actual.data.length / count : 0;
    let elements = inCOrder(
      actual,
      Array.from({ length: count }, (_, i) => Buffer.from((actual.data as Uint8Array).slice(i * size, (i + 1) * size))),
    );
    if (typeof expected.dtype === 'string') {
      // The file gives no unit of times that is needed to read them, and NumPy swaps old pickles' bytes as it loads them.
      const wanted = expected.dtype.replace(/\[.*\]$/, '');
      if (actual.dtype !== wanted && actual.dtype !== wanted.replace('<', '>')) {
        return `${path}: expected the dtype ${wanted}, found ${actual.dtype}`;
      }
      if (actual.dtype !== wanted) {
        const parts = wanted[1] === 'c' ? 2 : 1;
        elements = elements.map((e) =>
          Buffer.concat(
            Array.from({ length: parts }, (_, p) =>
              Buffer.from(e.subarray((p * size) / parts, ((p + 1) * size) / parts)).reverse(),
            ),
          ),
        );
      }
    }
    const found = Buffer.concat(elements).toString('hex');
    return found === expected.hex ? undefined : `${path}: expected the elements ${expected.hex}, found ${found}`;
  }

  private tensor(actual: Tensor, expected: Tagged, path: string): string | undefined {
    const views = this.options.viewMetadata;
    const described = {
      dtype: actual.dtype,
      shape: actual.shape,
      stride: actual.stride,
      offset: views ? expected.offset : actual.offset,
      storageElements: views ? expected.storageElements : elementsIn(actual.storage, actual.dtype),
      requiresGrad: actual.requiresGrad,
      parameter: actual.isParameter,
    };
    for (const [name, value] of Object.entries(described)) {
      const wanted = JSON.stringify(expected[name]);
      if (JSON.stringify(value) !== wanted)
        return `${path}.${name}: expected ${wanted}, found ${JSON.stringify(value)}`;
    }
    if (!views) {
      const key = this.storages.get(expected.storage as number);
      if (key === undefined && [...this.storages.values()].includes(actual.storage.key)) {
        return `${path}: expected a storage of its own`;
      }
      if (key !== undefined && key !== actual.storage.key) return `${path}: expected the storage ${key}`;
      this.storages.set(expected.storage as number, actual.storage.key);
    }
    const numbers = actual.toTypedArray();
    const found = hex(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
    return found === expected.hex ? undefined : `${path}: expected the elements ${expected.hex}, found ${found}`;
  }

  private object(actual: PythonValue | undefined, expected: Tagged, path: string): string | undefined {
    if (!(actual instanceof PythonObject)) return `${path}: expected an object, found ${show(actual)}`;
    const { module, name } = expected;
    const callee = (expected.callee ?? { t: 'global', module, name }) as Tagged;
    const parts = (pairs: unknown) => ({ t: 'dict', v: pairs }) as Tagged;
    const found =
      this.difference(actual.callee, callee, `${path}.callee`) ??
      (actual.args instanceof Tuple ? undefined : `${path}: expected arguments`) ??
      this.all(actual.args as Tuple, expected.args as Tagged[], `${path}.args`) ??
      this.optional(actual.kwargs, expected.kwargs as Tagged | undefined, `${path}.kwargs`);
    if (found) return found;
    if (!expected.items !== !actual.items) return `${path}: expected ${expected.items ? 'items' : 'no items'}`;
    return (
      this.optional(actual.pairs, expected.pairs && parts(expected.pairs), `${path}.pairs`) ??
      this.optional(actual.state, expected.state as Tagged | undefined, `${path}.state`) ??
      (actual.items && this.all(actual.items, expected.items as Tagged[], `${path}.items`))
    );
  }

  private optional(actual: PythonValue | undefined, expected: Tagged | undefined, path: string): string | undefined {
    if (expected) return this.difference(actual, expected, path);
    return actual === undefined ? undefined : `${path}: expected nothing, found ${show(actual)}`;
  }
}

export function difference(
  actual: PythonValue | undefined,
  expected: Tagged,
  options: Options = {},
): string | undefined {
  return new Comparison(options).difference(actual, expected, 'value');
}
