import { writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { architectureOf } from '../architecture.js';
import { drawCell } from '../cell-drawing.js';
import { wholeNumber } from '../options.js';
import type { Terminal } from '../terminal.js';
import { decimal, facts, table } from '../text.js';

interface NetOptions {
  C: number;
  N: number;
  svg?: string;
}

export function net(terminal: Terminal): Command {
  return new Command('net')
    .argument('<architecture>', "an index or an architecture's text")
    .addOption(new Option('-C <channels>', 'channels of the first third').argParser(wholeNumber).default(16))
    .addOption(new Option('-N <cells>', 'cells of each third').argParser(wholeNumber).default(5))
    .option('--svg <file>', 'writes the drawing of the cell as SVG; - for stdout')
    .action(async (asked: string, { C, N, svg }: NetOptions) => {
      const { cellSvg, EDGES, networkCost, PAPER_DATASETS, parseArchitecture, TASK_SHAPES } = await import(
        'nas-bench-201'
      );
      const { index, text } = await architectureOf(asked);
      if (svg === '-') return terminal.print(cellSvg(text).trimEnd());
      if (svg !== undefined) writeFileSync(svg, cellSvg(text));
      const costs = PAPER_DATASETS.map((dataset) => ({
        dataset,
        ...networkCost(text, TASK_SHAPES[dataset], { C, N }),
      }));
      const stages = stagesOf(C, N);
      if (terminal.json) return terminal.printJson({ index, architecture: text, C, N, stages, costs });
      const { bold, dim } = terminal.colors;
      const right = (title: string) => ({ title, right: true });
      return terminal.print(
        bold(`${index}  ${text}`),
        '',
        ...drawCell(EDGES, parseArchitecture(text), terminal.colors),
        '',
        ...table(
          [{ title: 'stage' }, right('channels'), right('32 x 32 images'), right('16 x 16')],
          stages.map(({ name, channels, scale }) => [
            name,
            String(channels),
            ...[32, 16].map((size) => (scale === 0 ? '' : `${size / scale} x ${size / scale}`)),
          ]),
          dim,
        ),
        '',
        ...table(
          [{ title: 'data set' }, right('MFLOPs'), right('M params')],
          costs.map(({ dataset, flops, params }) => [dataset, decimal(flops, 5), decimal(params, 6)]),
          dim,
        ),
        ...(svg === undefined ? [] : ['', ...facts([['drawing', svg]], dim)]),
      );
    });
}

/** What the network is made of, from its images to its classes; `scale`: by how much its image is smaller. */
function stagesOf(C: number, N: number): { name: string; channels: number; scale: number }[] {
  const cells = `${N} x cell`;
  const block = 'residual block, stride 2';
  return [
    { name: 'stem: convolution 3x3, batch norm', channels: C, scale: 1 },
    { name: cells, channels: C, scale: 1 },
    { name: block, channels: 2 * C, scale: 2 },
    { name: cells, channels: 2 * C, scale: 2 },
    { name: block, channels: 4 * C, scale: 4 },
    { name: cells, channels: 4 * C, scale: 4 },
    { name: 'head: batch norm, ReLU, average, linear', channels: 4 * C, scale: 0 },
  ];
}
