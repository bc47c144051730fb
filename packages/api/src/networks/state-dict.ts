import {
  contiguousStride,
  type FilePlace,
  type NativeStateDict,
  type NativeWeight,
  NetworkError,
  type NumberArray,
  OrderedDict,
  type PythonValue,
  type Storage,
  Tensor,
  type TensorDtype,
} from '@nas-bench-201/core-native';

/** A network's tensors by name, in the reference's order; an `OrderedDict`, as torch's is. */
export type StateDict = Map<string, Tensor>;

/** A tensor as numbers of one's own. Strides and offset in elements; default: contiguous, at the beginning. */
export interface StateTensor {
  dtype: TensorDtype;
  shape: number[];
  stride?: number[];
  offset?: number;
  data: NumberArray;
}

/** What a network takes as weights: a state dict of its own, or one that was read from a file. */
export type StateDictSource = ReadonlyMap<PythonValue, PythonValue> | ReadonlyMap<string, Tensor | StateTensor>;

/** As the addon gives them: tensors over its bytes. */
export function stateDictOf(weights: readonly NativeWeight[]): StateDict {
  const tensors = weights.map(({ name, dtype, shape, bytes }): [string, Tensor] => {
    const buffer = bytes.buffer as ArrayBuffer;
    return [name, Tensor.from(dtype === 'int64' ? new BigInt64Array(buffer) : new Float32Array(buffer), shape)];
  });
  return new OrderedDict(tensors) as Map<PythonValue, PythonValue> as StateDict;
}

/**
 * As the addon takes them. A tensor of a file is described by where its bytes lie, and read by the addon itself.
 * @throws NetworkError BAD_TENSOR, ReadError
 */
export function nativeState(source: StateDictSource): NativeStateDict {
  if (!(source instanceof Map)) throw new TypeError('expected a state dict: a Map of names and tensors');
  const storages: (Uint8Array | FilePlace)[] = [];
  const known = new Map<Storage, number>();
  const storageOf = (storage: Storage): number => {
    const number = known.get(storage) ?? storages.push(storage.place() ?? storage.bytes()) - 1;
    known.set(storage, number);
    return number;
  };
  const tensors = [...(source as Map<unknown, unknown>)].map(([name, value]) => {
    if (typeof name !== 'string') throw new NetworkError('BAD_TENSOR', 'expected the names of tensors as text');
    if (value instanceof Tensor) {
      const { dtype, shape, stride, offset, storage } = value;
      return { name, dtype, shape, stride, offset, storage: storageOf(storage) };
    }
    const { dtype, shape, stride, offset = 0, data } = (value ?? {}) as Partial<StateTensor>;
    if (!dtype || !Array.isArray(shape) || !ArrayBuffer.isView(data)) {
      throw new NetworkError('BAD_TENSOR', `expected ${name} to be a tensor`);
    }
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return { name, dtype, shape, stride: stride ?? contiguousStride(shape), offset, storage: storages.push(bytes) - 1 };
  });
  return { storages, tensors };
}
