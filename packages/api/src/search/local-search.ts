import type { SearchMethod } from './algorithm.js';

export interface LocalSearchOptions {
  /** `best`: all neighbours are evaluated, and the best is gone to. `first`: the first that is better is gone to. */
  step: 'best' | 'first';
}

/**
 * Local search (White et al., UAI 2021): from an architecture at random to a better neighbour, over and over, where
 * neighbours differ in one edge; where none is better, again from another at random. Neighbours are tried in random
 * order, and what was evaluated before is not evaluated, or paid for, again.
 */
export function localSearch({ step }: LocalSearchOptions): SearchMethod {
  return ({ space, random }) => {
    const seen = new Map<number, number>();
    /** Where it stands; undefined before a start. */
    let current: number | undefined;
    let better: number | undefined;
    let ahead: number[] = [];

    const accuracy = (index: number) => seen.get(index)!;
    const moveTo = (index: number) => {
      current = index;
      better = undefined;
      ahead = space.neighbours(index);
      random.shuffle(ahead);
    };
    const consider = (index: number) => {
      if (accuracy(index) > accuracy(better ?? current!)) better = index;
    };

    return {
      suggest() {
        if (seen.size === space.size) return undefined;
        for (;;) {
          if (current === undefined) {
            const start = space.random(random);
            if (!seen.has(start)) return start;
            moveTo(start);
          }
          while (ahead.length > 0 && !(step === 'first' && better !== undefined)) {
            const next = ahead.pop()!;
            if (!seen.has(next)) return next;
            consider(next);
          }
          if (better === undefined) current = undefined;
          else moveTo(better);
        }
      },
      observe({ index, accuracy: value }) {
        seen.set(index, value);
        if (current === undefined) moveTo(index);
        else consider(index);
      },
    };
  };
}
