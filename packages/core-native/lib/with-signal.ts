import { fromNative } from './errors.js';
import type { Abortable } from './native.js';

/**
 * Settles as the work on another thread does, or rejects with the signal's reason once that is aborted.
 * @param readable what is thrown in the place of what native code reports
 */
export async function withSignal<T>(
  start: () => Abortable<T>,
  signal?: AbortSignal,
  readable: (error: unknown) => unknown = fromNative,
): Promise<T> {
  signal?.throwIfAborted();
  let abort: (() => void) | undefined;
  try {
    const work = start();
    abort = () => work.abort();
    signal?.addEventListener('abort', abort, { once: true });
    return await work.promise;
  } catch (error) {
    const failure = readable(error);
    if (signal?.aborted && (failure as { code?: unknown } | null)?.code === 'ABORTED') throw signal.reason;
    throw failure;
  } finally {
    if (abort) signal?.removeEventListener('abort', abort);
  }
}
