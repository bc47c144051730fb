import { CURVE_FIELDS, FIELD_STATE, PRESENCE, type PythonValue } from '@nas-bench-201/core-native';
import type { ArchitectureRecord, CurveRecord, StateRecord, TrialRecord } from '../records/record.js';
import type { Names, SweepBatch } from './batch.js';

const FIELDS = CURVE_FIELDS.length;
/** Number of a training curve's set, which has no name. */
const TRAINING = -1;

/** The rows of a batch as objects. Numbers are not copied. */
export function recordsOf(batch: SweepBatch): ArchitectureRecord[] {
  const { names, indexes, states, trials, curves } = batch;
  const records = Array.from(indexes, (index) => ({ index, states: [] as StateRecord[] }));
  const inState: TrialRecord[][] = Array.from(states.hp, (hp, s) => {
    const own: TrialRecord[] = [];
    records[states.architecture[s]!]!.states.push({
      hp: names[hp]!,
      archIndex: states.archIndex[s]!,
      archStr: states.archStr[s]!,
      cleared: states.cleared[s] === 1,
      datasets: states.seeds[s]!.map(({ dataset, seeds }) => ({ name: dataset, seeds })),
      trials: own,
    });
    return own;
  });
  const inOrder = new Map(batch.inOrder?.map(({ curve, values }) => [curve, values]));
  let curve = 0;
  for (let t = 0; t < trials.state.length; t++) {
    const own: CurveRecord[] = [];
    for (; curve < curves.trial.length && curves.trial[curve] === t; curve++) {
      const [from, to] = [curves.first[curve]!, curves.first[curve + 1]!];
      const presence = batch.presence?.subarray(from, to);
      // `includes` is a search of bytes; a function a number would take longer than all else here.
      const whole = !presence || !(presence.includes(PRESENCE.missing) || presence.includes(PRESENCE.single));
      own.push({
        field: curves.field[curve]!,
        set: curves.set[curve] === TRAINING ? '' : names[curves.set[curve]!]!,
        values: batch.values.subarray(from, to),
        presence: whole ? undefined : presence,
        inOrder: inOrder.get(curve),
      });
    }
    inState[trials.state[t]!]!.push({
      dataset: names[trials.dataset[t]!]!,
      seed: trials.seed[t]!,
      epochs: trials.epochs[t]!,
      flop: trials.flop[t]!,
      params: trials.params[t]!,
      latency: latencyOf(batch, t),
      fields: trials.fields.subarray(t * FIELDS, (t + 1) * FIELDS),
      curves: own,
      attributes: trials.attributes?.[t] ?? new Map<string, PythonValue>(),
    });
  }
  return records;
}

function latencyOf({ trials, latencies }: SweepBatch, trial: number): Float64Array | null | undefined {
  const state = trials.latencyState[trial];
  if (state === FIELD_STATE.dict)
    return latencies.subarray(trials.latencyFirst[trial]!, trials.latencyFirst[trial + 1]!);
  return state === FIELD_STATE.none ? null : undefined;
}

/** Records as the rows of a batch. */
export function batchOf(records: readonly ArchitectureRecord[], names: Names): SweepBatch {
  const states = records.flatMap((record, architecture) => record.states.map((state) => ({ architecture, state })));
  const trials = states.flatMap(({ state }, s) => state.trials.map((trial) => ({ s, trial })));
  const curves = trials.flatMap(({ trial }, t) => trial.curves.map((curve) => ({ t, curve })));
  const ends = (lengths: readonly number[]) => {
    const out = new Uint32Array(lengths.length + 1);
    lengths.forEach((length, i) => {
      out[i + 1] = out[i]! + length;
    });
    return out;
  };
  const joined = (parts: readonly Float64Array[], first: Uint32Array) => {
    const out = new Float64Array(first.at(-1)!);
    parts.forEach((part, i) => {
      out.set(part, first[i]);
    });
    return out;
  };
  const latencies = trials.map(({ trial }) => trial.latency ?? new Float64Array(0));
  const latencyFirst = ends(latencies.map((seconds) => seconds.length));
  const first = ends(curves.map(({ curve }) => curve.values.length));
  const presence = curves.some(({ curve }) => curve.presence)
    ? new Uint8Array(first.at(-1)!).fill(PRESENCE.there)
    : undefined;
  curves.forEach(({ curve }, c) => {
    if (curve.presence) presence!.set(curve.presence, first[c]);
  });
  const inOrder = curves.flatMap(({ curve }, c) => (curve.inOrder ? [{ curve: c, values: curve.inOrder }] : []));
  const latencyState = (latency: TrialRecord['latency']) =>
    latency ? FIELD_STATE.dict : latency === null ? FIELD_STATE.none : FIELD_STATE.missing;
  return {
    names: names.list,
    indexes: Int32Array.from(records, ({ index }) => index),
    states: {
      architecture: Int32Array.from(states, ({ architecture }) => architecture),
      hp: Int32Array.from(states, ({ state }) => names.number(state.hp)),
      archIndex: Int32Array.from(states, ({ state }) => state.archIndex),
      archStr: states.map(({ state }) => state.archStr),
      cleared: Uint8Array.from(states, ({ state }) => Number(state.cleared)),
      seeds: states.map(({ state }) =>
        state.datasets.map(({ name, seeds }) => ({ dataset: name, seeds: Float64Array.from(seeds) })),
      ),
    },
    trials: {
      state: Int32Array.from(trials, ({ s }) => s),
      dataset: Int32Array.from(trials, ({ trial }) => names.number(trial.dataset)),
      seed: Float64Array.from(trials, ({ trial }) => trial.seed),
      epochs: Int32Array.from(trials, ({ trial }) => trial.epochs),
      flop: Float64Array.from(trials, ({ trial }) => trial.flop),
      params: Float64Array.from(trials, ({ trial }) => trial.params),
      latencyState: Uint8Array.from(trials, ({ trial }) => latencyState(trial.latency)),
      latencyFirst,
      fields: Uint8Array.from(trials.flatMap(({ trial }) => Array.from(trial.fields))),
      attributes: trials.map(({ trial }) => new Map(trial.attributes)),
    },
    latencies: joined(latencies, latencyFirst),
    curves: {
      trial: Uint32Array.from(curves, ({ t }) => t),
      field: Uint8Array.from(curves, ({ curve }) => curve.field),
      set: Int32Array.from(curves, ({ curve }) => (curve.set === '' ? TRAINING : names.number(curve.set))),
      first,
    },
    values: joined(
      curves.map(({ curve }) => curve.values),
      first,
    ),
    ...(presence && { presence }),
    ...(inOrder.length > 0 && { inOrder }),
  };
}
