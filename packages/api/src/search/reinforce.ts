import { TorchRandom } from '../random/torch-random.js';
import { EDGES } from '../space/cell.js';
import { OPERATIONS } from '../space/operations.js';
import type { Evaluation, SearchAlgorithm, SearchMethod } from './algorithm.js';

export interface ReinforceOptions {
  learningRate: number;
  emaMomentum: number;
}

const EDGE_COUNT = EDGES.length;
const OPERATION_COUNT = OPERATIONS.length;
const FLOAT_EPS = 2 ** -23;
const f32 = Math.fround;

/** The exponential moving average of the rewards, free of the bias towards its start. */
class MovingAverage {
  #numerator = 0;
  #denominator = 0;
  constructor(readonly momentum: number) {}

  update(value: number): void {
    this.#numerator = this.momentum * this.#numerator + (1 - this.momentum) * value;
    this.#denominator = this.momentum * this.#denominator + (1 - this.momentum);
  }

  get value(): number {
    return this.#numerator / this.#denominator;
  }
}

/** Adam (Kingma and Ba, 2015) in 32-bit floats, with torch's defaults. */
class Adam {
  readonly #mean: Float32Array;
  readonly #square: Float32Array;
  #step = 0;

  constructor(
    readonly parameters: Float32Array,
    readonly learningRate: number,
  ) {
    this.#mean = new Float32Array(parameters.length);
    this.#square = new Float32Array(parameters.length);
  }

  step(gradient: Float32Array): void {
    const [beta1, beta2, eps] = [0.9, 0.999, 1e-8];
    this.#step++;
    const stepSize = this.learningRate / (1 - beta1 ** this.#step);
    const correction = Math.sqrt(1 - beta2 ** this.#step);
    for (let i = 0; i < gradient.length; i++) {
      const g = gradient[i]!;
      this.#mean[i] = f32(f32(this.#mean[i]! * f32(beta1)) + f32(f32(1 - beta1) * g));
      this.#square[i] = f32(f32(this.#square[i]! * f32(beta2)) + f32(f32(f32(1 - beta2) * g) * g));
      const root = f32(f32(f32(Math.sqrt(this.#square[i]!)) / f32(correction)) + f32(eps));
      this.parameters[i] = f32(this.parameters[i]! + f32(f32(f32(-stepSize) * this.#mean[i]!) / root));
    }
  }
}

function normalized(values: Float32Array): Float32Array {
  const sum = values.reduce((a, b) => f32(a + b), 0);
  return values.map((value) => value / sum);
}

function softmax(values: Float32Array): Float32Array {
  const highest = Math.max(...values);
  return normalized(values.map((value) => Math.exp(f32(value - highest))));
}

/** What a step of the policy left behind, for whoever wants to follow it. */
export interface ReinforceSearch extends SearchAlgorithm {
  /** The logits: six edges of five operations. */
  readonly parameters: Float32Array;
  /** Of the last update. */
  readonly loss: number;
}

/**
 * REINFORCE (Williams, 1992) on a softmax over the operations of each edge, with the moving average of the rewards as
 * baseline and Adam; the reference's reinforce.py. Rewards are accuracies in per cent. The policy's draws are those of
 * torch 1.13 for the seed; its numbers differ from torch's by the rounding of 32-bit floats.
 */
export function reinforce(options: ReinforceOptions): SearchMethod {
  return (context) => reinforceSearch(options, context);
}

/** @internal */
export function reinforceSearch(
  { learningRate, emaMomentum }: ReinforceOptions,
  { space, seed }: Parameters<SearchMethod>[0],
): ReinforceSearch {
  const torch = new TorchRandom(seed);
  const parameters = torch.randn(EDGE_COUNT * OPERATION_COUNT).map((value) => f32(1e-3) * value);
  const optimizer = new Adam(parameters, learningRate);
  const baseline = new MovingAverage(emaMomentum);
  const actions = new Uint8Array(EDGE_COUNT);
  let policy: Float32Array[] = [];
  let loss = Number.NaN;

  return {
    overBudget: 'keep',
    parameters,
    get loss() {
      return loss;
    },
    suggest() {
      policy = Array.from(actions, (_, edge) =>
        softmax(parameters.subarray(edge * OPERATION_COUNT, (edge + 1) * OPERATION_COUNT)),
      );
      // Categorical normalizes what it is given.
      policy.forEach((row, edge) => {
        actions[edge] = torch.categorical(normalized(row));
      });
      return space.indexOf(actions);
    },
    observe({ accuracy: reward }: Evaluation) {
      baseline.update(reward);
      const advantage = f32(reward - baseline.value);
      const gradient = new Float32Array(parameters.length);
      loss = 0;
      policy.forEach((row, edge) => {
        const action = actions[edge]!;
        const p = normalized(row)[action]!;
        const clamped = Math.min(Math.max(p, FLOAT_EPS), 1 - FLOAT_EPS);
        loss = f32(loss + f32(-f32(Math.log(clamped)) * advantage));
        // Where the logarithm was clamped, no gradient passes.
        if (p !== clamped) return;
        row.forEach((q, k) => {
          gradient[edge * OPERATION_COUNT + k] = advantage * (q - (k === action ? 1 : 0));
        });
      });
      optimizer.step(gradient);
    },
  };
}
