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

const TENSOR_TYPES: Record<TensorDtype, { size: number; make: (bytes: ArrayBuffer) => NumberArray }> = {
  float64: { size: 8, make: (b) => new Float64Array(b) },
  float32: { size: 4, make: (b) => new Float32Array(b) },
  float16: { size: 2, make: (b) => new Uint16Array(b) },
  bfloat16: { size: 2, make: (b) => new Uint16Array(b) },
  int64: { size: 8, make: (b) => new BigInt64Array(b) },
  int32: { size: 4, make: (b) => new Int32Array(b) },
  int16: { size: 2, make: (b) => new Int16Array(b) },
  int8: { size: 1, make: (b) => new Int8Array(b) },
  uint64: { size: 8, make: (b) => new BigUint64Array(b) },
  uint32: { size: 4, make: (b) => new Uint32Array(b) },
  uint16: { size: 2, make: (b) => new Uint16Array(b) },
  uint8: { size: 1, make: (b) => new Uint8Array(b) },
  bool: { size: 1, make: (b) => new Uint8Array(b) },
  complex64: { size: 8, make: (b) => new Float32Array(b) },
  complex128: { size: 16, make: (b) => new Float64Array(b) },
};

/** The file that a storage is in. */
interface StorageFile {
  storage(key: string): Uint8Array;
  storagePlace(key: string): { path: string; offset: number; size: number } | undefined;
}

/** The stretch of a torch file that tensors are views of. Several may share one. */
export class Storage {
  readonly #file: StorageFile;

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
   * Its elements, contiguous, the last index fastest, read from the file now. Half floats (float16, bfloat16) stay
   * 16-bit patterns, complex numbers are pairs, booleans bytes.
   * @throws ReadError
   */
  toTypedArray(): NumberArray {
    const { size, make } = TENSOR_TYPES[this.dtype];
    const count = this.shape.reduce((a, b) => a * b, 1);
    const from = this.storage.bytes();
    const to = new Uint8Array(count * size);
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
    return make(to.buffer);
  }
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
