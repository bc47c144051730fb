import { compute, type NativeSgd, torch } from '@nas-bench-201/core-native';
import { nativeImages } from './device-tensor.js';
import { type BatchMetrics, type LabelledBatch, metricsOf, nativeLabels } from './metrics.js';
import type { Network } from './network.js';

export interface SGDOptions {
  /** Learning rate. Default: 0.1. */
  lr?: number | undefined;
  /** Default: 0.9. */
  momentum?: number | undefined;
  /** Of every parameter, batch norms and biases too. Default: 0.0005. */
  weightDecay?: number | undefined;
  /** Default: true. */
  nesterov?: boolean | undefined;
  /**
   * Keeps the channels of a pixel together in memory, which is faster on many devices; losses then differ from the
   * reference's by rounding. Default: false.
   */
  channelsLast?: boolean | undefined;
  /**
   * On a GPU, with libtorch 2.12.1 or newer: after the first three batches a step is recorded as a CUDA graph, which the GPU
   * then starts by itself. Batches of another size are taken as without; losses may differ by rounding. Default: false.
   */
  cudaGraph?: boolean | undefined;
}

/**
 * Stochastic gradient descent of a network's weights as `torch.optim.SGD` does it; the defaults are the benchmark's.
 * One that has taken a step holds the momentum of each parameter.
 */
export class SGD {
  /** The learning rate of the next step. */
  lr: number;
  readonly network: Network;
  readonly #native: NativeSgd;

  /** @throws NetworkError NO_LIBTORCH, DISPOSED */
  constructor(network: Network, options: SGDOptions = {}) {
    const { lr = 0.1, momentum = 0.9, weightDecay = 5e-4, nesterov = true } = options;
    const { channelsLast = false, cudaGraph } = options;
    this.network = network;
    this.lr = lr;
    this.#native = new (torch().Sgd)(network.native, { momentum, weightDecay, nesterov, channelsLast, cudaGraph });
  }

  /**
   * Forward in train mode, cross-entropy, backward, and one step of all weights.
   * @returns loss and accuracy of the batch before the step
   * @throws NetworkError
   */
  async step({ images, labels }: LabelledBatch, options: { signal?: AbortSignal } = {}): Promise<BatchMetrics> {
    const [given, classes] = [nativeImages(images), nativeLabels(labels)];
    const work = () => this.#native.step(this.network.native, given, classes, this.lr);
    return metricsOf(await compute(work, options.signal));
  }
}
