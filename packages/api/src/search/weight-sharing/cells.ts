import type { PythonRandom } from '../../random/python-random.js';
import { type Cell, EDGES, formatArchitecture } from '../../space/cell.js';
import { OPERATIONS } from '../../space/operations.js';

/** The numbers of a cell's six operations, in the order of `EDGES`. */
export type CellOperations = readonly number[];

const NUMBERS = OPERATIONS.map((_, number) => number);
const NONE = OPERATIONS.indexOf('none');

export function architectureOf(cell: CellOperations): string {
  return formatArchitecture(cell.map((number) => OPERATIONS[number]!) as unknown as Cell);
}

/** The parameters of each edge. */
const edgesOf = (parameters: Float32Array): Float32Array[] =>
  EDGES.map((_, edge) => parameters.subarray(edge * OPERATIONS.length, (edge + 1) * OPERATIONS.length));

/** The operation with the largest parameter on each edge, `none` included (the reference's `genotype`). */
export function argmaxCell(parameters: Float32Array): CellOperations {
  return edgesOf(parameters).map((edge) => edge.indexOf(Math.max(...edge)));
}

/** In float32, as torch. */
function logSoftmax(edge: Float32Array): number[] {
  const largest = Math.max(...edge);
  const sum = edge.reduce((total, value) => total + Math.exp(value - largest), 0);
  return Array.from(edge, (value) => Math.fround(Math.fround(value - largest) - Math.fround(Math.log(sum))));
}

/** The most probable cells, most probable first; of equals the first of the enumeration (`return_topK`). */
export function mostProbableCells(parameters: Float32Array, count: number): CellOperations[] {
  let scored: { cell: number[]; score: number }[] = [{ cell: [], score: 0 }];
  for (const edge of edgesOf(parameters)) {
    const logs = logSoftmax(edge);
    scored = scored.flatMap(({ cell, score }) =>
      logs.map((log, number) => ({ cell: [...cell, number], score: Math.fround(score + log) })),
    );
  }
  return scored
    .sort((a, b) => b.score - a.score)
    .slice(0, count)
    .map(({ cell }) => cell);
}

/** All cells, as the reference enumerates them (`Structure.gen_all`). */
export function allCells(): CellOperations[] {
  return EDGES.reduce<number[][]>((cells) => cells.flatMap((cell) => NUMBERS.map((number) => [...cell, number])), [[]]);
}

/** An operation for each edge (`random_genotype`, `dync_genotype(True)`). */
export function randomCell(random: PythonRandom): CellOperations {
  return EDGES.map(() => random.choice(NUMBERS));
}

/** The same, with at least one operation that is not `none` into each node (`forward_urs`). */
export function randomConnectedCell(random: PythonRandom): CellOperations {
  const cell: number[] = [];
  for (let node = 1; node <= 3; node++) {
    let into: number[];
    do into = Array.from({ length: node }, () => random.choice(NUMBERS));
    while (into.every((number) => number === NONE));
    cell.push(...into);
  }
  return cell;
}
