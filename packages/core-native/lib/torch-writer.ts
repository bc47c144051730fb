import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { AtomicFile } from './atomic-file.js';
import { checkedPath, WriteError } from './errors.js';
import { type NativeTorchWriter, reader } from './native.js';
import { TakeApart } from './take-apart.js';
import type { CurveDict, Float32, Float64, PythonValue } from './values.js';

/** What `writeTorch` writes: what `readTorch` gives, and what says more about numbers than JavaScript does. */
export type WritableValue =
  | PythonValue
  | Float64
  | Float32
  | CurveDict
  | WritableValue[]
  | WritableDict
  | Set<WritableValue>;
interface WritableDict extends Map<WritableValue, WritableValue> {}

/** A value that may be too large to hold at once. */
export type StreamableValue = WritableValue | DictStream | ListStream;

type Source<T> = Iterable<T> | AsyncIterable<T>;

/** A dict whose entries are made while it is written. In order of need: a value may be a stream in its turn. */
export class DictStream {
  constructor(
    readonly entries: Source<readonly [key: WritableValue, value: StreamableValue]>,
    /** Whether it is an OrderedDict. */
    readonly options: { ordered?: boolean } = {},
  ) {}
}

/** A list whose items are made while it is written. */
export class ListStream {
  constructor(readonly items: Source<StreamableValue>) {}
}

export interface WriteTorchOptions {
  /**
   * `zip`: torch's own since 1.6. `legacy`: what torch wrote before, and what the published benchmark files are.
   * `pickle`: without a container, and without tensors. Default: `zip`.
   */
  container?: 'zip' | 'legacy' | 'pickle' | undefined;
  /** `numpy`: a `Float32` is written as NumPy's scalar, which `weights_only=True` refuses. Default: `python`, a float. */
  float32?: 'python' | 'numpy' | undefined;
  /** Whether a file of this name may be replaced. Default: false. */
  overwrite?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** Bytes that are collected before they are handed on. */
const PIECE = 2 ** 22;

/** Where the bytes go. */
interface Sink {
  write(bytes: Uint8Array): Promise<void>;
  commit(): Promise<void>;
  discard(): Promise<void>;
}

/** A stream of the caller's, which is left open. */
class StreamSink implements Sink {
  readonly #stream: Writable;
  #failure: unknown;
  readonly #onError = (error: unknown) => {
    this.#failure ??= error;
  };

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on('error', this.#onError);
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#stream.destroyed)
      this.#failure ??= new WriteError('IO', '', 'the output was closed before all was written');
    if (this.#failure) throw this.#failure;
    if (!this.#stream.write(bytes)) await Promise.race([once(this.#stream, 'drain'), once(this.#stream, 'close')]);
    if (this.#failure) throw this.#failure;
  }

  async commit(): Promise<void> {
    this.#stream.off('error', this.#onError);
    if (this.#failure) throw this.#failure;
  }

  async discard(): Promise<void> {
    this.#stream.off('error', this.#onError);
  }
}

/**
 * Writes a value as `torch.save` would, or as a bare pickle, both of protocol 2: `torch.load` reads it, and with
 * `weights_only=True` too where it holds nothing but tensors and plain values. Whole numbers become ints, others floats
 * (see `Float64`); what is one object is one in the file, within an entry or item of a stream; storages are shared
 * throughout. Tensors are written as of the device `cpu`.
 *
 * A file appears under its name when it is complete, or not at all. A stream gets the bytes as they are made and is left
 * open. With `DictStream` and `ListStream` memory stays within what one entry needs.
 * @param target a path, or a stream
 * @returns the bytes written
 * @throws WriteError; the signal's reason where it was aborted; what a stream of entries throws
 */
export async function writeTorch(
  target: string | Writable,
  value: StreamableValue,
  options: WriteTorchOptions = {},
): Promise<number> {
  const { container = 'zip', float32 = 'python', overwrite = false, signal } = options;
  signal?.throwIfAborted();
  const name = typeof target === 'string' ? checkedPath(target) : '';
  const apart = new TakeApart();
  const writer = new reader.TorchWriter(container, float32 === 'numpy', (object) => apart.parts(object));
  const sink: Sink =
    typeof target === 'string' ? await AtomicFile.create(target, { overwrite }) : new StreamSink(target);
  try {
    const bytes = await new Writing(writer, apart, sink, signal).all(value);
    await sink.commit();
    return bytes;
  } catch (error) {
    await sink.discard();
    throw unwritable(error)
      ? new WriteError('UNSUPPORTED_VALUE', name, `cannot write ${error.message}`)
      : named(error, name);
  }
}

const unwritable = (error: unknown): error is Error => error instanceof Error && 'unwritable' in error;
const named = (error: unknown, name: string) =>
  error instanceof WriteError && !error.file && name ? new WriteError(error.code, name, error.message) : error;

class Writing {
  #bytes = 0;

  constructor(
    readonly writer: NativeTorchWriter,
    readonly apart: TakeApart,
    readonly sink: Sink,
    readonly signal: AbortSignal | undefined,
  ) {}

  async all(value: StreamableValue): Promise<number> {
    await this.#value(value);
    this.writer.endValue();
    for (const { storage } of this.apart.storages) {
      this.writer.storage(storage.bytes());
      await this.#handOn();
    }
    this.writer.finish();
    await this.#handOn(0);
    return this.#bytes;
  }

  async #value(value: StreamableValue): Promise<void> {
    if (value instanceof DictStream) {
      this.writer.open(value.options.ordered ? 'ordered-dict' : 'dict');
      for await (const [key, item] of value.entries) {
        this.#plain(key);
        await this.#value(item);
      }
      this.writer.close();
    } else if (value instanceof ListStream) {
      this.writer.open('list');
      for await (const item of value.items) await this.#value(item);
      this.writer.close();
    } else {
      this.#plain(value);
      await this.#handOn();
    }
  }

  #plain(value: WritableValue): void {
    this.apart.forget();
    this.writer.write(value);
  }

  async #handOn(most = PIECE): Promise<void> {
    this.signal?.throwIfAborted();
    if (this.writer.ready() <= most) return;
    const bytes = this.writer.take();
    this.#bytes += bytes.length;
    await this.sink.write(bytes);
  }
}
