import { type Cell, EDGES, parseArchitecture } from './cell.js';
import type { Operation } from './operations.js';

/** What a network costs, in millions as the benchmark's records count: multiply-adds of one image, and parameters. */
export interface NetworkCost {
  flops: number;
  params: number;
}

/** The images that a network takes and the classes that it tells apart. */
export interface TaskShape {
  /** Height and width of the square images in pixels; a multiple of 4, as the network halves it twice. */
  imageSize: number;
  numClasses: number;
}

/** The two sizes of the reference's `TinyNetwork`. */
export interface NetworkSize {
  /** Channels of the first stage; the other two have twice and four times as many. 16 by default. */
  C?: number;
  /** Cells of each of the three stages. 5 by default. */
  N?: number;
}

/** What a network is given and asked on each of the benchmark's datasets. */
export const TASK_SHAPES = {
  'cifar10-valid': { imageSize: 32, numClasses: 10 },
  cifar10: { imageSize: 32, numClasses: 10 },
  cifar100: { imageSize: 32, numClasses: 100 },
  'ImageNet16-120': { imageSize: 16, numClasses: 120 },
} as const satisfies Record<string, TaskShape>;

/** Multiply-adds and parameters of a layer, counted one by one. */
interface LayerCost {
  macs: number;
  params: number;
}

const IMAGE_CHANNELS = 3;
const FREE: LayerCost = { macs: 0, params: 0 };

function sum(layers: readonly LayerCost[]): LayerCost {
  return layers.reduce((a, b) => ({ macs: a.macs + b.macs, params: a.params + b.params }), FREE);
}

/** A convolution without bias; `size` is the height and width of what it puts out. */
function convolution(kernel: number, channelsIn: number, channelsOut: number, size: number): LayerCost {
  const weights = kernel * kernel * channelsIn * channelsOut;
  return { macs: weights * size * size, params: weights };
}

/** A batch norm with scale and shift; the reference's `get_model_infos` counts no operations for it. */
function batchNorm(channels: number): LayerCost {
  return { macs: 0, params: 2 * channels };
}

/** The classifier; the reference counts its bias as operations. */
function linear(inputs: number, outputs: number): LayerCost {
  const weightsAndBiases = (inputs + 1) * outputs;
  return { macs: weightsAndBiases, params: weightsAndBiases };
}

/** The reference's `ReLUConvBN`. */
function reluConvBN(kernel: number, channelsIn: number, channelsOut: number, size: number): LayerCost {
  return sum([convolution(kernel, channelsIn, channelsOut, size), batchNorm(channelsOut)]);
}

/**
 * An edge of a cell. Like the reference, a pooling is not counted, and a convolution is even where nothing reaches it.
 * Where the number of channels changes, skip_connect and avg_pool_3x3 hold a 1x1 convolution.
 */
function edge(operation: Operation, channelsIn: number, channelsOut: number, size: number): LayerCost {
  switch (operation) {
    case 'none':
      return FREE;
    case 'nor_conv_3x3':
      return reluConvBN(3, channelsIn, channelsOut, size);
    case 'nor_conv_1x1':
      return reluConvBN(1, channelsIn, channelsOut, size);
    default:
      return channelsIn === channelsOut ? FREE : reluConvBN(1, channelsIn, channelsOut, size);
  }
}

/** The reference's `ResNetBasicblock` with stride 2; `size` is that of what it puts out. */
function reduction(channelsIn: number, channels: number, size: number): LayerCost {
  const shortcut = convolution(1, channelsIn, channels, size);
  return sum([reluConvBN(3, channelsIn, channels, size), reluConvBN(3, channels, channels, size), shortcut]);
}

/**
 * As `networkCost`, of a cell and the channels of each of 3N + 2 stages, in millions: stem, N cells, reduction, N cells,
 * reduction, N cells, head. The size space's networks differ in these channels.
 */
export function stagesCost(cell: Cell, channels: readonly number[], { imageSize, numClasses }: TaskShape): NetworkCost {
  const perThird = Math.floor(channels.length / 3);
  const layers = [convolution(3, IMAGE_CHANNELS, channels[0]!, imageSize), batchNorm(channels[0]!)];
  let size = imageSize;
  for (const [stage, out] of channels.entries()) {
    const from = channels[stage - 1] ?? out;
    if (stage === perThird || stage === 2 * perThird + 1) {
      size /= 2;
      layers.push(reduction(from, out, size));
    } else {
      layers.push(...cell.map((operation, e) => edge(operation, EDGES[e]!.input === 0 ? from : out, out, size)));
    }
  }
  const last = channels.at(-1)!;
  const { macs, params } = sum([...layers, batchNorm(last), linear(last, numClasses)]);
  return { flops: macs / 1e6, params: params / 1e6 };
}

function requirePositiveMultiple(name: string, value: number, factor: number): void {
  if (!Number.isInteger(value / factor) || value <= 0) {
    throw new RangeError(`${name} must be a positive multiple of ${factor}, not ${value}`);
  }
}

/**
 * Multiply-adds and parameters, both in millions, of the network that the reference builds of a cell (`TinyNetwork`):
 * stem, N cells, reduction, N cells, reduction, N cells, batch norm, global pooling, classifier. What the reference's
 * `get_model_infos` counts, and the true figures of the architectures whose record carries another network's.
 * @throws ArchitectureError for a text that is no architecture, RangeError for sizes that no network has
 */
export function networkCost(
  architecture: string,
  { imageSize, numClasses }: TaskShape,
  { C = 16, N = 5 }: NetworkSize = {},
): NetworkCost {
  requirePositiveMultiple('imageSize', imageSize, 4);
  for (const [name, value] of Object.entries({ numClasses, C, N })) {
    requirePositiveMultiple(name, value, 1);
  }
  const stages = (channels: number) => new Array<number>(N).fill(channels);
  const channels = [...stages(C), 2 * C, ...stages(2 * C), 4 * C, ...stages(4 * C)];
  return stagesCost(parseArchitecture(architecture), channels, { imageSize, numClasses });
}
