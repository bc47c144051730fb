import {
  type ArchitectureRecord,
  CURVE_FIELDS,
  type CurveField,
  type CurveRecord,
  FIELD_STATE,
  PRESENCE,
  type StateRecord,
  type TrialRecord,
} from 'nas-bench-201';
import { ConvertError } from '../errors.js';
import type { BenchmarkHeader } from './source.js';

/** Which part of a benchmark is meant. What is left out means all. */
export interface Selection {
  /** Indices. */
  archs?: Iterable<number> | undefined;
  /** '12', '200'; '01', '12', '90' in the size space. */
  hp?: readonly string[] | undefined;
  datasets?: readonly string[] | undefined;
  /** `train` for the training images, `x-valid`, `x-test`, `ori-test`. */
  sets?: readonly string[] | undefined;
  /** Curves by the reference's names. Costs are always there. */
  fields?: readonly CurveField[] | undefined;
  /**
   * The last epoch of each trial, all (default), or one, from 0. Times are kept up to that epoch, as answers add them up.
   */
  epochs?: 'last' | 'all' | number | undefined;
}

/** Fields that are seconds. */
const TIMES = new Set([CURVE_FIELDS.indexOf('train_times'), CURVE_FIELDS.indexOf('eval_times')]);

/** Indices as people write them: `0-99,284`. @throws ConvertError BAD_SELECTION */
export function parseIndexes(text: string): number[] {
  const chosen = new Set<number>();
  for (const part of text.split(',')) {
    const range = /^\s*(\d+)(?:\s*-\s*(\d+))?\s*$/.exec(part);
    const [from, to] = range ? [Number(range[1]), Number(range[2] ?? range[1])] : [0, -1];
    if (from > to || to > 1e6) {
      throw new ConvertError('BAD_SELECTION', `expected indices such as 0-99,284, found '${text}'`);
    }
    for (let index = from; index <= to; index++) chosen.add(index);
  }
  return [...chosen].sort((a, b) => a - b);
}

/** The indices that are meant, ascending; undefined for all. @throws ConvertError where one is beyond the space */
export function selectedIndexes({ metaArchs }: BenchmarkHeader, { archs }: Selection): number[] | undefined {
  if (archs === undefined) return undefined;
  const chosen = [...new Set(archs)].sort((a, b) => a - b);
  const beyond = chosen.find((index) => !Number.isInteger(index) || index < 0 || index >= metaArchs.length);
  if (beyond !== undefined) {
    throw new ConvertError('BAD_SELECTION', `expected indices from 0 to ${metaArchs.length - 1}, found ${beyond}`);
  }
  return chosen;
}

/** What remains of the header. */
export function selectHeader(header: BenchmarkHeader, selection: Selection): BenchmarkHeader {
  const chosen = selectedIndexes(header, selection);
  if (!chosen) return header;
  const there = new Set(chosen);
  return { ...header, evaluated: header.evaluated.filter((index) => there.has(index)) };
}

/** What remains of a record; undefined where nothing does. */
export function selectRecord(record: ArchitectureRecord, selection: Selection): ArchitectureRecord | undefined {
  const { hp, datasets, sets, fields, epochs = 'all' } = selection;
  if (!hp && !datasets && !sets && !fields && epochs === 'all') return record;
  const states = record.states
    .filter((state) => !hp || hp.includes(state.hp))
    .map((state) => selectState(state, selection))
    .filter((state) => state.trials.length > 0 || !datasets);
  return states.length > 0 ? { ...record, states } : undefined;
}

function selectState(state: StateRecord, selection: Selection): StateRecord {
  const { datasets } = selection;
  const chosen = (name: string) => !datasets || datasets.includes(name);
  return {
    ...state,
    datasets: state.datasets.filter(({ name }) => chosen(name)),
    trials: state.trials.filter(({ dataset }) => chosen(dataset)).map((trial) => selectTrial(trial, selection)),
  };
}

function selectTrial(trial: TrialRecord, { sets, fields, epochs = 'all' }: Selection): TrialRecord {
  const fieldChosen = (field: number) => !fields || fields.includes(CURVE_FIELDS[field]!);
  const setChosen = (set: string) => !sets || sets.includes(set === '' ? 'train' : set);
  let curves = trial.curves.filter(({ field, set }) => fieldChosen(field) && setChosen(set));
  if (epochs !== 'all') {
    const epoch = epochs === 'last' ? trial.epochs - 1 : epochs;
    curves = curves
      .map((curve) => atEpoch(curve, TIMES.has(curve.field) ? 0 : epoch, epoch))
      .filter((curve) => curve !== undefined);
  }
  const left = new Set(curves.map(({ field }) => field));
  const states = Array.from(trial.fields, (state, field) => {
    const training = CURVE_FIELDS[field]!.startsWith('train');
    if (!fieldChosen(field) || (training && !setChosen(''))) return FIELD_STATE.missing;
    return state > FIELD_STATE.empty && !left.has(field) ? FIELD_STATE.empty : state;
  });
  const names = trial.attributes.get('eval_names');
  const attributes =
    sets && Array.isArray(names)
      ? new Map(trial.attributes).set(
          'eval_names',
          names.filter((name) => setChosen(String(name))),
        )
      : trial.attributes;
  return { ...trial, fields: states, curves, attributes };
}

/** The curve with these epochs alone; undefined where the last of them is missing. */
function atEpoch({ field, set, values, presence }: CurveRecord, from: number, to: number): CurveRecord | undefined {
  const there = (epoch: number) => (epoch < values.length ? (presence?.[epoch] ?? PRESENCE.there) : PRESENCE.missing);
  if (there(to) === PRESENCE.missing) return undefined;
  const left = { values: new Float64Array(values.length), presence: new Uint8Array(values.length) };
  for (let epoch = from; epoch <= to; epoch++) {
    left.values[epoch] = there(epoch) === PRESENCE.missing ? 0 : values[epoch]!;
    left.presence[epoch] = there(epoch);
  }
  return { field, set, ...left };
}
