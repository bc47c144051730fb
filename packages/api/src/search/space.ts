import type { PythonRandom } from '../random/python-random.js';
import { EDGES, parseArchitecture } from '../space/cell.js';
import { OPERATIONS } from '../space/operations.js';

const EDGE_COUNT = EDGES.length;
const OPERATION_COUNT = OPERATIONS.length;
/** By how much a cell's number grows with the operation on each edge. */
const WEIGHTS = EDGES.map((_, edge) => OPERATION_COUNT ** (EDGE_COUNT - 1 - edge));

/** The cell's number in the enumeration in which the last edge changes fastest. */
function numberOf(operations: ArrayLike<number>): number {
  let number = 0;
  for (let edge = 0; edge < EDGE_COUNT; edge++) number = number * OPERATION_COUNT + operations[edge]!;
  return number;
}

/**
 * The cells that a search chooses among: six edges in the order of `EDGES`, each with the number of one of the five
 * `OPERATIONS`. Architectures go by their index in the benchmark file; -1 is a cell that the file does not know.
 */
export class SearchSpace {
  readonly #operations: Uint8Array;
  readonly #numbers: Int32Array;
  readonly #indexes = new Int32Array(OPERATION_COUNT ** EDGE_COUNT).fill(-1);

  /** @throws ArchitectureError */
  constructor(
    /** The benchmark's architectures in the order of their indices. */
    readonly architectures: readonly string[],
  ) {
    this.#operations = new Uint8Array(architectures.length * EDGE_COUNT);
    this.#numbers = new Int32Array(architectures.length);
    architectures.forEach((architecture, index) => {
      const operations = parseArchitecture(architecture).map((operation) => OPERATIONS.indexOf(operation));
      this.#operations.set(operations, index * EDGE_COUNT);
      this.#numbers[index] = numberOf(operations);
      this.#indexes[this.#numbers[index]!] = index;
    });
  }

  /** The number of architectures. */
  get size(): number {
    return this.architectures.length;
  }

  /** The six operation numbers of an architecture; a view, not a copy. */
  operations(index: number): Uint8Array {
    return this.#operations.subarray(index * EDGE_COUNT, (index + 1) * EDGE_COUNT);
  }

  /** The number of the operation on one edge. */
  operation(index: number, edge: number): number {
    return this.#operations[index * EDGE_COUNT + edge]!;
  }

  /** The index of the cell with these six operation numbers. */
  indexOf(operations: ArrayLike<number>): number {
    return this.#indexes[numberOf(operations)] ?? -1;
  }

  /** A random cell: an operation for each edge, as the reference's `random_architecture_func` draws them. */
  random(random: PythonRandom): number {
    let number = 0;
    for (let edge = 0; edge < EDGE_COUNT; edge++)
      number = number * OPERATION_COUNT + random.randint(0, OPERATION_COUNT - 1);
    return this.#indexes[number]!;
  }

  /** The cell with another operation on one edge. */
  withOperation(index: number, edge: number, operation: number): number {
    const change = (operation - this.operation(index, edge)) * WEIGHTS[edge]!;
    return this.#indexes[this.#numbers[index]! + change]!;
  }

  /** The 24 cells that differ in one edge, by edge and then by operation; without those that the file does not know. */
  neighbours(index: number): number[] {
    const out: number[] = [];
    this.operations(index).forEach((current, edge) => {
      for (let operation = 0; operation < OPERATION_COUNT; operation++) {
        if (operation !== current) out.push(this.withOperation(index, edge, operation));
      }
    });
    return out.filter((neighbour) => neighbour >= 0);
  }
}
