import type { PaperDataset } from 'nas-bench-201';
import type { TopLevelSpec } from 'vega-lite';
import { PLOT, svgOfPlot } from '../plot.js';
import type { AnytimePoint } from './curve.js';

export interface Series {
  title: string;
  points: readonly AnytimePoint[];
}

/** The axis of regrets is logarithmic down to here; where they come nearer to 0, it is linear below. */
const LINEAR_BELOW = 0.1;
const SECOND_TICKS = [1, 2, 5].flatMap((digit) => [10, 100, 1000, 10_000, 100_000].map((power) => digit * power));
const REGRET_TICKS = [0, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];

/** Of searches, in pixels. */
const FRAME = { ...PLOT, height: 360 };
function specification(series: readonly Series[], dataset: PaperDataset, runs: number): TopLevelSpec {
  const values = series.flatMap(({ title, points }) => points.map((point) => ({ title, ...point })));
  const titles = series.map(({ title }) => title);
  const seconds = values.map((value) => value.seconds);
  const highest = Math.max(...values.map((value) => value.upper));
  const lowest = Math.min(...values.map((value) => value.lower));
  const scale =
    lowest >= LINEAR_BELOW
      ? { type: 'log' as const, domain: [0.9 * lowest, 1.1 * highest], nice: false }
      : { type: 'symlog' as const, constant: LINEAR_BELOW, domain: [0, 1.1 * highest], nice: false };
  const x = {
    field: 'seconds',
    type: 'quantitative' as const,
    title: 'simulated seconds of training and validation',
    scale: { type: 'log' as const, domain: [Math.min(...seconds), Math.max(...seconds)], nice: false },
    axis: { values: SECOND_TICKS, format: ',' },
  };
  const y = {
    type: 'quantitative' as const,
    title: 'test accuracy below the best, points',
    scale,
    axis: { values: REGRET_TICKS.filter((tick) => tick >= scale.domain[0]!), format: '~r' },
  };
  const color = {
    field: 'title',
    type: 'nominal' as const,
    sort: titles,
    scale: { domain: titles, scheme: 'tableau10' as const },
    legend: { title: null, symbolStrokeWidth: 3, symbolType: 'stroke', symbolOpacity: 1 },
  };
  return {
    ...FRAME,
    title: {
      text: `Searches on ${dataset}`,
      subtitle: `median and quartiles of ${runs} runs`,
      anchor: 'start',
      offset: 12,
    },
    data: { values },
    layer: [
      {
        mark: { type: 'area', opacity: 0.1, interpolate: 'step-after' },
        encoding: { x, y: { field: 'lower', ...y }, y2: { field: 'upper' }, color },
      },
      {
        mark: { type: 'line', strokeWidth: 2, interpolate: 'step-after' },
        encoding: { x, y: { field: 'median', ...y }, color },
      },
    ],
  };
}

/** What was found by an epoch. */
export interface EpochPoint {
  title: string;
  /** From 1. */
  epoch: number;
  /** Per cent. */
  accuracy: number;
}

/** Test accuracy over epochs, as the paper's figure of the weight-sharing searches. */
function epochsSpecification(points: readonly EpochPoint[], dataset: PaperDataset): TopLevelSpec {
  const quantitative = 'quantitative' as const;
  return {
    ...FRAME,
    title: { text: `Searches by weight sharing on ${dataset}`, anchor: 'start', offset: 12 },
    data: { values: [...points] },
    mark: { type: 'line', strokeWidth: 2, point: points.length <= 60 },
    encoding: {
      x: { field: 'epoch', type: quantitative, title: 'epoch of the search', axis: { tickMinStep: 1 } },
      y: {
        field: 'accuracy',
        type: quantitative,
        title: 'test accuracy of the current cell, %',
        scale: { zero: false, nice: true },
      },
      color: { field: 'title', type: 'nominal', scale: { scheme: 'tableau10' }, legend: { title: null } },
    },
  };
}

/** The curves as an SVG document. */
export async function svgOfCurves(series: readonly Series[], dataset: PaperDataset, runs: number): Promise<string> {
  return svgOfPlot(specification(series, dataset, runs));
}

/** The accuracies as an SVG document. */
export async function svgOfEpochs(points: readonly EpochPoint[], dataset: PaperDataset): Promise<string> {
  return svgOfPlot(epochsSpecification(points, dataset));
}
