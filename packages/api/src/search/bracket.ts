/** A run of a bracket: which candidate, on which rung. */
export interface BracketRun<T> {
  candidate: T;
  /** By the number in which the bracket drew it, from 0. */
  number: number;
  rung: number;
}

/**
 * A bracket of successive halving (Jamieson and Talwalkar, 2016): so many candidates on the first rung, the best of them
 * on the next, and so on. Of equals the earlier are better.
 */
export class Bracket<T, R extends { loss: number }> {
  readonly #results: { run: BracketRun<T>; result: R }[] = [];
  #waiting: BracketRun<T>[] = [];
  #drawn = 0;
  #rung = 0;

  constructor(
    /** How many run on each rung. */
    readonly counts: readonly number[],
    readonly draw: () => T,
    /** What is made of a candidate that goes on. */
    readonly promote: (candidate: T, result: R) => T = (candidate) => candidate,
  ) {}

  /** What is to run next; undefined at the end. Each run has to be reported before the next is asked for. */
  next(): BracketRun<T> | undefined {
    if (this.#drawn < this.counts[0]!) {
      return { candidate: this.draw(), number: this.#drawn++, rung: 0 };
    }
    if (this.#waiting.length === 0 && this.#rung + 1 < this.counts.length) {
      this.#rung++;
      const best = this.#results
        .splice(0)
        .sort((a, b) => a.result.loss - b.result.loss)
        .slice(0, this.counts[this.#rung])
        .sort((a, b) => a.run.number - b.run.number);
      this.#waiting = best.map(({ run: { candidate, number }, result }) => {
        return { candidate: this.promote(candidate, result), number, rung: this.#rung };
      });
    }
    return this.#waiting.shift();
  }

  report(run: BracketRun<T>, result: R): void {
    this.#results.push({ run, result });
  }
}
