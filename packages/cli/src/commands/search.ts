import { Command, Option } from 'commander';
import type { NASBench201API, Truth } from 'nas-bench-201';
import { withBenchmark } from '../open.js';
import { bestSoFar } from '../search/chart.js';
import { addRunsOptions, namedValue, type RunsOptions, repeatOptions } from '../search/options.js';
import { type Runs, repeated } from '../search/repeat.js';
import { searcherOf, Tables } from '../search/searchers.js';
import { foundBy, jsonOfRuns, writeSteps } from '../search/steps.js';
import { paperTable, paperTruths, summaryOf, summaryTable } from '../search/summary.js';
import type { Terminal } from '../terminal.js';
import { decimal, facts, integer, printable, table } from '../text.js';
import { weightSharingSearches } from './search-weight-sharing.js';

// Spelled out here: to ask the API for them would load it for --help.
const ALGORITHMS = `
Algorithms, and what -o sets them to:
  r-ea                regularized evolution       populationSize=10 sampleSize=3
  random              random search
  reinforce           policy gradient             learningRate=0.01 emaMomentum=0.9
  bohb                Hyperband with a model      iterations=50 samples=4 randomFraction=0 minBandwidth=0.3
                                                  eta=3 minBudget=12 maxBudget=200
  local-search        hill climbing, restarts     step=best (or first)
  successive-halving  on the recorded curves      eta=3 minEpochs=1
  hyperband           the same from several starts  eta=3 minEpochs=1
  darts-v1 darts-v2 gdas setn enas random-nas
                      by weight sharing: they train a supernet on the data set itself (search gdas --help)
  ./mine.mjs          your own: its default export begins a search (the README shows one)

With --hp 12, as published, an evaluation is a training of 12 epochs; with 200 it is the full one.`;

interface SearchCommandOptions extends RunsOptions {
  option?: Record<string, number | string>;
  table?: 'paper';
}

export function search(terminal: Terminal): Command {
  const command = new Command('search')
    .argument('<algorithm>', 'one of those below, or a module: ./mine.mjs')
    .argument('<file>', 'a benchmark file, or a NATS-Bench folder')
    .addOption(
      new Option('-o, --option <name=value>', "the algorithm's, again for each (default: as published)").argParser(
        namedValue,
      ),
    );
  // Their options have the same names, and other meanings.
  command.enablePositionalOptions();
  for (const one of weightSharingSearches(terminal)) command.addCommand(one);
  return addRunsOptions(command, 1)
    .addHelpText('after', ALGORITHMS)
    .addOption(new Option('--table <form>', 'paper: on all three data sets, as its table 5').choices(['paper']))
    .action((algorithm: string, file: string, options: SearchCommandOptions, self: Command) => {
      if (options.table && options.dataset !== 'cifar10') {
        self.error("error: the paper's table is of searches on cifar10", { exitCode: 2 });
      }
      return run(terminal, algorithm, file, options);
    });
}

async function run(terminal: Terminal, algorithm: string, file: string, options: SearchCommandOptions): Promise<void> {
  const searcher = await searcherOf(algorithm, options.option ?? {}, options.hp);
  await withBenchmark(terminal, file, async (api) => {
    const { PUBLISHED_RESULTS, Truth } = await import('nas-bench-201');
    const tables = new Tables(api, options.dataset, terminal.signal);
    const done = await repeated(terminal, searcher, tables, await repeatOptions(options));
    const truth = await Truth.read(api, options.dataset);
    await writeSteps(options, [done], api, truth);
    const truths = options.table === 'paper' ? await paperTruths(api, truth) : [];
    if (terminal.json) {
      const { dataset, budget } = options;
      const summary = summaryOf(done, truth);
      const paper = Object.fromEntries(truths.map((t) => [t.dataset, summaryOf(done, t)]));
      await terminal.printJson({
        dataset,
        budget,
        summary,
        ...(truths.length && { paper }),
        ...jsonOfRuns(done, api, truth),
      });
    } else if (truths.length) {
      await terminal.print(...paperTable([done], truths, PUBLISHED_RESULTS, terminal));
    } else if (options.runs === 1) {
      await terminal.print(...oneRun(done, api, truth, terminal));
    } else {
      await terminal.print(
        ...summaryTable([done], truth, PUBLISHED_RESULTS, terminal),
        ...circles(done, truth, terminal),
      );
    }
    if (done.ended) {
      terminal.warn(
        `${integer(done.runs.length)} of ${integer(options.runs)} runs had finished; the figures are theirs`,
      );
      throw done.ended;
    }
  });
}

/** Says how many runs of a walk were the same. */
function circles(done: Runs, truth: Truth, { colors: { dim } }: Terminal): string[] {
  const { seeds } = summaryOf(done, truth);
  return seeds === done.runs.length
    ? []
    : [dim(`${integer(seeds)} different seeds: the reference's walk goes round in circles`)];
}

function oneRun({ searcher, runs }: Runs, api: NASBench201API, truth: Truth, terminal: Terminal): string[] {
  const { bold, dim, green } = terminal.colors;
  const run = runs[0]!;
  const found = foundBy(run, api, truth);
  const changes = [...run.incumbents.keys()].filter(
    (step) => run.incumbents[step]! >= 0 && run.incumbents[step] !== run.incumbents[step - 1],
  );
  const right = (title: string) => ({ title, right: true });
  const rows = changes.map((step) => {
    const incumbent = run.incumbents[step]!;
    return [
      decimal(run.clock[step], 0),
      integer(step + 1),
      decimal(run.accuracies[step], 2),
      decimal(truth.test[incumbent], 2),
      decimal(truth.regret(incumbent), 2),
      String(incumbent),
    ];
  });
  const about = [
    searcher.title,
    `on ${truth.dataset}`,
    `seed ${run.seed}`,
    ...Object.entries(searcher.options).map(([name, value]) => `${name} ${value}`),
  ];
  return [
    dim(about.join(', ')),
    '',
    dim('best validation accuracy so far, %'),
    ...bestSoFar(run, terminal.width, dim),
    '',
    ...table(
      [right('seconds'), right('evaluation'), right('valid %'), right('test %'), right('regret'), right('best so far')],
      rows,
      dim,
    ),
    '',
    `${bold(String(found.index))}  ${printable(found.architecture)}`,
    ...facts(
      [
        ['test accuracy', `${green(`${decimal(found.test, 2)} %`)}  after 200 epochs, mean over trials`],
        ['rank', `${integer(found.rank)} of ${integer(api.length)}`],
        ['regret', `${decimal(found.regret, 2)} points below ${decimal(truth.test[truth.best], 2)} % of ${truth.best}`],
        [
          'cost',
          `${integer(run.indexes.length)} evaluations, ${decimal(run.seconds, 0)} of ${integer(run.budget)} simulated seconds`,
        ],
      ],
      dim,
    ),
  ];
}
