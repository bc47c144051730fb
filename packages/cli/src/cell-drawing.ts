type Paint = (text: string) => string;

/**
 * A cell for the terminal: under each node its edges, and where they lead.
 *
 *     0 input ─┬─ nor_conv_3x3 ─▶ 1
 *              ├─ skip_connect ─▶ 2
 *              └─ none ┄┄┄┄┄┄┄┄▷ 3
 */
export function drawCell(
  edges: readonly { node: number; input: number }[],
  operations: readonly string[],
  { bold, dim }: { bold: Paint; dim: Paint },
): string[] {
  const width = Math.max(...operations.map((operation) => operation.length));
  const last = Math.max(...edges.map(({ node }) => node));
  const names = (node: number) => (node === 0 ? '0 input' : String(node));
  const lines: string[] = [];
  for (let input = 0; input < last; input++) {
    const outgoing = edges.flatMap(({ node, input: from }, e) => (from === input ? [{ node, e }] : []));
    for (const [i, { node, e }] of outgoing.entries()) {
      const operation = operations[e]!;
      const fork = outgoing.length === 1 ? '───' : i === 0 ? '─┬─' : i === outgoing.length - 1 ? ' └─' : ' ├─';
      const none = operation === 'none';
      const arrow = `${(none ? '┄' : '─').repeat(width - operation.length + 1)}${none ? '▷' : '▶'}`;
      const head = (i === 0 ? names(input) : '').padEnd(8);
      const target = node === last ? `${node} output` : String(node);
      lines.push(`${bold(head)}${fork} ${none ? dim(`${operation} ${arrow}`) : `${operation} ${arrow}`} ${target}`);
    }
  }
  return lines;
}
