import {
  CURVE_FIELDS,
  CurveDict,
  FIELD_STATE,
  Float32,
  Float64,
  GlobalReference,
  PRESENCE,
  PythonObject,
  type PythonValue,
  Tuple,
  type WritableValue,
} from '@nas-bench-201/core-native';
import { hpKey } from '../names.js';
import type { Reference } from '../results/averaging.js';
import { type ArchitectureRecord, epochOrder, type StateRecord, type TrialRecord } from './record.js';

type Dict = Map<WritableValue, WritableValue>;

/** The state dict of a trial's network; undefined or null where it was cleared. */
export type WeightsOf = (trial: TrialRecord, hp: string) => PythonValue | undefined;

const floats = (values: ArrayLike<number>) => Array.from(values, (value) => new Float64(value));

/** A dict in an order of its own, which keys and numbers tell one by one. */
function orderedDict(trial: TrialRecord, field: number): WritableValue | undefined {
  const curve = trial.curves.find((c) => c.field === field && c.inOrder);
  if (!curve) return undefined;
  const number = (value: number, epoch: number) =>
    curve.presence?.[epoch] === PRESENCE.single ? new Float32(value) : new Float64(value);
  return new Map(epochOrder(curve).map((epoch, i) => [epoch, number(curve.inOrder![i]!, epoch)] as const));
}

function fieldValue(trial: TrialRecord, field: number): WritableValue {
  if (trial.fields[field] === FIELD_STATE.none) return null;
  const own = trial.curves.filter((curve) => curve.field === field);
  return orderedDict(trial, field) ?? new CurveDict(own);
}

function trialValue(trial: TrialRecord, weights: PythonValue): Dict {
  const { attributes, epochs, flop, params, latency } = trial;
  const out: Dict = new Map<WritableValue, WritableValue>(attributes);
  out.set('net_state_dict', weights);
  out.set('epochs', epochs);
  if (!Number.isNaN(flop)) out.set('flop', new Float64(flop));
  if (!Number.isNaN(params)) out.set('params', new Float64(params));
  if (latency !== undefined) out.set('latency', latency && floats(latency));
  CURVE_FIELDS.forEach((name, field) => {
    if (trial.fields[field] !== FIELD_STATE.missing) out.set(name, fieldValue(trial, field));
  });
  return out;
}

/** How a state or trial is written: the dict of its attributes, or what holds it. */
type Holder = (name: 'ArchResults' | 'ResultsCount', attributes: Dict) => WritableValue;

function stateValue(state: StateRecord, weights: WeightsOf, hold: Holder): WritableValue {
  const { archIndex, archStr, cleared, datasets, trials } = state;
  const results = trials.map((trial): [WritableValue, WritableValue] => [
    Tuple.from([trial.dataset, trial.seed]),
    hold('ResultsCount', trialValue(trial, weights(trial, state.hp) ?? null)),
  ]);
  return hold(
    'ArchResults',
    new Map<WritableValue, WritableValue>([
      ['arch_index', archIndex],
      ['arch_str', archStr],
      ['all_results', new Map(results)],
      ['dataset_seed', new Map(datasets.map(({ name, seeds }) => [name, Array.from(seeds)]))],
      ['clear_net_done', cleared],
    ]),
  );
}

const asDict: Holder = (_, attributes) => attributes;

const asInstance: Holder = (name, attributes) => {
  const instance = new PythonObject();
  instance.callee = new GlobalReference('nas_201_api.api_utils', name);
  instance.args = new Tuple();
  instance.state = attributes as PythonValue;
  return instance;
};

/** One architecture's entry of `arch2infos`, for `writeTorch`: a state dict for each of its hyper-parameters. */
export function writableRecord(
  { states }: ArchitectureRecord,
  reference: Reference,
  weights: WeightsOf = () => null,
): Map<WritableValue, WritableValue> {
  return new Map(states.map((state) => [hpKey(state.hp, reference), stateValue(state, weights, asDict)]));
}

/** The same as the reference's collection keeps it on the way: instances of its classes, without weights. */
export function writableInstances({ states }: ArchitectureRecord): Map<WritableValue, WritableValue> {
  return new Map(states.map((state) => [hpKey(state.hp, 'nas-bench-201'), stateValue(state, () => null, asInstance)]));
}
