import { Command, Option } from 'commander';
import type { ComputeCosts, Dataset, HpName, NASBench201API } from 'nas-bench-201';
import { CommandError } from '../failure.js';
import { withBenchmark } from '../open.js';
import { datasetOption, hpOf, hpOption, positiveNumber } from '../options.js';
import type { Terminal } from '../terminal.js';
import { decimal, table } from '../text.js';

interface BestOptions {
  dataset?: Dataset;
  set?: string;
  hp?: HpName;
  maxFlops?: number;
  maxParams?: number;
}

interface Found {
  dataset: Dataset;
  set: string;
  index: number;
  architecture: string;
  accuracy: number;
  costs: ComputeCosts;
}

export function best(terminal: Terminal): Command {
  return new Command('best')
    .argument('<file>', 'a benchmark file, or a NATS-Bench folder')
    .addOption(datasetOption())
    .option(
      '--set <name>',
      'train, x-valid, x-test, ori-test, or valid and test as the paper means them (default: these two)',
    )
    .addOption(hpOption())
    .addOption(new Option('--max-flops <millions>', 'at most so many MFLOPs').argParser(positiveNumber))
    .addOption(new Option('--max-params <millions>', 'at most so many million parameters').argParser(positiveNumber))
    .action((file: string, options: BestOptions) =>
      withBenchmark(terminal, file, async (api) => {
        const hp = hpOf(api, options.hp);
        const found = await search(api, hp, options, terminal);
        if (terminal.json) await terminal.printJson({ hp, best: found });
        else await terminal.print(...lines(found, hp, options, terminal));
      }),
    );
}

async function search(
  api: NASBench201API,
  hp: HpName,
  { dataset: only, set: onlySet, maxFlops, maxParams }: BestOptions,
  terminal: Terminal,
): Promise<Found[]> {
  const { PAPER_DATASETS, QueryError, remapDatasetSetNames } = await import('nas-bench-201');
  const sets = onlySet === undefined ? ['valid', 'test'] : [onlySet];
  const limits = { hp, flopMax: maxFlops, paramMax: maxParams, signal: terminal.signal };
  const found: Found[] = [];
  const failures: { about: string; error: Error }[] = [];
  for (const dataset of only ? [only] : PAPER_DATASETS) {
    for (const set of sets) {
      // CIFAR-10's half for training has no test set of its own by that name.
      const asked = dataset === 'cifar10-valid' && set === 'test' ? 'ori-test' : set;
      try {
        const [index, accuracy] = await api.findBest(dataset, asked as 'train', limits);
        if (accuracy === null) continue;
        // Validation of CIFAR-10 is of networks that were trained on half of it.
        const [trained] = remapDatasetSetNames(dataset, asked);
        const costs = api.queryMetaInfoByIndex(index, { hp }).getComputeCosts(trained);
        found.push({ dataset, set: asked, index, architecture: api.arch(index), accuracy, costs });
      } catch (error) {
        if (!(error instanceof QueryError)) throw error;
        failures.push({ about: `${dataset}, ${asked}`, error });
      }
    }
  }
  if (found.length === 0) {
    throw failures[0]?.error ?? new CommandError('NOTHING_FOUND', 'no architecture keeps within the limits');
  }
  for (const { about, error } of failures) terminal.warn(`${about}: ${error.message}`);
  return found;
}

function lines(
  found: readonly Found[],
  hp: HpName,
  { maxFlops, maxParams }: BestOptions,
  { colors: { bold, dim, green } }: Terminal,
): string[] {
  const within = [
    ...(maxFlops === undefined ? [] : [`at most ${maxFlops} MFLOPs`]),
    ...(maxParams === undefined ? [] : [`at most ${maxParams} M params`]),
  ];
  const right = (title: string) => ({ title, right: true });
  const columns = [
    { title: 'data set' },
    { title: 'set' },
    right('accuracy %'),
    right('index'),
    right('MFLOPs'),
    right('M params'),
    { title: 'architecture' },
  ];
  const rows = found.map(({ dataset, set, accuracy, index, costs, architecture }, i) => [
    dataset === found[i - 1]?.dataset ? '' : dataset,
    set,
    green(decimal(accuracy, 2)),
    bold(String(index)),
    decimal(costs.flops, 2),
    decimal(costs.params, 3),
    architecture,
  ]);
  return [
    dim([`hp ${hp}, after the last epoch, means over trials`, ...within].join(', ')),
    '',
    ...table(columns, rows, dim),
  ];
}
