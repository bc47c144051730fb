import { type Cell, EDGES, NODE_COUNT, parseArchitecture } from './cell.js';
import type { Operation } from './operations.js';

/** Carries a value from the cell's input through its edges and nodes to its output. */
function propagate<T>(
  cell: Cell,
  input: T,
  alongEdge: (operation: Operation, value: T) => T,
  atNode: (incoming: T[]) => T,
): T {
  const nodes = [input];
  for (let node = 1; node < NODE_COUNT; node++) {
    const incoming = EDGES.flatMap((edge, i) => (edge.node === node ? [alongEdge(cell[i]!, nodes[edge.input]!)] : []));
    nodes.push(atNode(incoming));
  }
  return nodes[NODE_COUNT - 1]!;
}

/** `none`, and everything after a node that is nothing but one `none`, is `#`; `skip_connect` leaves its input as it is. */
function expressEdge(operation: Operation, input: string): string {
  if (operation === 'none' || input === '#') {
    return '#';
  }
  return operation === 'skip_connect' ? input : `(${input})@${operation}`;
}

/**
 * A text that isomorphic cells share: the output as an expression of the input `0`, each node the sorted sum of its
 * edges. `CellStructure.to_unique_str(consider_zero=True)` of the reference, with 6,466 different values for the
 * 15,625 architectures. A sum of two or three zeros is not simplified (`#+#` stays an operand), as there.
 * @throws ArchitectureError
 */
export function uniqueString(architecture: string): string {
  return propagate(parseArchitecture(architecture), '0', expressEdge, (incoming) => incoming.sort().join('+'));
}

/**
 * Whether the cell's output depends on its input, which 341 architectures' does not: some path leads from node 0 to
 * node 3 without a `none`. `CellStructure.check_valid` of the reference.
 * @throws ArchitectureError
 */
export function isConnected(architecture: string): boolean {
  return propagate(
    parseArchitecture(architecture),
    true,
    (operation, reached) => reached && operation !== 'none',
    (incoming) => incoming.includes(true),
  );
}
