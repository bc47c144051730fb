import { Command, Option } from 'commander';
import type { ComputeCosts, CostWarning, Dataset, HpName, MoreInfo, NASBench201API } from 'nas-bench-201';
import { CommandError } from '../failure.js';
import { withBenchmark } from '../open.js';
import { architecture, datasetOption, hpOf, hpOption, wholeNumber } from '../options.js';
import { resultsTable } from '../results-table.js';
import type { Terminal } from '../terminal.js';
import { decimal, printable, table } from '../text.js';

interface QueryOptions {
  dataset?: Dataset;
  hp?: HpName;
  epoch?: number;
  seed?: number;
}

interface Answer {
  dataset: Dataset;
  seeds: number[];
  info: MoreInfo;
  costs: ComputeCosts;
  /** The true costs, where the recorded ones cannot be right. */
  costWarning: CostWarning | null;
}

export function query(terminal: Terminal): Command {
  return new Command('query')
    .argument('<file>', 'a benchmark file, or a NATS-Bench folder')
    .argument('<architecture>', "an index or an architecture's text", architecture)
    .addOption(datasetOption())
    .addOption(hpOption())
    .addOption(new Option('--epoch <n>', 'after this epoch, from 0 (default: the last)').argParser(wholeNumber))
    .addOption(new Option('--seed <n>', 'the trial of this seed alone (default: the mean)').argParser(wholeNumber))
    .action((file: string, arch: number | string, options: QueryOptions) =>
      withBenchmark(terminal, file, async (api) => {
        const hp = hpOf(api, options.hp);
        const index = api.queryIndexByArch(arch);
        if (index < 0) throw new CommandError('NOTHING_FOUND', `no such architecture in this space: ${arch}`);
        const answers = await ask(api, index, hp, options, terminal);
        if (terminal.json) {
          const { epoch = null, seed = null } = options;
          await terminal.printJson({ index, architecture: api.arch(index), hp, epoch, seed, results: answers });
          return;
        }
        const title = `${index}  ${printable(api.arch(index))}`;
        await terminal.print(...lines(title, hp, answers, options, terminal));
        for (const { costWarning } of answers) if (costWarning) terminal.warn(costText(costWarning));
      }),
    );
}

async function ask(
  api: NASBench201API,
  index: number,
  hp: HpName,
  { dataset: only, epoch, seed }: QueryOptions,
  terminal: Terminal,
): Promise<Answer[]> {
  const { QueryError } = await import('nas-bench-201');
  const results = api.queryMetaInfoByIndex(index, { hp });
  const answers: Answer[] = [];
  const failures: Error[] = [];
  for (const dataset of only ? [only] : (results.getDatasetNames() as Dataset[])) {
    try {
      const seeds = seed === undefined ? results.getDatasetSeeds(dataset) : [seed];
      const info = api.getMoreInfo(index, dataset, { hp, iepoch: epoch, seed, isRandom: false });
      const costs = results.getComputeCosts(dataset);
      answers.push({ dataset, seeds, info, costs, costWarning: api.costWarning(index, dataset, { hp }) });
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      failures.push(error);
    }
  }
  if (answers.length === 0)
    throw failures[0] ?? new CommandError('NOTHING_FOUND', `architecture ${index} has no trials`);
  for (const { message } of failures) terminal.warn(message);
  return answers;
}

function lines(
  title: string,
  hp: HpName,
  answers: readonly Answer[],
  { epoch, seed }: QueryOptions,
  { colors }: Terminal,
): string[] {
  const { bold, dim } = colors;
  const when = epoch === undefined ? 'after the last epoch' : `after epoch ${epoch}`;
  const of = seed === undefined ? 'means over trials' : `the trial of seed ${seed}`;
  const right = (title: string) => ({ title, right: true });
  const costs = answers.map(({ dataset, costs: { flops, params, latency }, costWarning }) => [
    dataset,
    decimal(flops, 2) + (costWarning ? ' !' : ''),
    decimal(params, 3) + (costWarning ? ' !' : ''),
    decimal(latency === null ? null : latency * 1000, 2),
  ]);
  return [
    bold(title),
    dim(`hp ${hp}, ${when}, ${of}`),
    '',
    ...resultsTable(answers, colors),
    '',
    ...table([{ title: 'data set' }, right('MFLOPs'), right('M params'), right('latency ms')], costs, dim),
  ];
}

function costText({ dataset, recorded, actual }: CostWarning): string {
  const text = ({ flops, params }: CostWarning['actual']) =>
    `${decimal(flops, 4)} MFLOPs, ${decimal(params, 4)} M params`;
  return `the costs on ${dataset} cannot be right: recorded are ${text(recorded)}; the network has ${text(actual)}`;
}
