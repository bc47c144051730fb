import { bytesText, durationText } from './text.js';

/** Work that is done sooner shows no bar. */
const PATIENCE_MS = 300;
const REDRAW_MS = 80;
const CELLS = 20;

/** A line that is drawn over and over, on a terminal only. */
export class ProgressBar {
  readonly #began = performance.now();
  #drawn = 0;

  constructor(
    readonly label: string,
    readonly stream: NodeJS.WriteStream,
    /** How an amount of the work is said. */
    readonly amount: (done: number) => string = bytesText,
  ) {}

  update(done: number, total: number, note = ''): void {
    const now = performance.now();
    const elapsed = now - this.#began;
    if (!this.stream.isTTY || elapsed < PATIENCE_MS || now - this.#drawn < REDRAW_MS) return;
    this.#drawn = now;
    const share = total > 0 ? Math.min(1, done / total) : 0;
    const full = Math.round(share * CELLS);
    const seconds = Math.ceil(((elapsed / 1000) * (1 - share)) / Math.max(share, 0.001));
    const parts = [
      this.label,
      `${'█'.repeat(full)}${'░'.repeat(CELLS - full)}`,
      `${String(Math.floor(share * 100)).padStart(3)} %`,
      share > 0.02 && share < 1 ? `${durationText(seconds)} left` : '',
      `${this.amount(done)} of ${this.amount(total)}`,
      note,
    ];
    const line = parts.filter((part) => part !== '').join('  ');
    this.stream.write(`\r\x1b[K${line.slice(0, (this.stream.columns || 80) - 1)}`);
  }

  clear(): void {
    if (this.#drawn) this.stream.write('\r\x1b[K');
    this.#drawn = 0;
  }
}
