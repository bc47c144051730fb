import type { EpochResult } from 'nas-bench-201';
import { PLOT, svgOfPlot } from '../plot.js';

/** An accuracy of each epoch, in per cent. */
export interface AccuracyCurve {
  title: string;
  /** Whether it is what the benchmark has recorded. */
  recorded: boolean;
  values: readonly number[];
}

/** The top-1 accuracy of each set of a training. */
export function accuracyCurves(epochs: readonly EpochResult[]): AccuracyCurve[] {
  const sets = [...(epochs[0]?.sets.keys() ?? [])];
  return [
    { title: 'train', recorded: false, values: epochs.map(({ train }) => train.top1) },
    ...sets.map((set) => ({
      title: set,
      recorded: false,
      values: epochs.map(({ sets: measured }) => measured.get(set)!.top1),
    })),
  ];
}

/** Accuracies over epochs as an SVG document; what was recorded is dashed. */
export function svgOfAccuracies(title: string, subtitle: string, curves: readonly AccuracyCurve[]): Promise<string> {
  const values = curves.flatMap(({ title: set, recorded, values: accuracies }) =>
    accuracies.map((accuracy, epoch) => ({ set, of: recorded ? 'recorded' : 'here', epoch, accuracy })),
  );
  const both = curves.some(({ recorded }) => recorded);
  return svgOfPlot({
    ...PLOT,
    height: 320,
    title: { text: title, subtitle, anchor: 'start', offset: 12 },
    data: { values },
    mark: { type: 'line', strokeWidth: 2, point: { size: 30 } },
    encoding: {
      x: { field: 'epoch', type: 'quantitative', axis: { tickMinStep: 1, format: 'd' } },
      y: { field: 'accuracy', type: 'quantitative', title: 'top-1 accuracy, %', scale: { zero: false } },
      color: {
        field: 'set',
        type: 'nominal',
        sort: [...new Set(curves.map((curve) => curve.title))],
        scale: { scheme: 'tableau10' },
        legend: { title: null, symbolStrokeWidth: 3, symbolType: 'stroke' },
      },
      ...(both && {
        strokeDash: {
          field: 'of',
          type: 'nominal',
          sort: ['here', 'recorded'],
          legend: {
            title: null,
            symbolType: 'stroke',
            symbolFillColor: 'transparent',
            symbolStrokeColor: '#333',
            symbolStrokeWidth: 2,
            symbolSize: 400,
          },
        },
      }),
    },
  });
}
