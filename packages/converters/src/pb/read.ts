import type { BenchmarkSource } from '../benchmark/source.js';
import { readError } from '../errors.js';
import type { Bytes } from '../registry.js';
import { decodeArchitecture, decodeHeader } from './decode.js';
import { BENCHMARK } from './schema.js';

/** What one message may be long: a record is 0.3 MB, the header of the size space 1 MB. */
export const MAX_MESSAGE = 1 << 28;

/** Decodes a message; what is wrong with it is a `ReadError` that says where. */
export function decoded<T>(file: string, offset: number, bytes: Uint8Array, decode: (bytes: Uint8Array) => T): T {
  try {
    return decode(bytes);
  } catch (error) {
    throw readError('BAD_RECORD', file, offset, (error as Error).message, error);
  }
}

interface Message {
  tag: number;
  bytes: Uint8Array;
  /** Of its first byte in the file. */
  offset: number;
}

/** The messages that stand one behind another in a file. */
async function* messages(file: string, bytes: Bytes): AsyncGenerator<Message> {
  let rest: Uint8Array = new Uint8Array(0);
  let offset = 0;
  for await (const piece of bytes) {
    rest = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    for (;;) {
      const head = readHead(file, offset, rest);
      if (!head || head.from + head.length > rest.length) break;
      yield { tag: head.tag, bytes: rest.subarray(head.from, head.from + head.length), offset: offset + head.from };
      rest = rest.subarray(head.from + head.length);
      offset += head.from + head.length;
    }
  }
  if (rest.length > 0)
    throw readError('TRUNCATED', file, offset + rest.length, 'expected the rest of a message, found the end');
}

/** A message's tag and length; undefined where more bytes are needed for that. */
export function readHead(
  file: string,
  offset: number,
  bytes: Uint8Array,
): { tag: number; from: number; length: number } | undefined {
  const tag = bytes[0];
  if (tag === undefined) return undefined;
  if (tag !== BENCHMARK.header && tag !== BENCHMARK.architectures) {
    throw readError('BAD_RECORD', file, offset, `expected a header or an architecture, found the byte ${tag}`);
  }
  let length = 0;
  for (let from = 1; from < 6; from++) {
    const byte = bytes[from];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 2 ** (7 * (from - 1));
    if (byte < 0x80) {
      if (length <= MAX_MESSAGE) return { tag, from: from + 1, length };
      break;
    }
  }
  throw readError('BAD_LENGTH', file, offset, `expected a message of at most ${MAX_MESSAGE} bytes`);
}

/** Reads a `.pb` from its beginning to its end. @throws ReadError */
export async function readPb(file: string, bytes: Bytes): Promise<BenchmarkSource> {
  const stream = messages(file, bytes);
  const first = (await stream.next()).value as Message | undefined;
  if (first?.tag !== BENCHMARK.header) throw readError('NOT_A_BENCHMARK', file, 0, 'expected a header first');
  return {
    header: decoded(file, first.offset, first.bytes, decodeHeader),
    async *records({ archs, signal } = {}) {
      const wanted = archs && new Set(archs);
      for await (const message of stream) {
        signal?.throwIfAborted();
        if (message.tag !== BENCHMARK.architectures) {
          throw readError('BAD_RECORD', file, message.offset, 'expected an architecture, found a second header');
        }
        const record = decoded(file, message.offset, message.bytes, decodeArchitecture);
        if (!wanted || wanted.has(record.index)) yield [record];
      }
    },
    close: () => void stream.return(undefined),
  };
}
