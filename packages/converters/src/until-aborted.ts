/**
 * The same pieces, until the signal is aborted: also while one is waited for, which of a pipe may take for ever.
 * @throws the signal's reason where it was aborted
 */
export async function* untilAborted<T>(pieces: AsyncIterable<T>, signal?: AbortSignal): AsyncGenerator<T> {
  if (!signal) return yield* pieces;
  const waiting = pieces[Symbol.asyncIterator]();
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
  aborted.catch(() => {});
  try {
    for (;;) {
      const next = await Promise.race([waiting.next(), aborted]);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', abort);
    // What is under way ends when it can; nobody waits for it.
    void waiting.return?.(undefined)?.catch(() => {});
  }
}
