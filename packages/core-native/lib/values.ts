import { native } from './errors.js';

/**
 * What a pickle or torch file holds, as plain JavaScript values:
 *
 * | Python | JavaScript |
 * |---|---|
 * | `None` | `null` |
 * | `bool`, `float`, NumPy's scalars of these | `boolean`, `number` |
 * | `int` | `number`; `bigint` beyond ±(2^53 − 1) |
 * | `complex` | `Complex` |
 * | `str` | `string`; lone surrogates are kept |
 * | Python 2's `str` | `string` where it is UTF-8, else `Uint8Array` |
 * | `bytes`, `bytearray` | `Uint8Array` |
 * | `list` | `Array` |
 * | `tuple`, `torch.Size` | `Tuple`, an `Array` that says so |
 * | `dict`, `OrderedDict` | `Map`, `OrderedDict`, in the file's order; keys that are tuples are compared by identity |
 * | `set`, `frozenset` | `Set`, `FrozenSet` |
 * | NumPy's arrays, dtypes | `NDArray`, `Dtype` |
 * | tensors, storages | `Tensor`, `Storage`: described; their bytes are read when asked for |
 * | any other global | `GlobalReference`, its name: nothing is imported |
 * | any other instance or call | `PythonObject`, its parts: nothing is run |
 *
 * What is one object in the file is one object here, so values may be shared and may contain themselves.
 */
export type PythonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Complex
  | PythonValue[]
  | Map<PythonValue, PythonValue>
  | Set<PythonValue>
  | NDArray
  | Dtype
  | Tensor
  | Storage
  | GlobalReference
  | PythonObject;

/** A Python tuple. */
export class Tuple extends Array<PythonValue> {
  // Array's methods would make tuples of what they return; a mapped tuple is a list.
  static override get [Symbol.species]() {
    return Array;
  }
}

/** A `collections.OrderedDict`. */
export class OrderedDict extends Map<PythonValue, PythonValue> {
  /** What was set on the instance itself: torch keeps a state dict's `_metadata` there. */
  attributes?: Map<PythonValue, PythonValue>;
}

/** A Python frozenset. */
export class FrozenSet extends Set<PythonValue> {}

/** A Python complex number. */
export class Complex {
  constructor(
    readonly real: number,
    readonly imaginary: number,
  ) {}
}

/** A number that is written as a Python float, even where it is whole. */
export class Float64 {
  constructor(readonly value: number) {}
}

/** A 32-bit float: NumPy's, where whoever writes it asks for these (their means are rounded to 32 bits), else Python's. */
export class Float32 {
  constructor(readonly value: number) {}
}

/** One curve of a `CurveDict`. */
export interface CurveEntries {
  /** The evaluation set; empty for training, whose keys are the epochs alone. */
  set: string;
  /** One number an epoch, from 0. */
  values: Float64Array;
  /** For each epoch 0 (missing), 1 (there) or 2 (there, as a `Float32`). Default: all are there. */
  presence?: Uint8Array | undefined;
}

/**
 * A trial's dict of numbers, to be written straight from typed arrays: {0: 91.2, 1: …} of a training curve, or
 * {'x-valid@0': 84.1, …} of evaluation curves one after another, as the published files have them. Reading it gives a
 * `Map`.
 */
export class CurveDict {
  /** @throws TypeError, RangeError */
  constructor(readonly curves: readonly CurveEntries[]) {
    for (const { set, values, presence } of curves) {
      if (typeof set !== 'string' || !(values instanceof Float64Array)) {
        throw new TypeError('expected curves as { set, values: Float64Array }');
      }
      if (presence !== undefined && !(presence instanceof Uint8Array)) {
        throw new TypeError('expected presence as a Uint8Array');
      }
      if (presence && presence.length !== values.length) throw new RangeError('expected presence for each epoch');
    }
  }
}

/** The name of something in a Python module, never the thing itself. */
export class GlobalReference {
  constructor(
    readonly module: string,
    readonly qualifiedName: string,
  ) {}
  toString(): string {
    return `${this.module}.${this.qualifiedName}`;
  }
}

/** A call that was not made or an instance that was not built: what it would have been made of. */
export class PythonObject {
  callee: PythonValue = null;
  args: PythonValue = null;
  kwargs?: PythonValue;
  /** What the instance would have got from `__setstate__` or as its `__dict__`. */
  state?: PythonValue;
  /** What would have been appended or added to it. */
  items?: PythonValue[];
  /** What would have been set in it as in a dict. */
  pairs?: Map<PythonValue, PythonValue>;
}

/** A NumPy dtype, as NumPy writes it: `<f8`, `|u1`. */
export class Dtype {
  constructor(readonly name: string) {}
}

/** Numbers in the machine's memory, as torch's and NumPy's types need them. */
export type NumberArray =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

const NUMPY_ARRAYS: Record<string, (bytes: ArrayBuffer) => NumberArray> = {
  f8: (b) => new Float64Array(b),
  f4: (b) => new Float32Array(b),
  f2: (b) => new Uint16Array(b),
  i8: (b) => new BigInt64Array(b),
  u8: (b) => new BigUint64Array(b),
  i4: (b) => new Int32Array(b),
  u4: (b) => new Uint32Array(b),
  i2: (b) => new Int16Array(b),
  u2: (b) => new Uint16Array(b),
  i1: (b) => new Int8Array(b),
  u1: (b) => new Uint8Array(b),
  b1: (b) => new Uint8Array(b),
  c16: (b) => new Float64Array(b),
  c8: (b) => new Float32Array(b),
};

/** A NumPy array. */
export class NDArray {
  constructor(
    /** As NumPy writes it: `<f8`, `|u1`. */
    readonly dtype: string,
    readonly shape: number[],
    /** Whether the first index runs fastest, as in Fortran. */
    readonly fortran: boolean,
    /** The elements as stored; those of an object array as values. */
    readonly data: Uint8Array | PythonValue[],
  ) {}

  /**
   * The elements in the order of the file and the machine's byte order. Half floats stay 16-bit patterns, complex
   * numbers are pairs, booleans bytes.
   * @throws TypeError where the elements are no numbers.
   */
  toTypedArray(): NumberArray {
    const kind = this.dtype.slice(1);
    const make = NUMPY_ARRAYS[kind];
    if (!make || !(this.data instanceof Uint8Array)) throw new TypeError(`no typed array for the dtype ${this.dtype}`);
    const bytes = Uint8Array.from(this.data);
    const parts = kind.startsWith('c') ? 2 : 1;
    const size = Number(kind.slice(1)) / parts;
    if (this.dtype.startsWith('>')) for (let i = 0; i < bytes.length; i += size) bytes.subarray(i, i + size).reverse();
    return make(bytes.buffer);
  }
}

/** torch's element types, by torch's names. */
export type TensorDtype =
  | 'float64'
  | 'float32'
  | 'float16'
  | 'bfloat16'
  | 'int64'
  | 'int32'
  | 'int16'
  | 'int8'
  | 'uint64'
  | 'uint32'
  | 'uint16'
  | 'uint8'
  | 'bool'
  | 'complex64'
  | 'complex128';

type NumberArrayType = new (buffer: ArrayBuffer, byteOffset?: number, length?: number) => NumberArray;

const TENSOR_TYPES: Record<TensorDtype, { size: number; array: NumberArrayType }> = {
  float64: { size: 8, array: Float64Array },
  float32: { size: 4, array: Float32Array },
  float16: { size: 2, array: Uint16Array },
  bfloat16: { size: 2, array: Uint16Array },
  int64: { size: 8, array: BigInt64Array },
  int32: { size: 4, array: Int32Array },
  int16: { size: 2, array: Int16Array },
  int8: { size: 1, array: Int8Array },
  uint64: { size: 8, array: BigUint64Array },
  uint32: { size: 4, array: Uint32Array },
  uint16: { size: 2, array: Uint16Array },
  uint8: { size: 1, array: Uint8Array },
  bool: { size: 1, array: Uint8Array },
  complex64: { size: 8, array: Float32Array },
  complex128: { size: 16, array: Float64Array },
};

/** The file that a storage is in. */
interface StorageFile {
  storage(key: string): Uint8Array;
  storagePlace(key: string): { path: string; offset: number; size: number } | undefined;
}

/** Half floats, where the runtime has an array of them. */
const Float16Array = (globalThis as { Float16Array?: NumberArrayType }).Float16Array;

/** Bytes of an element. */
export const elementSize = (dtype: TensorDtype): number => TENSOR_TYPES[dtype].size;

/** The stretch of a torch file that tensors are views of. Several may share one. */
export class Storage {
  readonly #file: StorageFile;
  #data: WeakRef<ArrayBuffer> | undefined;

  constructor(
    file: StorageFile,
    /** What the file calls it. */
    readonly key: string,
    readonly dtype: TensorDtype,
    /** The device it was on when it was saved. */
    readonly location: string,
    /** In elements. */
    readonly length: number,
  ) {
    this.#file = file;
  }

  /** Its bytes, read from the file now. @throws ReadError */
  bytes(): Uint8Array {
    return native(() => this.#file.storage(this.key));
  }

  /** Where its bytes lie in a file as they are; undefined where they are compressed or in memory. @throws ReadError */
  place(): { path: string; offset: number; size: number } | undefined {
    return native(() => this.#file.storagePlace(this.key));
  }

  /** Its bytes, the same memory as long as anybody holds it. @throws ReadError */
  get data(): Uint8Array {
    const known = this.#data?.deref();
    if (known) return new Uint8Array(known);
    const bytes = this.bytes();
    // A piece of other memory, as of a tensor that was made here, may be anywhere in it.
    const whole = bytes.byteLength === bytes.buffer.byteLength ? bytes : Uint8Array.from(bytes);
    this.#data = new WeakRef(whole.buffer as ArrayBuffer);
    return whole;
  }
}

const DTYPE_OF: readonly (readonly [new (...args: never[]) => NumberArray, TensorDtype])[] = [
  [Float64Array, 'float64'],
  [Float32Array, 'float32'],
  [BigInt64Array, 'int64'],
  [BigUint64Array, 'uint64'],
  [Int32Array, 'int32'],
  [Uint32Array, 'uint32'],
  [Int16Array, 'int16'],
  [Uint16Array, 'uint16'],
  [Int8Array, 'int8'],
  [Uint8Array, 'uint8'],
];

/** The strides of a tensor of this shape whose elements stand one after another, the last index fastest. */
export function contiguousStride(shape: readonly number[]): number[] {
  return shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * Math.max(b, 1), 1));
}

/** What a tensor is that is made here, not read. */
export interface TensorOptions {
  /** Default: the numbers' own. Needed for those that typed arrays do not tell: float16, bfloat16, bool, complex. */
  dtype?: TensorDtype | undefined;
  requiresGrad?: boolean | undefined;
  isParameter?: boolean | undefined;
}

/** A tensor, described. */
export class Tensor {
  constructor(
    readonly storage: Storage,
    readonly dtype: TensorDtype,
    readonly shape: number[],
    /** In elements, for each dimension. */
    readonly stride: number[],
    /** Of its first element in the storage, in elements. */
    readonly offset: number,
    readonly requiresGrad: boolean,
    /** Whether it was a `torch.nn.Parameter`. */
    readonly isParameter: boolean,
  ) {}

  /**
   * A tensor of these numbers, the last index fastest, for `writeTorch`. The array is not copied; half floats are
   * 16-bit patterns, complex numbers pairs, booleans bytes. @throws RangeError where they are not as many as the shape says
   */
  static from(data: NumberArray, shape: readonly number[] = [data.length], options: TensorOptions = {}): Tensor {
    const dtype = options.dtype ?? DTYPE_OF.find(([type]) => data instanceof type)![1];
    const count = shape.reduce((a, b) => a * b, 1);
    if (data.byteLength !== count * elementSize(dtype)) {
      throw new RangeError(`expected ${count} elements of ${dtype} for the shape [${shape.join(', ')}]`);
    }
    const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    const file = { storage: () => bytes, storagePlace: () => undefined };
    const storage = new Storage(file, '', dtype, 'cpu', count);
    return new Tensor(
      storage,
      dtype,
      [...shape],
      contiguousStride(shape),
      0,
      options.requiresGrad ?? false,
      options.isParameter ?? false,
    );
  }

  /** The number of its elements. */
  get size(): number {
    return this.shape.reduce((a, b) => a * b, 1);
  }

  /** Of its elements. */
  get byteLength(): number {
    return this.size * TENSOR_TYPES[this.dtype].size;
  }

  /** Whether its elements stand one after another in the storage, the last index fastest. */
  get isContiguous(): boolean {
    let step = 1;
    for (let d = this.shape.length - 1; d >= 0; d--) {
      if (this.shape[d] === 0) return true;
      if (this.shape[d] !== 1 && this.stride[d] !== step) return false;
      step *= this.shape[d]!;
    }
    return true;
  }

  /**
   * Its elements, contiguous, the last index fastest: the storage's own memory where they stand there like that, so that
   * views of one storage share it, else a copy. Read when it is asked for. float16 is a Float16Array where the runtime
   * has it, else, as bfloat16 always, 16-bit patterns (see `toFloat32Array`); complex numbers are pairs, booleans bytes.
   * @throws ReadError
   */
  get data(): NumberArray {
    const { size, array } = TENSOR_TYPES[this.dtype];
    const ArrayType = (this.dtype === 'float16' && Float16Array) || array;
    if (!this.isContiguous || this.size === 0) return new ArrayType(this.#packed().buffer as ArrayBuffer);
    const { buffer } = this.storage.data;
    const elements = (this.size * size) / array.prototype.BYTES_PER_ELEMENT;
    return new ArrayType(buffer as ArrayBuffer, this.offset * size, elements);
  }

  /**
   * Its elements as `data` has them, in memory of their own, and half floats always as 16-bit patterns.
   * @throws ReadError
   */
  toTypedArray(): NumberArray {
    return new TENSOR_TYPES[this.dtype].array(this.#packed().buffer as ArrayBuffer);
  }

  /** The numbers of a tensor of half floats (float16, bfloat16) as 32-bit ones. @throws ReadError, TypeError for others */
  toFloat32Array(): Float32Array {
    if (this.dtype !== 'float16' && this.dtype !== 'bfloat16')
      throw new TypeError(`expected half floats, found ${this.dtype}`);
    const widen = this.dtype === 'bfloat16' ? (bits: number) => bits << 16 : halfBits;
    const bits = Uint32Array.from(this.toTypedArray() as Uint16Array, widen);
    return new Float32Array(bits.buffer);
  }

  #packed(): Uint8Array {
    const { size } = TENSOR_TYPES[this.dtype];
    const count = this.size;
    const to = new Uint8Array(count * size);
    if (count === 0) return to;
    const from = this.storage.data;
    if (this.isContiguous) {
      to.set(from.subarray(this.offset * size, (this.offset + count) * size));
      return to;
    }
    const index = new Array<number>(this.shape.length).fill(0);
    let element = this.offset;
    for (let i = 0; i < count; i++) {
      to.set(from.subarray(element * size, (element + 1) * size), i * size);
      for (let d = index.length - 1; d >= 0; d--) {
        element += this.stride[d]!;
        if (++index[d]! < this.shape[d]!) break;
        element -= this.stride[d]! * this.shape[d]!;
        index[d] = 0;
      }
    }
    return to;
  }
}

/** A half float's bits as those of the same 32-bit one. */
function halfBits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 31;
  const mantissa = half & 1023;
  if (exponent === 31) return sign | 0x7f800000 | (mantissa << 13);
  if (exponent) return sign | ((exponent + 112) << 23) | (mantissa << 13);
  if (mantissa === 0) return sign;
  const shift = Math.clz32(mantissa) - 21; // to a leading one
  return sign | ((113 - shift) << 23) | (((mantissa << shift) & 1023) << 13);
}

type Fillable = Map<PythonValue, PythonValue> | Set<PythonValue>;

/** What the native code calls to make the values above. */
export const factories = {
  tuple: () => new Tuple(),
  dict: (ordered: boolean) => (ordered ? new OrderedDict() : new Map<PythonValue, PythonValue>()),
  frozenSet: (frozen: boolean) => (frozen ? new FrozenSet() : new Set<PythonValue>()),
  fill(container: Fillable, items: PythonValue[], attributes?: Map<PythonValue, PythonValue>) {
    if (container instanceof Set) for (const item of items) container.add(item);
    else for (let i = 0; i < items.length; i += 2) container.set(items[i]!, items[i + 1]!);
    if (attributes && container instanceof OrderedDict) container.attributes = attributes;
  },
  complex: (real: number, imaginary: number) => new Complex(real, imaginary),
  dtype: (name: string) => new Dtype(name),
  ndarray: (dtype: string, shape: number[], fortran: boolean, data: Uint8Array | PythonValue[]) =>
    new NDArray(dtype, shape, fortran, data),
  storage: (file: StorageFile, key: string, dtype: TensorDtype, location: string, length: number) =>
    new Storage(file, key, dtype, location, length),
  tensor: (
    storage: Storage,
    dtype: TensorDtype,
    shape: number[],
    stride: number[],
    offset: number,
    requiresGrad: boolean,
    parameter: boolean,
  ) => new Tensor(storage, dtype, shape, stride, offset, requiresGrad, parameter),
  global: (module: string, name: string) => new GlobalReference(module, name),
  object: () => new PythonObject(),
};
