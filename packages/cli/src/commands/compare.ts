import { Command, Option } from 'commander';
import type { NASBench201API } from 'nas-bench-201';
import { withBenchmark } from '../open.js';
import { pngOfSvg } from '../plot.js';
import { anytimeCurve } from '../search/curve.js';
import { addRunsOptions, type RunsOptions, repeatOptions } from '../search/options.js';
import { svgOfCurves } from '../search/plot.js';
import { type Runs, repeated } from '../search/repeat.js';
import { type Searcher, searcherOf, Tables } from '../search/searchers.js';
import { jsonOfRuns, writeSteps } from '../search/steps.js';
import { paperTable, paperTruths, summaryOf, summaryTable } from '../search/summary.js';
import { weightSharingRuns } from '../search/weight-sharing.js';
import type { Terminal } from '../terminal.js';
import { writeWhole } from '../write.js';

interface CompareOptions extends RunsOptions {
  algorithms?: string[];
  table?: 'paper';
  svg?: string;
  png?: string;
  with?: string[];
}

export function compare(terminal: Terminal): Command {
  const command = new Command('compare')
    .argument('<file>', 'a benchmark file, or a NATS-Bench folder')
    .addOption(
      new Option('--algorithms <names>', 'some of them, or modules, with commas between (default: all)').argParser(
        (text) => text.split(','),
      ),
    );
  return addRunsOptions(command, 100)
    .addOption(new Option('--table <form>', 'paper: on all three data sets, as its table 5').choices(['paper']))
    .option(
      '--with <files...>',
      'results of searches by weight sharing (seed-*.json), beside them, by their real seconds',
    )
    .option('--svg <file>', 'draw regret over simulated time: median and quartiles')
    .option('--png <file>', 'the same as an image')
    .action((file: string, options: CompareOptions, self: Command) => {
      if (options.table && options.dataset !== 'cifar10') {
        self.error("error: the paper's table is of searches on cifar10", { exitCode: 2 });
      }
      return run(terminal, file, options);
    });
}

async function run(terminal: Terminal, file: string, options: CompareOptions): Promise<void> {
  const { PUBLISHED_RESULTS, SEARCH_ALGORITHMS, Truth } = await import('nas-bench-201');
  const searchers: Searcher[] = [];
  for (const name of options.algorithms ?? Object.keys(SEARCH_ALGORITHMS)) {
    searchers.push(await searcherOf(name, {}, options.hp));
  }
  await withBenchmark(terminal, file, async (api) => {
    const trained = await weightSharingRuns(options.with ?? [], api, options.dataset);
    const { done: asked, ended } = await all(terminal, api, searchers, options);
    const done = [...asked, ...trained];
    const truth = await Truth.read(api, options.dataset);
    await writeSteps(options, done, api, truth);
    if (options.svg || options.png) {
      const series = done.map((runs) => ({ title: runs.searcher.title, points: anytimeCurve(runs.runs, truth) }));
      const svg = await svgOfCurves(series, options.dataset, options.runs);
      if (options.svg) await writeWhole(options.svg, [svg]);
      if (options.png) await writeWhole(options.png, [await pngOfSvg(svg)]);
    }
    if (terminal.json) {
      const searches = done.map((runs) => ({ summary: summaryOf(runs, truth), ...jsonOfRuns(runs, api, truth) }));
      await terminal.printJson({ dataset: options.dataset, budget: options.budget, searches });
    } else if (options.table === 'paper') {
      await terminal.print(...paperTable(done, await paperTruths(api, truth), PUBLISHED_RESULTS, terminal));
    } else {
      await terminal.print(...summaryTable(done, truth, PUBLISHED_RESULTS, terminal));
    }
    if (ended) {
      terminal.warn('not all runs had finished; the figures are of those that had');
      throw ended;
    }
  });
}

/** All that the file serves; where nobody named the algorithms, what it does not serve is left out with a warning. */
async function all(
  terminal: Terminal,
  api: NASBench201API,
  searchers: readonly Searcher[],
  options: CompareOptions,
): Promise<{ done: Runs[]; ended?: Error | undefined }> {
  const { SearchError } = await import('nas-bench-201');
  const tables = new Tables(api, options.dataset, terminal.signal);
  const repeat = await repeatOptions(options);
  const done: Runs[] = [];
  const left: { title: string; error: Error }[] = [];
  for (const searcher of searchers) {
    try {
      const runs = await repeated(terminal, searcher, tables, repeat);
      done.push(runs);
      if (runs.ended) return { done, ended: runs.ended };
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const lacking = error instanceof SearchError && error.code === 'NO_RESULTS' && !options.algorithms;
      if (lacking) left.push({ title: searcher.title, error });
      else if (done.length > 0) return { done, ended: error };
      else throw error;
    }
  }
  if (done.length === 0) throw left[0]!.error;
  for (const { title, error } of left) terminal.warn(`${title} is left out: ${error.message}`);
  return { done };
}
