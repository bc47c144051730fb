import { EDGES, NODE_COUNT, parseArchitecture } from './cell.js';
import type { Operation } from './operations.js';

/** A colour for each operation; `none` is drawn faint and dashed. */
const COLOURS: Record<Operation, string> = {
  none: '#b8bec7',
  skip_connect: '#5b6470',
  nor_conv_1x1: '#1f7a5c',
  nor_conv_3x3: '#2456a6',
  avg_pool_3x3: '#b4570c',
};

const STEP = 190;
const LEFT = 60;
const LINE = 150;
const RADIUS = 20;

/**
 * A cell as an SVG image: its nodes from the input (0) to the output (3), and the operation on each edge.
 * @throws ArchitectureError
 */
export function cellSvg(architecture: string): string {
  const cell = parseArchitecture(architecture);
  const x = (node: number) => LEFT + node * STEP;
  const edges = EDGES.map(({ node, input }, e) => {
    const operation = cell[e]!;
    const span = node - input;
    // Neighbours are joined by a line, others by arcs: those that skip one node above and below, the longest above all.
    const bend = span === 1 ? 0 : span === 2 ? (input === 0 ? -90 : 90) : -170;
    const middle = (x(input) + x(node)) / 2;
    const [from, to] = [x(input) + (bend ? RADIUS * 0.7 : RADIUS), x(node) - (bend ? RADIUS * 0.7 : RADIUS + 6)];
    const edgeY = bend ? LINE + Math.sign(bend) * (RADIUS * 0.7 + 2) : LINE;
    const dash = operation === 'none' ? ' stroke-dasharray="4 5"' : '';
    const style = `fill="none" stroke="${COLOURS[operation]}" stroke-width="2"${dash} marker-end="url(#to-${operation})"`;
    const path = `<path d="M${from},${edgeY} Q${middle},${LINE + bend * 1.5} ${to},${edgeY}" ${style}/>`;
    const label = bend ? LINE + Math.sign(bend) * (Math.abs(bend) * 0.75 + 12) + (bend > 0 ? 8 : 0) : LINE - 8;
    return `${path}<text x="${middle}" y="${label}" fill="${COLOURS[operation]}">${operation}</text>`;
  });
  const nodes = Array.from({ length: NODE_COUNT }, (_, node) => {
    const name = node === 0 ? 'input' : node === NODE_COUNT - 1 ? 'output' : '';
    const circle = `<circle cx="${x(node)}" cy="${LINE}" r="${RADIUS}" fill="#fff" stroke="#20252b" stroke-width="2"/>`;
    const number = `<text x="${x(node)}" y="${LINE + 5}" fill="#20252b" font-size="15">${node}</text>`;
    return `${circle}${number}<text x="${x(node)}" y="${LINE + RADIUS + 18}" fill="#20252b">${name}</text>`;
  });
  const markers = Object.entries(COLOURS).map(
    ([operation, colour]) =>
      `<marker id="to-${operation}" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="${colour}"/></marker>`,
  );
  const [width, height] = [x(NODE_COUNT - 1) + LEFT, LINE + 120];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13" text-anchor="middle">`,
    `<title>${architecture}</title>`,
    `<defs>${markers.join('')}</defs>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...edges,
    ...nodes,
    '</svg>\n',
  ].join('\n');
}
