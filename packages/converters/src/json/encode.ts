import {
  Complex,
  Dtype,
  FrozenSet,
  GlobalReference,
  NDArray,
  OrderedDict,
  PythonObject,
  type PythonValue,
  Storage,
  Tensor,
  Tuple,
} from 'nas-bench-201';
import { ConvertError } from '../errors.js';
import { ATTRIBUTES, formatPath, type Step, stepOfKey } from '../path.js';

export interface JsonOptions {
  /** What may be written at most: a small file can describe a huge value. Default: 100 MiB. */
  maxBytes?: number | undefined;
  /** Values that may be written at most, containers and what is in them. Default: 10 million. */
  maxValues?: number | undefined;
  /** Spaces to indent by; 0, the default, writes one line. */
  indent?: number | undefined;
  /** Whether the bytes of tensors and arrays are written. Default: they are only described. */
  data?: boolean | undefined;
  /**
   * What is one object in several places: `ref` writes it once and refers to it (default), `copy` writes it each time.
   * What contains itself is referred to in any case.
   */
  shared?: 'ref' | 'copy' | undefined;
}

/** Characters that are collected before they are handed on. */
const PIECE = 64 * 1024;
const MAX_BYTES = 100 * 2 ** 20;
const MAX_VALUES = 10_000_000;

/** The place of a container, as a list that ends at the whole. */
interface Place {
  parent: Place | undefined;
  step: Step;
}

/** Text to write, or a value to write in this place. Keys have no place of their own. */
type Part = string | { value: PythonValue; step: Step; key?: true };

/** An open container: what of it is still to be written. */
interface Frame {
  parts: Iterator<Part>;
  value: object;
  place: Place | undefined;
  /** Whether it is forgotten once it is written: later it is written again, not referred to. */
  forget: boolean;
}

function pathOf(place: Place | undefined): string {
  const steps: Step[] = [];
  for (let p = place; p; p = p.parent) steps.push(p.step);
  return formatPath(steps.reverse());
}

const base64 = (bytes: Uint8Array): string =>
  JSON.stringify(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'));

function numberText(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0.0' : String(value);
  return `{"$float":"${Number.isNaN(value) ? 'nan' : value < 0 ? '-inf' : 'inf'}"}`;
}

const elements = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Writes a value in pieces. Nothing is recursive: values may be nested as deep as memory goes. */
class Encoder {
  readonly #maxBytes: number;
  readonly #maxValues: number;
  readonly #data: boolean;
  readonly #indent: number;
  readonly #copyShared: boolean;
  readonly #stack: Frame[] = [];
  /** Where containers are that were begun. */
  readonly #places = new Map<object, Place | undefined>();
  #bytes = 0;
  #values = 0;

  constructor(options: JsonOptions) {
    this.#maxBytes = options.maxBytes ?? MAX_BYTES;
    this.#maxValues = options.maxValues ?? MAX_VALUES;
    this.#data = options.data ?? false;
    this.#indent = options.indent ?? 0;
    this.#copyShared = options.shared === 'copy';
  }

  *pieces(value: PythonValue): Generator<string> {
    let piece = this.#text(value, undefined, this.#copyShared);
    for (let frame = this.#stack.at(-1); frame; frame = this.#stack.at(-1)) {
      const { value: part, done } = frame.parts.next();
      if (done) {
        this.#stack.pop();
        if (frame.forget) this.#places.delete(frame.value);
        continue;
      }
      piece += typeof part === 'string' ? part : this.#part(part, frame);
      if (piece.length >= PIECE) {
        yield this.#counted(piece);
        piece = '';
      }
    }
    yield this.#counted(piece);
  }

  #counted(piece: string): string {
    this.#spend(Buffer.byteLength(piece));
    this.#bytes += Buffer.byteLength(piece);
    return piece;
  }

  /** Whether so many more bytes may be written. @throws ConvertError where not */
  #spend(bytes: number): void {
    if (this.#bytes + bytes <= this.#maxBytes) return;
    throw new ConvertError('LIMIT', `as JSON this is longer than the limit of ${this.#maxBytes} bytes`);
  }

  #part({ value, step, key }: Exclude<Part, string>, { place, forget }: Frame): string {
    return this.#text(value, { parent: place, step }, forget || key === true);
  }

  /** The text of a value, or the beginning of it, with the rest pushed on the stack. */
  #text(value: PythonValue, place: Place | undefined, forget: boolean): string {
    if (++this.#values > this.#maxValues) {
      throw new ConvertError('LIMIT', `as JSON this has more values than the limit of ${this.#maxValues}`);
    }
    switch (typeof value) {
      case 'number':
        return numberText(value);
      case 'string':
        this.#spend(value.length);
        return JSON.stringify(value);
      case 'bigint':
        return `{"$int":"${value}"}`;
      case 'boolean':
        return String(value);
      default:
        return value === null ? 'null' : this.#object(value, place, forget);
    }
  }

  #object(value: object & PythonValue, place: Place | undefined, forget: boolean): string {
    if (value instanceof Complex) return `{"$complex":[${numberText(value.real)},${numberText(value.imaginary)}]}`;
    if (value instanceof Dtype) return `{"$dtype":${JSON.stringify(value.name)}}`;
    if (value instanceof GlobalReference) return `{"$global":${JSON.stringify(value.toString())}}`;
    if (value instanceof Storage) {
      const { key, dtype, location, length } = value;
      return `{"$storage":${JSON.stringify({ key, dtype, location, length })}}`;
    }
    if (this.#places.has(value)) return `{"$ref":${JSON.stringify(pathOf(this.#places.get(value)))}}`;
    this.#places.set(value, place);
    this.#stack.push({ parts: this.#parts(value), value, place, forget });
    return '';
  }

  *#parts(value: object & PythonValue): Generator<Part> {
    if (value instanceof Uint8Array) {
      this.#spend((value.length * 4) / 3);
      yield `{"$bytes":${base64(value)}}`;
    } else if (value instanceof Tuple) yield* this.#wrapped('$tuple', this.#list(value));
    else if (Array.isArray(value)) yield* this.#list(value);
    else if (value instanceof Set)
      yield* this.#wrapped(value instanceof FrozenSet ? '$frozenset' : '$set', this.#list(value));
    else if (value instanceof Map) yield* this.#dict(value);
    else if (value instanceof NDArray) yield* this.#array(value);
    else if (value instanceof Tensor) yield this.#tensor(value);
    else if (value instanceof PythonObject) yield* this.#instance(value);
  }

  *#wrapped(name: string, parts: Iterable<Part>): Generator<Part> {
    yield `{"${name}":`;
    yield* parts;
    yield '}';
  }

  /** What begins a line in the container that is open, or one around it. */
  #line(out = 0): string {
    return this.#indent === 0 ? '' : `\n${' '.repeat(this.#indent * (this.#stack.length - out))}`;
  }

  *#list(items: Iterable<PythonValue>): Generator<Part> {
    let place = 0;
    for (const value of items) {
      yield (place === 0 ? '[' : ',') + this.#line();
      yield { value, step: place++ };
    }
    yield place === 0 ? '[]' : `${this.#line(1)}]`;
  }

  *#dict(dict: Map<PythonValue, PythonValue>): Generator<Part> {
    const attributes = dict instanceof OrderedDict ? dict.attributes : undefined;
    const entries = this.#entries(dict);
    if (!attributes) return yield* entries;
    yield '{"$odict":';
    yield* entries;
    yield ',"attributes":';
    yield { value: attributes, step: ATTRIBUTES };
    yield '}';
  }

  *#entries(dict: Map<PythonValue, PythonValue>): Generator<Part> {
    let plain = true;
    // A key that begins with $ would be taken for one of ours.
    for (const key of dict.keys()) plain &&= typeof key === 'string' && !key.startsWith('$');
    let place = 0;
    for (const [key, value] of dict) {
      yield (place > 0 ? ',' : plain ? '{' : '{"$map":[') + this.#line();
      if (plain) yield `${JSON.stringify(key)}:${this.#indent ? ' ' : ''}`;
      else {
        yield '[';
        yield { value: key, step: place, key: true };
        yield ',';
      }
      yield { value, step: stepOfKey(key, place) };
      if (!plain) yield ']';
      place++;
    }
    yield place === 0 ? '{}' : `${this.#line(1)}${plain ? '}' : ']}'}`;
  }

  *#instance(object: PythonObject): Generator<Part> {
    yield '{"$object":';
    let first = true;
    for (const step of ['callee', 'args', 'kwargs', 'state', 'items', 'pairs'] as const) {
      const value = object[step];
      if (value === undefined) continue;
      yield `${first ? '{' : ','}${this.#line()}"${step}":`;
      yield { value, step };
      first = false;
    }
    yield `${this.#line(1)}}}`;
  }

  *#array({ dtype, shape, fortran, data }: NDArray): Generator<Part> {
    yield `{"$ndarray":{"dtype":${JSON.stringify(dtype)},"shape":${JSON.stringify(shape)},"fortran":${fortran}`;
    if (Array.isArray(data)) {
      yield ',"items":';
      yield* this.#list(data);
    } else if (this.#data) {
      this.#spend((data.length * 4) / 3);
      yield `,"data":${base64(data)}`;
    }
    yield '}}';
  }

  #tensor(tensor: Tensor): string {
    const { dtype, shape, stride, offset, requiresGrad, isParameter } = tensor;
    const storage = tensor.storage.key;
    const text = JSON.stringify({ dtype, shape, stride, offset, storage, requiresGrad, parameter: isParameter });
    if (!this.#data) return `{"$tensor":${text}}`;
    // A tensor of stride 0 may have any number of elements.
    this.#spend(elements(shape));
    const array = tensor.toTypedArray();
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    this.#spend((bytes.length * 4) / 3);
    return `{"$tensor":${text.slice(0, -1)},"data":${base64(bytes)}}}`;
  }
}

/**
 * A value as JSON text, in pieces.
 *
 * | value | JSON |
 * |---|---|
 * | None, bool, str | `null`, `true`, `"…"` |
 * | int, float | a number; the two are not told apart. `{"$int":"…"}` beyond ±(2^53 − 1), `{"$float":"nan"}`, `"inf"`, `"-inf"` |
 * | complex | `{"$complex":[re,im]}` |
 * | list | `[…]` |
 * | tuple, set, frozenset | `{"$tuple":[…]}`, `{"$set":[…]}`, `{"$frozenset":[…]}` |
 * | dict, OrderedDict with text keys | `{…}` |
 * | any other dict, or with a key that begins with `$` | `{"$map":[[key,value],…]}` |
 * | an OrderedDict with attributes | `{"$odict":` as above`,"attributes":{…}}` |
 * | bytes, bytearray | `{"$bytes":"base64"}` |
 * | tensor | `{"$tensor":{dtype,shape,stride,offset,storage,requiresGrad,parameter}}`, with `data` its contiguous elements, little-endian, in base64 |
 * | storage | `{"$storage":{key,dtype,location,length}}` |
 * | NumPy's arrays and dtypes | `{"$ndarray":{dtype,shape,fortran}}`, with `data` the bytes as stored; of objects `items`; `{"$dtype":"<f8"}` |
 * | any other global | `{"$global":"module.name"}` |
 * | any other instance or call | `{"$object":{callee,args,kwargs,state,items,pairs}}` |
 * | an object again | `{"$ref":"$.path.to[0].it"}`, see `Step` |
 *
 * @throws ConvertError LIMIT where the text gets longer than the budget
 */
export function encodeJson(value: PythonValue, options: JsonOptions = {}): Generator<string> {
  return new Encoder(options).pieces(value);
}
