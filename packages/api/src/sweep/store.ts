import { setImmediate } from 'node:timers/promises';
import type { ArchitectureRecord, RecordStore } from '../records/record.js';
import { Names, PORTION, type SweepBatch } from './batch.js';
import { batchOf } from './records.js';
import type { SweepOptions } from './sweep.js';

/** What was asked for of a record. */
function chosen(record: ArchitectureRecord, { hp, datasets }: SweepOptions): ArchitectureRecord {
  const has = (list: readonly string[] | undefined, name: string) => !list?.length || list.includes(name);
  const states = record.states.filter((state) => has(hp, state.hp));
  return {
    ...record,
    states: states.map((state) => ({ ...state, trials: state.trials.filter((t) => has(datasets, t.dataset)) })),
  };
}

/** A sweep of records that are in no file of the original formats. @throws ReadError; the signal's reason */
export async function* sweepStore(
  store: RecordStore,
  indexes: Iterable<number>,
  options: SweepOptions,
): AsyncGenerator<SweepBatch> {
  const names = new Names();
  let records: ArchitectureRecord[] = [];
  for (const index of indexes) {
    options.signal?.throwIfAborted();
    const record = store.record(index);
    if (!record) continue;
    records.push(chosen(record, options));
    if (records.length < PORTION) continue;
    yield batchOf(records, names);
    records = [];
    await setImmediate();
  }
  if (records.length > 0) yield batchOf(records, names);
}
