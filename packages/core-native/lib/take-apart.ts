import { WriteError } from './errors.js';
import {
  Complex,
  CurveDict,
  Dtype,
  elementSize,
  Float32,
  Float64,
  FrozenSet,
  GlobalReference,
  NDArray,
  OrderedDict,
  PythonObject,
  Storage,
  Tensor,
  Tuple,
} from './values.js';

/** What an object is, by the numbers that the native code knows (src/node/torch_writer.cpp). */
const PART = {
  again: 0,
  list: 1,
  tuple: 2,
  dict: 3,
  orderedDict: 4,
  set: 5,
  frozenSet: 6,
  bytes: 7,
  complex: 8,
  float64: 9,
  float32: 10,
  curves: 11,
  tensor: 12,
  storage: 13,
  array: 14,
  dtype: 15,
  instance: 16,
} as const;

/**
 * The reference's classes, which its collection pickles as they are (`simplifies/<folder>.pth`). Their instances are nothing
 * but their state, which whoever reads them takes over without running anything; those of no other class are written.
 */
const REFERENCE_CLASSES: readonly string[] = [
  'nas_201_api.api_utils.ArchResults',
  'nas_201_api.api_utils.ResultsCount',
];

function isReferenceInstance({ callee, args, state, kwargs, items, pairs }: PythonObject): boolean {
  const known = callee instanceof GlobalReference && REFERENCE_CLASSES.includes(String(callee));
  const plain = args instanceof Tuple && args.length === 0 && !kwargs && !items && !pairs;
  return known && plain && state instanceof Map;
}

const flat = (map: Map<unknown, unknown>): unknown[] => {
  const out: unknown[] = [];
  for (const [key, value] of map) out.push(key, value);
  return out;
};

/**
 * Tells the native code what an object is and what it is made of: numbers and texts it takes itself. What is one object
 * within a value is one in the file; storages are one throughout the file.
 */
export class TakeApart {
  /** The storages that were met, in the order of their numbers. */
  readonly storages: { storage: Storage; bytes: number }[] = [];
  readonly #numbers = new Map<Storage, number>();
  readonly #met = new Map<object, number>();

  /** What follows is another value. */
  forget(): void {
    this.#met.clear();
  }

  parts(value: object): unknown[] {
    const known = this.#met.get(value);
    if (known !== undefined) return [PART.again, known];
    if (value instanceof Uint8Array) return [PART.bytes, value];
    if (value instanceof Float64) return [PART.float64, value.value];
    if (value instanceof Float32) return [PART.float32, value.value];
    if (value instanceof Complex) return [PART.complex, value.real, value.imaginary];
    if (value instanceof Dtype) return [PART.dtype, value.name];
    const number = this.#met.size;
    this.#met.set(value, number);
    if (value instanceof CurveDict) {
      return [PART.curves, number, value.curves.flatMap(({ set, values, presence }) => [set, values, presence])];
    }
    if (value instanceof Tuple) return [PART.tuple, number, value];
    if (Array.isArray(value)) return [PART.list, number, value];
    if (value instanceof OrderedDict) return [PART.orderedDict, number, flat(value), value.attributes];
    if (value instanceof Map) return [PART.dict, number, flat(value)];
    if (value instanceof FrozenSet) return [PART.frozenSet, number, [...value]];
    if (value instanceof Set) return [PART.set, number, [...value]];
    if (value instanceof Tensor) {
      const { offset, shape, stride, requiresGrad, isParameter, dtype } = value;
      return [
        PART.tensor,
        number,
        ...this.#storage(value.storage, dtype),
        offset,
        shape,
        stride,
        requiresGrad,
        isParameter,
      ];
    }
    if (value instanceof Storage) return [PART.storage, number, ...this.#storage(value, value.dtype)];
    if (value instanceof NDArray && value.data instanceof Uint8Array) {
      return [PART.array, number, value.dtype, value.shape, value.fortran, value.data];
    }
    if (value instanceof PythonObject && isReferenceInstance(value)) {
      const { module, qualifiedName } = value.callee as GlobalReference;
      return [PART.instance, number, module, qualifiedName, value.state];
    }
    throw new WriteError('UNSUPPORTED_VALUE', '', `cannot write ${described(value)}`);
  }

  #storage(storage: Storage, dtype: Tensor['dtype']): [number: number, dtype: string, bytes: number] {
    const bytes = storage.length * elementSize(storage.dtype);
    let number = this.#numbers.get(storage);
    if (number === undefined) {
      number = this.storages.length;
      this.storages.push({ storage, bytes });
      this.#numbers.set(storage, number);
    }
    return [number, dtype, bytes];
  }
}

function described(value: object): string {
  if (value instanceof GlobalReference) return `the name ${value}: it would be imported by whoever reads it`;
  if (value instanceof PythonObject) {
    return `an instance of ${value.callee}: it would be built by whoever reads it`;
  }
  if (value instanceof NDArray) return `a NumPy array of the type ${value.dtype}`;
  const name = value.constructor?.name ?? 'an object';
  return ArrayBuffer.isView(value)
    ? `a ${name}: make it a tensor with Tensor.from, or a list with Array.from`
    : `a value of the class ${name}; a dict is a Map`;
}
