import { PRESENCE } from '@nas-bench-201/core-native';
import { QueryError } from '../errors.js';

/** A number of a record, and whether it is a 32-bit float there: NumPy rounds the means of such to 32 bits. */
export interface Measured {
  value: number;
  single: boolean;
}

/** One curve: a number an epoch, some of which may be missing. */
export class Series {
  #running: Float64Array | undefined;

  constructor(
    /** One an epoch. */
    readonly values: Float64Array,
    /** For each epoch 0 (missing), 1 (there) or 2 (there, as a 32-bit float); absent where all are there. */
    readonly presence?: Uint8Array | undefined,
    /** All numbers in the record's own order, where that is not the order of the epochs. */
    readonly inOrder?: Float64Array | undefined,
  ) {}

  static constant(value: number, epochs: number): Series {
    return new Series(new Float64Array(epochs).fill(value));
  }

  /** Entries by epoch; epochs outside 0 to `epochs` - 1 are kept in `inOrder` alone. */
  static from(entries: Iterable<readonly [number, Measured]>, epochs: number): Series {
    const values = new Float64Array(epochs);
    const presence = new Uint8Array(epochs);
    const order: number[] = [];
    let ordered = true;
    for (const [epoch, { value, single }] of entries) {
      ordered &&= epoch === order.length && epoch < epochs;
      order.push(value);
      if (epoch < 0 || epoch >= epochs) continue;
      values[epoch] = value;
      presence[epoch] = single ? PRESENCE.single : PRESENCE.there;
    }
    const complete = presence.every((p) => p === PRESENCE.there);
    return new Series(values, complete ? undefined : presence, ordered ? undefined : Float64Array.from(order));
  }

  has(epoch: number): boolean {
    return epoch >= 0 && epoch < this.values.length && this.presence?.[epoch] !== PRESENCE.missing;
  }

  at(epoch: number): Measured | undefined {
    if (!this.has(epoch)) return undefined;
    return { value: this.values[epoch]!, single: this.presence?.[epoch] === PRESENCE.single };
  }

  /** The sum of epochs 0 to `epoch`, added one after the other as Python's `sum` does; undefined where one is missing. */
  sumTo(epoch: number): number | undefined {
    if (this.presence) for (let e = 0; e <= epoch; e++) if (!this.has(e)) return undefined;
    if (!this.#running) {
      this.#running = new Float64Array(this.values.length);
      let total = 0;
      for (let e = 0; e < this.values.length; e++) {
        total += this.values[e]!;
        this.#running[e] = total;
      }
    }
    return this.#running[epoch];
  }

  /** All numbers there are, in the record's order. */
  all(): Float64Array {
    return this.inOrder ?? (this.presence ? this.values.filter((_, e) => this.has(e)) : this.values);
  }

  /** Whether every epoch is there. */
  get complete(): boolean {
    return !this.presence?.includes(PRESENCE.missing);
  }

  entries(): [epoch: number, value: number][] {
    return Array.from(this.values, (value, epoch): [number, number] => [epoch, value]).filter(([e]) => this.has(e));
  }
}

/** What a record has under the name of a curve: nothing, None, or a dict of numbers for one or more sets. */
export interface Field {
  state: 'missing' | 'none' | 'empty' | 'dict';
  /** By set; training has one, under the empty name. */
  series: Map<string, Series>;
}

export const emptyField = (state: 'missing' | 'none' | 'empty'): Field => ({ state, series: new Map() });

/** The curves of one trial by the reference's names. */
export interface Curves {
  train_acc1es: Field;
  train_acc5es: Field;
  train_losses: Field;
  train_times: Field;
  eval_acc1es: Field;
  eval_losses: Field;
  eval_times: Field;
}

export function checkEpoch(epoch: number, epochs: number): void {
  if (!Number.isInteger(epoch) || epoch < 0 || epoch >= epochs) {
    throw new QueryError('UNKNOWN_EPOCH', `expected an epoch from 0 to ${epochs - 1}, found ${epoch}`);
  }
}
