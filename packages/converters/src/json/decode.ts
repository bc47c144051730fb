import {
  Complex,
  Dtype,
  FrozenSet,
  GlobalReference,
  NDArray,
  OrderedDict,
  PythonObject,
  type PythonValue,
  Tuple,
} from 'nas-bench-201';

type Decoder = (inner: never) => PythonValue;

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));
const list = (items: unknown[]) => items.map(decodeJson);
const number = (text: string) => Number(text.replace('inf', 'Infinity'));

const DECODERS: Record<string, Decoder> = {
  $int: (text: string) => BigInt(text),
  $float: number,
  $complex: ([re, im]: [unknown, unknown]) => new Complex(decodeJson(re) as number, decodeJson(im) as number),
  $tuple: (items: unknown[]) => Tuple.from(list(items)) as Tuple,
  $set: (items: unknown[]) => new Set(list(items)),
  $frozenset: (items: unknown[]) => new FrozenSet(list(items)),
  $map: (pairs: [unknown, unknown][]) => new Map(pairs.map(([key, item]) => [decodeJson(key), decodeJson(item)])),
  $bytes: bytesOf,
  $dtype: (name: string) => new Dtype(name),
  $global: (name: string) => {
    const dot = name.lastIndexOf('.');
    return new GlobalReference(name.slice(0, dot), name.slice(dot + 1));
  },
  $ndarray: (of: { dtype: string; shape: number[]; fortran: boolean; data?: string; items?: unknown[] }) =>
    new NDArray(of.dtype, of.shape, of.fortran, of.items ? list(of.items) : bytesOf(of.data ?? '')),
  $object: (parts: Record<string, unknown>) =>
    Object.assign(
      new PythonObject(),
      Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, decodeJson(part)])),
    ),
};

/**
 * What `encodeJson` wrote, after `JSON.parse`, as the value that it was. Written with `shared: 'copy'`: references are
 * not followed. Tensors and storages stay the objects that describe them.
 */
export function decodeJson(written: unknown): PythonValue {
  if (written === null || typeof written !== 'object') return written as PythonValue;
  if (Array.isArray(written)) return list(written);
  const entries = Object.entries(written);
  const [name, inner] = entries[0] ?? [''];
  if (name === '$odict') {
    const dict = new OrderedDict(decodeJson(inner) as Map<PythonValue, PythonValue>);
    dict.attributes = decodeJson((written as { attributes: unknown }).attributes) as Map<PythonValue, PythonValue>;
    return dict;
  }
  const decoder = entries.length === 1 && Object.hasOwn(DECODERS, name) ? DECODERS[name] : undefined;
  return decoder ? decoder(inner as never) : new Map(entries.map(([key, item]) => [key, decodeJson(item)]));
}
