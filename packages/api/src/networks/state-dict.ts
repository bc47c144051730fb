import {
  type FilePlace,
  type NativeStateDict,
  type NativeWeight,
  NetworkError,
  type NumberArray,
  type PythonValue,
  type Storage,
  Tensor,
  type TensorDtype,
} from '@nas-bench-201/core-native';

/** A tensor of a state dict with its values; strides and offset in elements. */
export interface StateTensor {
  dtype: TensorDtype;
  shape: number[];
  stride: number[];
  offset: number;
  data: NumberArray;
  /** Whether it is learnt; else it is a buffer: a batch norm's running statistics. */
  parameter: boolean;
}

export type StateDict = Map<string, StateTensor>;

/** What a network takes as weights: a state dict of its own, or one that was read from a file. */
export type StateDictSource =
  | ReadonlyMap<PythonValue, PythonValue>
  | ReadonlyMap<string, Pick<StateTensor, 'dtype' | 'shape' | 'data'> & Partial<StateTensor>>;

/** The strides of a contiguous tensor. */
function stridesOf(shape: readonly number[]): number[] {
  let stride = 1;
  return shape
    .map((_, i) => {
      const size = shape[shape.length - 1 - i]!;
      const own = stride;
      stride *= size;
      return own;
    })
    .reverse();
}

/** As the addon gives them, with typed arrays over their bytes. */
export function stateDictOf(weights: readonly NativeWeight[]): StateDict {
  return new Map(
    weights.map(({ name, dtype, shape, parameter, bytes }) => {
      const buffer = bytes.buffer as ArrayBuffer;
      const data = dtype === 'int64' ? new BigInt64Array(buffer) : new Float32Array(buffer);
      return [name, { dtype, shape, stride: stridesOf(shape), offset: 0, data, parameter }];
    }),
  );
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
    return { name, dtype, shape, stride: stride ?? stridesOf(shape), offset, storage: storages.push(bytes) - 1 };
  });
  return { storages, tensors };
}
