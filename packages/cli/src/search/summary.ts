import type { MeanAndDeviation, NASBench201API, PaperDataset, PublishedRow, Truth } from 'nas-bench-201';
import type { Terminal } from '../terminal.js';
import { decimal, integer, table } from '../text.js';
import type { Runs } from './repeat.js';

/** Mean and standard deviation, the population's, as NumPy's `std` has it. */
function meanAndDeviation(values: readonly number[]): MeanAndDeviation {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return [mean, Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length)];
}

/** The number below which the given share lies, between two numbers in proportion (NumPy's default). */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const next = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (place - below) * (sorted[next]! - sorted[below]!);
}

const ascending = (values: readonly number[]) => [...values].sort((a, b) => a - b);

/** What the runs of an algorithm found, in numbers; per cent, points and simulated seconds. */
export interface Summary {
  valid: MeanAndDeviation;
  test: MeanAndDeviation;
  /** Median and quartiles. */
  regret: { median: number; lower: number; upper: number };
  evaluations: number;
  seconds: number;
  /** Seeds that differ: a walk of seeds goes round in circles. */
  seeds: number;
}

export function summaryOf({ runs }: Runs, truth: Truth): Summary {
  const of = (accuracies: Float64Array) => meanAndDeviation(runs.map((run) => accuracies[run.found]!));
  const regret = ascending(runs.map((run) => truth.regret(run.found)));
  const mean = (values: readonly number[]) => meanAndDeviation(values)[0];
  return {
    valid: of(truth.valid),
    test: of(truth.test),
    regret: { median: quantile(regret, 0.5), lower: quantile(regret, 0.25), upper: quantile(regret, 0.75) },
    evaluations: mean(runs.map((run) => run.indexes.length)),
    seconds: mean(runs.map((run) => run.seconds)),
    seeds: new Set(runs.map((run) => run.seed)).size,
  };
}

const plusMinus = ([mean, deviation]: MeanAndDeviation) => `${decimal(mean, 2)}±${decimal(deviation, 2)}`;
const right = (title: string) => ({ title, right: true });

/** A row for each algorithm on the data set that it searched on, the published row of those that have one below. */
export function summaryTable(
  all: readonly Runs[],
  truth: Truth,
  published: Readonly<Record<string, PublishedRow>>,
  { colors: { bold, dim } }: Terminal,
): string[] {
  const { dataset } = truth;
  const rows = all.flatMap((runs) => {
    const { valid, test, regret, evaluations, seconds } = summaryOf(runs, truth);
    const here = [
      bold(runs.searcher.title),
      integer(runs.runs.length),
      plusMinus(valid),
      plusMinus(test),
      decimal(regret.median, 2),
      decimal(evaluations, 0),
      decimal(seconds, 0),
    ];
    // The paper's searches ran on CIFAR-10.
    const paper = dataset === 'cifar10' ? published[runs.searcher.name] : undefined;
    const row = paper?.[dataset];
    const there =
      row && ['  published', String(paper.runs), plusMinus(row.valid), plusMinus(row.test), '', '', ''].map(dim);
    return there ? [here, there] : [here];
  });
  const best = ['optimum', '', decimal(highest(truth.valid), 2), decimal(truth.test[truth.best], 2), '', '', ''].map(
    dim,
  );
  return table(
    [
      { title: 'algorithm' },
      right('runs'),
      right('valid %'),
      right('test %'),
      right('regret'),
      right('evaluations'),
      right('seconds'),
    ],
    [...rows, best],
    dim,
  );
}

function highest(values: Float64Array): number {
  return values.reduce((a, b) => (Number.isNaN(b) ? a : Math.max(a, b)), Number.NEGATIVE_INFINITY);
}

/** As table 5 of the paper: what searches on CIFAR-10 found, on all three data sets. */
export function paperTable(
  all: readonly Runs[],
  truths: readonly Truth[],
  published: Readonly<Record<string, PublishedRow>>,
  { colors: { bold, dim } }: Terminal,
): string[] {
  const rows = all.flatMap((runs) => {
    const numbers = truths.flatMap((truth) => {
      const { valid, test } = summaryOf(runs, truth);
      return [plusMinus(valid), plusMinus(test)];
    });
    const row = published[runs.searcher.name];
    const there = row && truths.flatMap(({ dataset }) => [plusMinus(row[dataset].valid), plusMinus(row[dataset].test)]);
    const here = [bold(runs.searcher.title), ...numbers];
    return there ? [here, ['  published', ...there].map(dim)] : [here];
  });
  const titles = truths.flatMap(({ dataset }) => [right(`${dataset} valid`), right('test')]);
  return table([{ title: 'method' }, ...titles], rows, dim);
}

/** The truth of all three data sets, for `--table paper`. */
export async function paperTruths(api: NASBench201API, known: Truth): Promise<Truth[]> {
  const { PAPER_DATASETS, Truth } = await import('nas-bench-201');
  const read = (dataset: PaperDataset) => (dataset === known.dataset ? known : Truth.read(api, dataset));
  const truths: Truth[] = [];
  for (const dataset of PAPER_DATASETS) truths.push(await read(dataset));
  return truths;
}
