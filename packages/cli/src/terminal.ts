import pc from 'picocolors';
import { ProgressBar } from './progress.js';
import { printable } from './text.js';

/** What asks a command to end: what it has begun is given up in good order. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The reason of what was aborted by Ctrl-C. */
export class Interrupted extends Error {}

export type Colors = ReturnType<typeof pc.createColors>;

function wantsColor(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
}

/** Where a command prints to, and what ends it early. */
export class Terminal {
  json = false;
  exitCode = 0;
  readonly colors: Colors = pc.createColors(wantsColor(process.stdout));
  readonly #errorColors: Colors = pc.createColors(wantsColor(process.stderr));
  readonly #controller = new AbortController();
  readonly #interrupt = () => {
    // The second Ctrl-C waits for nothing.
    if (this.signal.aborted) process.exit(130);
    this.#controller.abort(new Interrupted());
  };

  constructor() {
    for (const signal of SIGNALS) process.on(signal, this.#interrupt);
    for (const stream of [process.stdout, process.stderr]) {
      stream.on('error', (error: NodeJS.ErrnoException) => {
        // Whoever reads has enough: `| head`.
        if (error.code === 'EPIPE') process.exit(0);
        throw error;
      });
    }
  }

  /** Aborted by Ctrl-C, or by whoever else asks the command to end. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Columns that lines should keep within. */
  get width(): number {
    return process.stdout.columns ?? 120;
  }

  /** Prints lines, and ends with the last. */
  async print(...lines: string[]): Promise<void> {
    if (lines.length === 0) return;
    await new Promise<void>((resolve) => process.stdout.write(`${lines.join('\n')}\n`, () => resolve()));
  }

  /** Prints plain data. NaN and infinities become null. */
  async printJson(value: unknown): Promise<void> {
    await this.print(JSON.stringify(value, null, 2));
  }

  warn(message: string): void {
    process.stderr.write(`${this.#errorColors.yellow('warning:')} ${printable(message)}\n`);
  }

  complain(message: string): void {
    process.stderr.write(`${this.#errorColors.red('error:')} ${printable(message)}\n`);
  }

  /** Shows how far work has come while it takes long. */
  async during<T>(
    label: string,
    work: (bar: ProgressBar) => Promise<T>,
    amount?: (done: number) => string,
  ): Promise<T> {
    const bar = new ProgressBar(label, process.stderr, amount);
    try {
      return await this.orInterrupted(work(bar));
    } finally {
      bar.clear();
    }
  }

  /** For work that does not know the signal. */
  orInterrupted<T>(work: Promise<T>): Promise<T> {
    this.signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const abort = () => reject(this.signal.reason);
      this.signal.addEventListener('abort', abort, { once: true });
      work.then(resolve, reject).finally(() => this.signal.removeEventListener('abort', abort));
    });
  }

  dispose(): void {
    for (const signal of SIGNALS) process.off(signal, this.#interrupt);
  }
}
