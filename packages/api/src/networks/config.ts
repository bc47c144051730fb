import { NetworkError } from '@nas-bench-201/core-native';
import type { NetworkConfig } from '../results/results-count.js';
import { type Cell, parseArchitecture } from '../space/cell.js';
import { OPERATIONS } from '../space/operations.js';

/** What a network is built of. */
export interface NetworkPlan {
  /** The reference's class: `TinyNetwork` of the topology space, `DynamicShapeTinyNet` of the size space. */
  kind: 'TinyNetwork' | 'DynamicShapeTinyNet';
  architecture: string;
  cell: Cell;
  /** Channels of each of the 3N + 2 stages. */
  channels: number[];
  /** Cells of each third of the network. */
  N: number;
  numClasses: number;
}

function count(name: string, value: unknown): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1 || number > 65536) {
    throw new NetworkError(
      'BAD_CONFIG',
      `expected ${name} to be a whole number from 1 to 65536, found ${String(value)}`,
    );
  }
  return number;
}

/**
 * The plan of a config as `getNetConfig` gives it (the reference's `get_cell_based_tiny_net`).
 * @throws NetworkError BAD_CONFIG, ArchitectureError
 */
export function planOf(config: NetworkConfig): NetworkPlan {
  const numClasses = count('num_classes', config.num_classes);
  if (config.name === 'infer.tiny') {
    const [C, N] = [count('C', config.C), count('N', config.N)];
    const stages = (channels: number) => new Array<number>(N).fill(channels);
    return {
      kind: 'TinyNetwork',
      architecture: config.arch_str,
      cell: parseArchitecture(config.arch_str),
      channels: [...stages(C), 2 * C, ...stages(2 * C), 4 * C, ...stages(4 * C)],
      N,
      numClasses,
    };
  }
  if (config.name === 'infer.shape.tiny') {
    const channels = config.channels.split(':').map((text) => count('channels', text));
    if (channels.length % 3 !== 2) {
      throw new NetworkError('BAD_CONFIG', `expected channels of 3N + 2 stages, found ${channels.length}`);
    }
    return {
      kind: 'DynamicShapeTinyNet',
      architecture: config.genotype,
      cell: parseArchitecture(config.genotype),
      channels,
      N: Math.floor(channels.length / 3),
      numClasses,
    };
  }
  const { name } = config as { name: unknown };
  throw new NetworkError(
    'BAD_CONFIG',
    `expected the network 'infer.tiny' or 'infer.shape.tiny', found '${String(name)}'`,
  );
}

/** The operations of a cell as the addon numbers them. */
export function operationNumbers(cell: Cell): number[] {
  return cell.map((operation) => OPERATIONS.indexOf(operation));
}

/** The stages that halve the image. */
export function isReduction({ N }: NetworkPlan, stage: number): boolean {
  return stage === N || stage === 2 * N + 1;
}

/** What the network says of itself, then what each stage does. */
export function messageLines(plan: NetworkPlan): string[] {
  const { kind, channels, N, architecture } = plan;
  const width = kind === 'TinyNetwork' ? String(channels[0]) : `(${channels.join(', ')})`;
  const stages = channels.map((out, stage) => {
    const from = channels[stage - 1] ?? out;
    return isReduction(plan, stage)
      ? `ResNetBasicblock(inC=${from}, outC=${out}, stride=2)`
      : `info :: nodes=4, inC=${from}, outC=${out}, [1<-(I0-L0) | 2<-(I0-L1,I1-L2) | 3<-(I0-L3,I1-L4,I2-L5)], ${architecture}`;
  });
  return [`${kind}(C=${width}, N=${N}, L=${channels.length})`, ...stages];
}

/** The text that the reference prints for its network (`get_message`). */
export function messageOf(plan: NetworkPlan): string {
  const [first, ...stages] = messageLines(plan);
  const total = String(stages.length).padStart(2, '0');
  return [first, ...stages.map((text, stage) => ` ${String(stage).padStart(2, '0')}/${total} :: ${text}`)].join('\n');
}
