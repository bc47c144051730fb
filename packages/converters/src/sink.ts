import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { ConvertError } from './errors.js';

/**
 * Writes pieces one after another, each when the sink has room for it, and leaves the sink open.
 * @returns the bytes written
 * @throws what the sink reports, or the signal's reason where it was aborted
 */
export async function writePieces(pieces: Iterable<string>, sink: Writable, signal?: AbortSignal): Promise<number> {
  const ended = new AbortController();
  let failure: unknown;
  const fail = (error: unknown) => {
    failure ??= error;
    ended.abort();
  };
  const onClose = () => fail(new ConvertError('SINK_CLOSED', 'the output was closed before all was written'));
  const onAbort = () => fail(signal!.reason);
  sink.on('error', fail);
  sink.on('close', onClose);
  signal?.addEventListener('abort', onAbort, { once: true });
  let bytes = 0;
  try {
    if (signal?.aborted) throw signal.reason;
    for (const piece of pieces) {
      if (sink.destroyed) onClose();
      if (failure !== undefined) throw failure;
      bytes += Buffer.byteLength(piece);
      if (!sink.write(piece)) await once(sink, 'drain', { signal: ended.signal });
      // A sink that is always ready must not keep signals and timers waiting.
      await setImmediate();
    }
    if (failure !== undefined) throw failure;
    return bytes;
  } catch (error) {
    throw failure ?? error;
  } finally {
    sink.off('error', fail);
    sink.off('close', onClose);
    signal?.removeEventListener('abort', onAbort);
  }
}
