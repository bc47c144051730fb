import { AtomicFile, type PythonValue, Tensor, type TensorDtype } from 'nas-bench-201';
import { ConvertError } from '../errors.js';

/** The format's names, by the alignment of their elements and its own order: it keeps the widest first. */
const DTYPES: readonly (readonly [TensorDtype, name: string])[] = [
  ['uint64', 'U64'],
  ['int64', 'I64'],
  ['float64', 'F64'],
  ['complex64', 'C64'],
  ['float32', 'F32'],
  ['uint32', 'U32'],
  ['int32', 'I32'],
  ['bfloat16', 'BF16'],
  ['float16', 'F16'],
  ['uint16', 'U16'],
  ['int16', 'I16'],
  ['int8', 'I8'],
  ['uint8', 'U8'],
  ['bool', 'BOOL'],
];
const ORDER = new Map(DTYPES.map(([dtype, name], rank) => [dtype, { name, rank }]));

const ALIGNMENT = 8;

export interface SafetensorsOptions {
  /** What stands in the file beside the tensors. `format: 'pt'` is added, as torch's own writer does. */
  metadata?: Readonly<Record<string, string>> | undefined;
  /** Whether a file of this name may be replaced. Default: false. */
  overwrite?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Writes a state dict as a safetensors file, which appears when it is complete or not at all. Each tensor is contiguous;
 * the format knows no shared storages.
 * @returns the bytes written
 * @throws ConvertError for what is no tensor, or of a type that the format has not; WriteError, ReadError; the signal's
 *   reason where it was aborted
 */
export async function writeSafetensors(
  path: string,
  stateDict: ReadonlyMap<PythonValue, PythonValue>,
  options: SafetensorsOptions = {},
): Promise<number> {
  const { metadata = {}, overwrite = false, signal } = options;
  signal?.throwIfAborted();
  const tensors = [...stateDict].map(([name, tensor]) => {
    if (typeof name !== 'string' || !(tensor instanceof Tensor)) {
      throw new ConvertError(
        'UNSUPPORTED_VALUE',
        `expected a tensor by its name, found ${typeof name === 'string' ? name : 'another key'}`,
      );
    }
    const dtype = ORDER.get(tensor.dtype);
    if (!dtype) throw new ConvertError('UNSUPPORTED_VALUE', `safetensors has no type for ${name}, of ${tensor.dtype}`);
    return { name, tensor, dtype };
  });
  const byName = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
  tensors.sort((a, b) => a.dtype.rank - b.dtype.rank || byName(a.name, b.name));
  const header: Record<string, unknown> = { __metadata__: { format: 'pt', ...metadata } };
  let end = 0;
  for (const { name, tensor, dtype } of tensors) {
    const begin = end;
    end += tensor.byteLength;
    Object.defineProperty(header, name, {
      value: { dtype: dtype.name, shape: tensor.shape, data_offsets: [begin, end] },
      enumerable: true,
    });
  }
  const text = Buffer.from(JSON.stringify(header));
  const padded = text.length + ((ALIGNMENT - (text.length % ALIGNMENT)) % ALIGNMENT);
  const head = Buffer.alloc(8 + padded, ' ');
  head.writeBigUInt64LE(BigInt(padded));
  text.copy(head, 8);
  const file = await AtomicFile.create(path, { overwrite });
  try {
    await file.write(head);
    for (const { tensor } of tensors) {
      signal?.throwIfAborted();
      const { buffer, byteOffset, byteLength } = tensor.data;
      await file.write(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength));
    }
    await file.commit();
  } catch (error) {
    await file.discard();
    throw error;
  }
  return head.length + end;
}
