// A search as it stands at the end of an epoch, as the reference's scripts lay it out: `torch.load` reads it. Beyond the
// reference it has the random generators, so that a run that goes on is the run that was not interrupted.
import { existsSync } from 'node:fs';
import {
  Float64,
  type NativeWeight,
  OrderedDict,
  type PythonValue,
  readTorch,
  removeUnfinished,
  Tensor,
  type WritableValue,
  writeTorch,
} from '@nas-bench-201/core-native';
import type { PythonRandomState } from '../../random/python-random.js';
import { SearchError } from '../errors.js';
import type { WeightSharingEpoch } from './run.js';

const VERSION = 1;

/** What a search goes on from. */
export interface SearchSnapshot {
  /** What it is a search of: algorithm, data set, seed, settings. Another search does not go on from it. */
  about: Record<string, unknown>;
  /** The next one. */
  epoch: number;
  tensors: readonly NativeWeight[];
  learningRate: number;
  momentum: number;
  nesterov: boolean;
  weightDecay: number;
  random: PythonRandomState;
  baseline: number | undefined;
  epochs: readonly WeightSharingEpoch[];
}

type Dict = Map<WritableValue, WritableValue>;
const dict = (entries: Record<string, WritableValue>): Dict => new Map(Object.entries(entries));

function tensorOf({ dtype, shape, bytes }: NativeWeight): Tensor {
  const buffer = bytes.buffer as ArrayBuffer;
  if (dtype === 'uint8') return Tensor.from(bytes, shape);
  return Tensor.from(dtype === 'int64' ? new BigInt64Array(buffer) : new Float32Array(buffer), shape);
}

/** @throws WriteError, and what was there stays */
export async function writeCheckpoint(path: string, snapshot: SearchSnapshot): Promise<void> {
  const groups = new Map<string, Map<string, Tensor>>();
  for (const weight of snapshot.tensors) {
    const [, group, rest] = /^([^.]+)\.?(.*)$/.exec(weight.name)!;
    const members = groups.get(group!) ?? new Map<string, Tensor>();
    groups.set(group!, members.set(rest!, tensorOf(weight)));
  }
  const group = (name: string) => groups.get(name) ?? new Map<string, Tensor>();
  const momenta = [...group('w_optimizer')];
  const { learningRate, momentum, nesterov, weightDecay, epochs } = snapshot;
  const state = new OrderedDict(group('search_model') as never);
  const value: Dict = dict({
    epoch: snapshot.epoch,
    search_model: state as never,
    w_optimizer: dict({
      state: new Map(momenta.map(([number, tensor]) => [Number(number), dict({ momentum_buffer: tensor as never })])),
      param_groups: [
        dict({
          lr: new Float64(learningRate) as never,
          momentum: new Float64(momentum) as never,
          dampening: 0,
          weight_decay: new Float64(weightDecay) as never,
          nesterov,
          params: momenta.map((_, i) => i),
        }),
      ],
    }),
    genotypes: new Map(epochs.map(({ epoch, cell }) => [epoch, cell])),
    valid_accuracies: new Map(epochs.map(({ epoch, accuracy }) => [epoch, new Float64(accuracy) as never])),
    baseline: snapshot.baseline === undefined ? null : (new Float64(snapshot.baseline) as never),
    nb201: dict({
      version: VERSION,
      about: JSON.stringify(snapshot.about),
      epochs: JSON.stringify(epochs),
      python_random: JSON.stringify(snapshot.random),
      tensors: new Map(
        [...groups]
          .filter(([name]) => name !== 'search_model' && name !== 'w_optimizer' && name !== 'controller')
          .flatMap(([name, members]) =>
            [...members].map(([rest, tensor]) => [rest ? `${name}.${rest}` : name, tensor]),
          ),
      ) as never,
    }),
  });
  const controller = group('controller');
  if (controller.size > 0) value.set('controller', new OrderedDict(controller as never) as never);
  await writeTorch(path, value, { overwrite: true });
}

/** What `writeCheckpoint` wrote; undefined where there is no such file. @throws SearchError BAD_CHECKPOINT, ReadError */
export async function readCheckpoint(
  path: string,
  about: Record<string, unknown>,
): Promise<
  | (Pick<SearchSnapshot, 'epoch' | 'random' | 'baseline' | 'epochs'> & { tensors: Map<PythonValue, PythonValue> })
  | undefined
> {
  await removeUnfinished(path);
  if (!existsSync(path)) return undefined;
  const file = await readTorch(path);
  const bad = (why: string) => new SearchError('BAD_CHECKPOINT', `${path}: ${why}`);
  const own = file instanceof Map ? file.get('nb201') : undefined;
  if (!(file instanceof Map && own instanceof Map)) throw bad('expected a checkpoint of a weight-sharing search');
  if (own.get('version') !== VERSION) {
    throw bad(`expected a checkpoint of version ${VERSION}, found version ${String(own.get('version'))}`);
  }
  const theirs = JSON.parse(String(own.get('about'))) as Record<string, unknown>;
  for (const [name, wanted] of Object.entries(about)) {
    const [a, b] = [JSON.stringify(theirs[name]), JSON.stringify(wanted)];
    if (a !== b)
      throw bad(`is of a search with ${name} ${a}, this one has ${b}; name another folder, or start it anew`);
  }
  const tensors = new Map<PythonValue, PythonValue>();
  const add = (group: string, members: PythonValue | undefined) => {
    if (members instanceof Map) for (const [name, tensor] of members) tensors.set(`${group}${String(name)}`, tensor);
  };
  add('search_model.', file.get('search_model'));
  add('controller.', file.get('controller'));
  const optimizer = file.get('w_optimizer');
  const momenta = optimizer instanceof Map ? optimizer.get('state') : undefined;
  if (momenta instanceof Map) {
    for (const [number, state] of momenta) {
      if (state instanceof Map) tensors.set(`w_optimizer.${String(number)}`, state.get('momentum_buffer')!);
    }
  }
  add('', own.get('tensors'));
  const baseline = file.get('baseline');
  return {
    epoch: Number(file.get('epoch')),
    tensors,
    random: JSON.parse(String(own.get('python_random'))) as PythonRandomState,
    baseline: typeof baseline === 'number' ? baseline : undefined,
    epochs: JSON.parse(String(own.get('epochs'))) as WeightSharingEpoch[],
  };
}
