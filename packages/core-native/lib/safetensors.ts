import { closeSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { AtomicFile } from './atomic-file.js';
import { checkedPath, ReadError, type ReadErrorCode, WriteError } from './errors.js';
import { contiguousStride, elementSize, type PythonValue, Storage, Tensor, type TensorDtype } from './values.js';

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
const DTYPE_OF = new Map(DTYPES.map(([dtype, name]) => [name, dtype]));

const ALIGNMENT = 8;
/** Bytes of a header; the format's own limit. */
const LONGEST_HEADER = 100_000_000;

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
 * @throws WriteError, `UNSUPPORTED_VALUE` for what is no tensor, or of a type that the format has not; ReadError; the
 *   signal's reason where it was aborted
 */
export async function writeSafetensors(
  path: string,
  stateDict: ReadonlyMap<PythonValue, PythonValue>,
  options: SafetensorsOptions = {},
): Promise<number> {
  const { metadata = {}, overwrite = false, signal } = options;
  checkedPath(path);
  signal?.throwIfAborted();
  const tensors = [...stateDict].map(([name, tensor]) => {
    if (typeof name !== 'string' || !(tensor instanceof Tensor)) {
      throw new WriteError(
        'UNSUPPORTED_VALUE',
        path,
        `expected a tensor by its name, found ${typeof name === 'string' ? name : 'another key'}`,
      );
    }
    const dtype = ORDER.get(tensor.dtype);
    if (!dtype)
      throw new WriteError('UNSUPPORTED_VALUE', path, `safetensors has no type for ${name}, of ${tensor.dtype}`);
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

/** What a safetensors file holds. */
export interface Safetensors {
  metadata: Record<string, string>;
  /** By name, in the order of the file; their values are read when they are asked for. */
  tensors: Map<string, Tensor>;
}

/**
 * Reads the header of a safetensors file: which tensors it holds, and where. Every length in it is checked, and that the
 * tensors fill the file without a gap. @throws ReadError, TypeError
 */
export async function readSafetensors(path: string): Promise<Safetensors> {
  checkedPath(path);
  const fail = (code: ReadErrorCode, offset: number, detail: string, cause?: unknown): never => {
    throw new ReadError(code, path, offset, `${path}: byte ${offset}: ${detail}`, { cause });
  };
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const info = await file.stat();
    if (!info.isFile()) fail('NOT_A_FILE', 0, 'expected a regular file');
    const { size } = info;
    if (size < 8) fail('TRUNCATED', size, 'expected the length of a safetensors header');
    const length = Number((await filled(file, 8, 0)).readBigUInt64LE());
    if (length > LONGEST_HEADER) fail('NOT_RECOGNIZED', 0, `expected a header of at most ${LONGEST_HEADER} bytes`);
    if (length > size - 8) fail('TRUNCATED', size, `expected a safetensors header of ${length} bytes`);
    const header = headerOf((await filled(file, length, 8)).toString(), (detail, cause) =>
      fail('NOT_RECOGNIZED', 8, detail, cause),
    );
    return described(path, header, 8 + length, size, (detail) => fail('BAD_TENSOR', 8, detail));
  } catch (error) {
    if (typeof (error as NodeJS.ErrnoException).syscall !== 'string') throw error;
    return fail('IO', 0, `cannot be read: ${(error as Error).message}`, error);
  } finally {
    await file?.close();
  }
}

async function filled(file: FileHandle, length: number, position: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

function headerOf(text: string, fail: (detail: string, cause?: unknown) => never): [string, unknown][] {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (error) {
    fail('expected a safetensors header, an object in JSON', error);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) fail('expected an object as the header');
  return Object.entries(header as object);
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function described(
  path: string,
  header: [string, unknown][],
  dataAt: number,
  size: number,
  fail: (detail: string) => never,
): Safetensors {
  const metadata: Record<string, string> = {};
  const found: { name: string; dtype: TensorDtype; shape: number[]; begin: number; end: number }[] = [];
  for (const [name, value] of header) {
    if (name === '__metadata__') {
      for (const [key, text] of Object.entries((value ?? {}) as object)) {
        if (typeof text !== 'string') fail(`expected the metadata ${key} as text`);
        Object.defineProperty(metadata, key, { value: text, enumerable: true });
      }
      continue;
    }
    const { dtype: called, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
    const dtype = DTYPE_OF.get(called as string) ?? fail(`the tensor ${name} is of a type that is not known here`);
    if (!Array.isArray(shape) || !shape.every(isCount)) fail(`expected the tensor ${name} to have a shape`);
    if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
      fail(`expected the tensor ${name} to have a begin and an end`);
    }
    const [begin, end] = offsets as [number, number];
    const bytes = (shape as number[]).reduce((a, b) => a * b, elementSize(dtype));
    if (end - begin !== bytes) fail(`expected ${bytes} bytes of the tensor ${name}, found ${end - begin}`);
    found.push({ name, dtype, shape: shape as number[], begin, end });
  }
  found.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { name, begin, end } of found) {
    if (begin !== at) fail(`expected the tensor ${name} at byte ${at} of the data, found it at ${begin}`);
    at = end;
  }
  if (at !== size - dataAt) fail(`expected ${at} bytes of data, found ${size - dataAt}`);
  const tensors = new Map<string, Tensor>();
  for (const { name, dtype, shape, begin, end } of found) {
    const place = { path, offset: dataAt + begin, size: end - begin };
    const source = { storage: () => bytesAt(place), storagePlace: () => place };
    const count = place.size / elementSize(dtype);
    tensors.set(
      name,
      new Tensor(
        new Storage(source, name, dtype, 'cpu', count),
        dtype,
        shape,
        contiguousStride(shape),
        0,
        false,
        false,
      ),
    );
  }
  return { metadata, tensors };
}

function bytesAt({ path, offset, size }: { path: string; offset: number; size: number }): Uint8Array {
  const bytes = new Uint8Array(size);
  const file = openSync(path, 'r');
  try {
    for (let at = 0; at < size; ) {
      const count = readSync(file, bytes, at, size - at, offset + at);
      if (count === 0) {
        throw new ReadError('CHANGED', path, offset + at, `${path}: byte ${offset + at}: the file shrank`);
      }
      at += count;
    }
  } finally {
    closeSync(file);
  }
  return bytes;
}
