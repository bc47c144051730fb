import { PythonRandom } from '../random/python-random.js';
import { isOperation, OPERATIONS, type Operation } from './operations.js';

/** An edge of the cell: from node `input` to node `node`. */
export interface Edge {
  readonly node: number;
  readonly input: number;
}

/** The six operations of a cell, in the order of `EDGES`. */
export type Cell = readonly [Operation, Operation, Operation, Operation, Operation, Operation];

/** How many nodes a cell has; node 0 is its input, the last its output. */
export const NODE_COUNT = 4;

/** The edges of a cell in the order in which an architecture string lists them. */
export const EDGES: readonly Edge[] = [
  { node: 1, input: 0 },
  { node: 2, input: 0 },
  { node: 2, input: 1 },
  { node: 3, input: 0 },
  { node: 3, input: 1 },
  { node: 3, input: 2 },
];

/** Thrown where a text is no architecture; where the reference fails an assertion or raises ValueError or IndexError. */
export class ArchitectureError extends Error {
  readonly code = 'BAD_ARCHITECTURE';
  override readonly name = 'ArchitectureError';
  /** The text that is no architecture. */
  readonly architecture: string;

  constructor(message: string, architecture: string) {
    super(message);
    this.architecture = architecture;
  }
}

const SHAPE = '|op~0|+|op~0|op~1|+|op~0|op~1|op~2|';
const SHAPE_PATTERN = new RegExp(`^${SHAPE.replace(/[|+]/g, '\\$&').replaceAll('op', '([^|~+]*)')}$`);

function toCell(operations: readonly Operation[]): Cell {
  const [op10, op20, op21, op30, op31, op32] = operations;
  return [op10!, op20!, op21!, op30!, op31!, op32!];
}

/**
 * The operations of an architecture string. Stricter than the reference, whose readers take any number of nodes and
 * edges: exactly the 15,625 strings of the search space pass.
 * @throws ArchitectureError
 */
export function parseArchitecture(architecture: string): Cell {
  const names = SHAPE_PATTERN.exec(architecture)?.slice(1);
  if (names === undefined) {
    throw new ArchitectureError(`expected ${SHAPE}, found ${JSON.stringify(architecture)}`, architecture);
  }
  if (!names.every(isOperation)) {
    const unknown = names.find((name) => !isOperation(name));
    const message = `unknown operation ${JSON.stringify(unknown)} in ${JSON.stringify(architecture)}`;
    throw new ArchitectureError(`${message}; known are ${OPERATIONS.join(', ')}`, architecture);
  }
  return toCell(names);
}

/** The architecture string of a cell: `CellStructure.tostr` of the reference. */
export function formatArchitecture(cell: Cell): string {
  const [op10, op20, op21, op30, op31, op32] = cell;
  return `|${op10}~0|+|${op20}~0|${op21}~1|+|${op30}~0|${op31}~1|${op32}~2|`;
}

/** All 15,625 architectures as the reference enumerates them (`CellStructure.gen_all`): the last edge changes fastest. */
export function enumerateArchitectures(): string[] {
  let prefixes: Operation[][] = [[]];
  for (let edge = 0; edge < EDGES.length; edge++) {
    prefixes = prefixes.flatMap((prefix) => OPERATIONS.map((operation) => [...prefix, operation]));
  }
  return prefixes.map((operations) => formatArchitecture(toCell(operations)));
}

/**
 * All 15,625 architectures in the order of the published benchmark, so that element i is the architecture with index i.
 * `generate_meta_info` of the reference: the enumeration after `random.seed(88); random.shuffle(archs)`.
 */
export function publishedArchitectures(): string[] {
  const architectures = enumerateArchitectures();
  new PythonRandom(88).shuffle(architectures);
  return architectures;
}

/**
 * The 24 architectures that differ from `architecture` in one edge, by edge and then by operation.
 * @throws ArchitectureError
 */
export function neighbours(architecture: string): string[] {
  const cell = parseArchitecture(architecture);
  return cell.flatMap((current, edge) =>
    OPERATIONS.filter((operation) => operation !== current).map((operation) =>
      formatArchitecture(toCell(cell.with(edge, operation))),
    ),
  );
}

/** Splits one `+`-separated group into operation and input, as the reference does: empty parts do not count. */
function splitNode(node: string, architecture: string): [operation: string, input: string][] {
  return node
    .split('|')
    .filter((edge) => edge !== '')
    .map((edge) => {
      const [operation, input, ...rest] = edge.split('~');
      if (operation === undefined || input === undefined || rest.length > 0) {
        throw new ArchitectureError(`invalid input length : ${edge}`, architecture);
      }
      return [operation, input];
    });
}

/** Python's `int(text)`. */
function pythonInt(text: string, architecture: string): number {
  const literal = text.trim();
  if (!/^[+-]?\d+(_\d+)*$/.test(literal)) {
    throw new ArchitectureError(`invalid literal for int() with base 10: '${text}'`, architecture);
  }
  return Number(literal.replaceAll('_', ''));
}

/**
 * `NASBench201API.str2lists`: for each node after the first, its pairs of operation and input node. Like the
 * reference, it takes any number of nodes and any name for an operation.
 * @throws ArchitectureError where an edge is not `<operation>~<integer>`
 */
export function str2lists(archStr: string): [operation: string, input: number][][] {
  return archStr
    .split('+')
    .map((node) =>
      splitNode(node, archStr).map(([operation, input]): [string, number] => [operation, pythonInt(input, archStr)]),
    );
}

/** NumPy's reading of an index into an axis of `length`: negative ones count from the end. */
function axisIndex(index: number, length: number, architecture: string): number {
  if (index < -length || index >= length) {
    const message = `index ${index} is out of bounds for axis 1 with size ${length}`;
    throw new ArchitectureError(message, architecture);
  }
  return index < 0 ? index + length : index;
}

/**
 * `NASBench201API.str2matrix`: the cell as NAS-Bench-101 writes one. Row r, column c holds the number of the operation
 * (its place in `searchSpace`) from node c to node r; where two edges join the same nodes, the later one.
 * @throws ArchitectureError where an edge is malformed, its operation not in `searchSpace` or its input no node
 */
export function str2matrix(archStr: string, searchSpace: readonly string[] = OPERATIONS): number[][] {
  const nodes = archStr.split('+');
  const size = nodes.length + 1;
  const matrix = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  nodes.forEach((node, i) => {
    for (const [operation, input] of splitNode(node, archStr)) {
      const number = searchSpace.indexOf(operation);
      if (number < 0) {
        throw new ArchitectureError(`this op (${operation}) is not in ${searchSpace.join(', ')}`, archStr);
      }
      matrix[i + 1]![axisIndex(pythonInt(input, archStr), size, archStr)] = number;
    }
  });
  return matrix;
}
