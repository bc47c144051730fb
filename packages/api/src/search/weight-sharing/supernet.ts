import {
  compute,
  type NativeChoice,
  type NativeLabelledImages,
  type NativeOutcome,
  type NativeWeight,
  type NativeWeightSharing,
  type NativeWeightSharingOptions,
  torch,
} from '@nas-bench-201/core-native';
import { nativeImages } from '../../networks/device-tensor.js';
import { type BatchMetrics, type LabelledBatch, metricsOf, nativeLabels } from '../../networks/metrics.js';
import { nativeState, type StateDictSource } from '../../networks/state-dict.js';
import type { CellOperations } from './cells.js';

/**
 * How a pass through the supernet chooses among the operations of each edge: all of them, mixed by the softmax of the
 * architecture parameters; one, drawn by straight-through Gumbel-softmax at a temperature; those of one cell; those of a
 * cell for each cell of the network.
 */
export type Choice = 'mixture' | { temperature: number } | CellOperations | { each: readonly CellOperations[] };

/** A batch's loss and accuracy, and the cell that it was run with; null of a mixture or of many cells. */
export interface PassResult extends BatchMetrics {
  cell: CellOperations | null;
}

function nativeChoice(choice: Choice): NativeChoice {
  if (choice === 'mixture') return choice;
  if ('temperature' in choice) return choice.temperature;
  return Int32Array.from('each' in choice ? choice.each.flat() : choice);
}

const nativeBatch = ({ images, labels }: LabelledBatch): NativeLabelledImages => ({
  images: nativeImages(images),
  labels: nativeLabels(labels),
});

function resultOf(outcome: NativeOutcome): PassResult {
  return { ...metricsOf(outcome), cell: outcome.cells.length === 6 ? [...outcome.cells] : null };
}

/**
 * The network that holds every operation on every edge, with what trains it. Tensors stay on the device; each method is
 * one call of the compute thread.
 */
export class Supernet {
  readonly #native: NativeWeightSharing;
  /** Rate at which an image loses a whole stage. */
  dropPath = 0;
  /** Aborts what is under way. */
  signal: AbortSignal | undefined;

  private constructor(native: NativeWeightSharing) {
    this.#native = native;
  }

  /** With fresh weights, which the seed gives as in the reference. @throws NetworkError */
  static async create(options: NativeWeightSharingOptions, device = 'cpu'): Promise<Supernet> {
    const supernet = new Supernet(await compute(() => torch().WeightSharing.create(options)));
    if (device !== 'cpu') await compute(() => supernet.#native.to(device));
    return supernet;
  }

  /** Edge by edge, an operation at a time; null where the cells are not chosen by parameters. */
  architecture(): Promise<Float32Array | null> {
    return this.#run(() => this.#native.architecture());
  }

  /**
   * A step of SGD on the weights.
   * @param options `clip`: brings the gradients of weights and architecture down to this L2 norm; 0: does not
   */
  async weightStep(
    batch: LabelledBatch,
    choice: Choice,
    options: { learningRate: number; clip: number },
  ): Promise<PassResult> {
    const [given, how] = [nativeBatch(batch), nativeChoice(choice)];
    return resultOf(
      await this.#run(() => this.#native.weightStep(given, how, { ...options, dropPath: this.dropPath })),
    );
  }

  /** A step of Adam on the architecture parameters. */
  async architectureStep(batch: LabelledBatch, choice: Choice): Promise<PassResult> {
    const [given, how] = [nativeBatch(batch), nativeChoice(choice)];
    return resultOf(await this.#run(() => this.#native.architectureStep(given, how, { dropPath: this.dropPath })));
  }

  /** The same with the weights one step ahead (DARTS, second order): metrics of `valid`. */
  async unrolledStep(
    train: LabelledBatch,
    valid: LabelledBatch,
    options: { learningRate: number },
  ): Promise<PassResult> {
    const [ahead, given] = [nativeBatch(train), nativeBatch(valid)];
    return resultOf(
      await this.#run(() => this.#native.unrolledStep(ahead, given, { ...options, dropPath: this.dropPath })),
    );
  }

  /** Loss and accuracy in eval mode; with `training` in train mode, in which batch norms take note of the batch. */
  async evaluate(batch: LabelledBatch, choice: Choice, { training = false } = {}): Promise<PassResult> {
    const [given, how] = [nativeBatch(batch), nativeChoice(choice)];
    return resultOf(await this.#run(() => this.#native.evaluate(given, how, { training, dropPath: this.dropPath })));
  }

  /** A cell of ENAS's controller; with `learn` the next `reinforce` is about it. */
  async sample({ learn = false } = {}): Promise<CellOperations> {
    return [...(await this.#run(() => this.#native.sample(learn))).cell];
  }

  /** Adds to the controller's gradient what the accuracy (0..1) of the cell that it sampled teaches. */
  reinforce(given: {
    accuracy: number;
    baseline: number | undefined;
    baselineDecay: number;
    entropyWeight: number;
    aggregate: number;
  }): Promise<{ loss: number; reward: number; baseline: number }> {
    return this.#run(() => this.#native.reinforce(given));
  }

  /** A step of Adam on the controller, its gradient clipped. */
  controllerStep(clip: number): Promise<void> {
    return this.#run(() => this.#native.controllerStep(clip));
  }

  /** So many int64 of the generator that all of this draws from (`torch.empty(count).random_()`). */
  random(count: number): Promise<BigInt64Array> {
    return this.#run(() => this.#native.random(count));
  }

  /** Draws so many numbers as `torch.rand` does, and forgets them. */
  skipUniform(count: number): Promise<void> {
    return this.#run(() => this.#native.skipUniform(count));
  }

  /** `torch.randperm(count)`. */
  permutation(count: number): Promise<Int32Array> {
    return this.#run(() => this.#native.permutation(count));
  }

  /** All that a search consists of, by name: weights, optimisers, generator. */
  state(): Promise<NativeWeight[]> {
    return this.#run(() => this.#native.state());
  }

  /** Takes it back. @throws NetworkError, and nothing has changed */
  load(state: StateDictSource): Promise<void> {
    const given = nativeState(state);
    return this.#run(() => this.#native.load(given));
  }

  dispose(): void {
    this.#native.dispose();
  }

  #run<T>(start: Parameters<typeof compute<T>>[0]): Promise<T> {
    return compute(start, this.signal);
  }
}
