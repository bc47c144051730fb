import { randomInt } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import type {
  NASBench201API,
  PaperDataset,
  Truth,
  WeightSharingEpoch,
  WeightSharingName,
  WeightSharingProgress,
  WeightSharingRun,
} from 'nas-bench-201';
import { CommandError } from '../failure.js';
import { withBenchmark } from '../open.js';
import { positiveNumber, wholeNumber } from '../options.js';
import { pngOfSvg } from '../plot.js';
import { namedValue, PAPER_DATASETS, seedNumber } from '../search/options.js';
import { svgOfEpochs } from '../search/plot.js';
import { Interrupted, type Terminal } from '../terminal.js';
import { decimal, durationText, facts, integer, printable } from '../text.js';
import { writeWhole } from '../write.js';

// Spelled out here: to ask the API for them would load it for --help.
const ALGORITHMS: Readonly<Record<WeightSharingName, string>> = {
  'darts-v1': 'DARTS, first order: 50 epochs',
  'darts-v2': 'DARTS, second order: 50 epochs',
  gdas: 'GDAS: 250 epochs',
  setn: 'SETN: 250 epochs',
  enas: 'ENAS: 250 epochs',
  'random-nas': 'random search with parameter sharing (RSPS): 250 epochs',
};

interface Options {
  dataset: PaperDataset;
  data?: string;
  anySums?: boolean;
  limit?: number;
  seed: number;
  bn: '0' | '1';
  device: string;
  epochs?: number;
  channels: number;
  cells: number;
  variant: 'nas-bench-201' | 'nats-bench';
  channelsLast?: boolean;
  threads?: number;
  option?: Record<string, number | string>;
  out?: string;
  fresh?: boolean;
  benchmark?: string;
  svg?: string;
  png?: string;
}

/** The searches that train a supernet: subcommands of `search`. */
export function weightSharingSearches(terminal: Terminal): Command[] {
  return Object.entries(ALGORITHMS).map(([name, about]) =>
    new Command(name)
      .description(`${about}, by training a supernet on the data set; needs libtorch`)
      .addOption(new Option('--dataset <name>', 'what it trains on').choices(PAPER_DATASETS).default('cifar10'))
      .option('--data <folder>', "where the data set's files are (default: $TORCH_HOME/cifar.python)")
      .option('--any-sums', 'take files whose MD5 is not the published one')
      .addOption(new Option('--limit <n>', 'the first n images of each set alone').argParser(wholeNumber))
      .addOption(
        new Option('--seed <n>', "of everything; -1: a random one, as the reference's scripts have it")
          .argParser(seedNumber)
          .default(0),
      )
      .addOption(
        new Option('--bn <0|1>', "the scripts' BN: whether the cells' batch norms keep running statistics")
          .choices(['0', '1'])
          .default('1'),
      )
      .option('--device <name>', 'cpu, cuda, cuda:1', 'cpu')
      .addOption(new Option('--epochs <n>', 'default: as published').argParser(wholeNumber))
      .addOption(new Option('--channels <n>', 'of the first third of the supernet').argParser(wholeNumber).default(16))
      .addOption(new Option('--cells <n>', 'of each third').argParser(wholeNumber).default(5))
      .addOption(
        new Option('--variant <name>', "whose loop: NAS-Bench-201's scripts or NATS-Bench's")
          .choices(['nas-bench-201', 'nats-bench'])
          .default('nas-bench-201'),
      )
      .option('--channels-last', 'faster on a CPU; rounds otherwise than the reference')
      .addOption(new Option('--threads <n>', 'of one operation').argParser(positiveNumber))
      .addOption(
        new Option(
          '-o, --option <name=value>',
          'batchSize, candidates, learningRate, temperature.max, …: again for each',
        ).argParser(namedValue),
      )
      .option('--out <folder>', 'for checkpoints and the result (default: output/search-cell-…)')
      .option('--fresh', 'begin anew, whatever checkpoint there is')
      .option('--benchmark <file>', 'tells the true accuracy of the cell after every epoch; the search does not see it')
      .option('--svg <file>', 'draw the test accuracy of the cell over epochs; needs --benchmark')
      .option('--png <file>', 'the same as an image')
      .option('--json', 'a line of JSON an epoch on stdout')
      .action((options: Options, self: Command) => {
        if ((options.svg || options.png) && !options.benchmark) {
          self.error('error: what is drawn are accuracies of the benchmark: name it by --benchmark', { exitCode: 2 });
        }
        return run(terminal, name as WeightSharingName, options);
      }),
  );
}

/** A benchmark that cells are looked up in. */
interface Known {
  api: NASBench201API;
  truth: Truth;
}

async function run(terminal: Terminal, name: WeightSharingName, options: Options): Promise<void> {
  if (!options.benchmark) return search(terminal, name, options, undefined);
  await withBenchmark(terminal, options.benchmark, async (api) => {
    const { Truth } = await import('nas-bench-201');
    await search(terminal, name, options, { api, truth: await Truth.read(api, options.dataset) });
  });
}

function dataFolder({ data, dataset }: Options): string {
  if (data) return data;
  const home = process.env.TORCH_HOME;
  if (home) return join(home, 'cifar.python');
  throw new CommandError('BAD_USAGE', `expected --data <folder> with the files of ${dataset}, or TORCH_HOME to be set`);
}

async function search(
  terminal: Terminal,
  name: WeightSharingName,
  options: Options,
  known: Known | undefined,
): Promise<void> {
  const { SearchData, setTorchThreads, WeightSharingSearch, WEIGHT_SHARING_ALGORITHMS } = await import('nas-bench-201');
  const { signal } = terminal;
  const { dataset, bn, limit, anySums, epochs, channels, cells, variant, channelsLast, device } = options;
  const seed = options.seed === -1 ? randomInt(1, 100_001) : options.seed;
  const { title } = WEIGHT_SHARING_ALGORITHMS[name];
  const root = dataFolder(options);
  const data = await terminal.during(dataset, () => SearchData.open(dataset, root, { limit, anySums, signal }));
  const folder = options.out ?? join('output', 'search-cell-nas-bench-201', `${title}-${dataset}-BN${bn}`);
  const checkpoint = join(folder, 'checkpoint', `seed-${seed}-basic.pth`);
  if (options.threads) await setTorchThreads(options.threads);
  const supernet = { channels, cells, bn: bn === '1', variant, channelsLast: channelsLast === true, device };
  using searching = await WeightSharingSearch.create(name, {
    ...nested(options.option ?? {}),
    ...supernet,
    ...(epochs !== undefined && { epochs }),
    seed,
    numClasses: data.numClasses,
    imageSize: data.imageSize,
  });
  await mkdir(join(folder, 'checkpoint'), { recursive: true });
  if (options.fresh) await rm(checkpoint, { force: true });
  const report = new Report(terminal, known, searching.config.epochs);
  if (!terminal.json) {
    await terminal.print(
      terminal.colors.dim(
        `${title} on ${dataset}, seed ${seed}, BN ${bn}, ${channels} channels, ${cells} cells, ${device}`,
      ),
    );
  }
  try {
    const done = await terminal.during(
      title,
      (bar) =>
        searching.run(data, {
          checkpoint,
          signal,
          onProgress: (progress) => bar.update(progress.step, progress.steps, noteOf(progress)),
          onEpoch(epoch) {
            bar.clear();
            report.epoch(epoch);
          },
        }),
      (steps) => `${integer(steps)} steps`,
    );
    await writeWhole(join(folder, `seed-${seed}.json`), [`${JSON.stringify(done, null, 2)}\n`]);
    await draw(done, options, known);
    await report.end(done, join(folder, `seed-${seed}.json`));
  } catch (error) {
    if (report.epochs > 0 || error instanceof Interrupted) {
      terminal.warn(`the same command with --seed ${seed} goes on from ${checkpoint}`);
    }
    throw error;
  }
}

/** `temperature.max=5` as what it is a part of. */
function nested(options: Readonly<Record<string, number | string>>): object {
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    const [group, part] = name.split('.');
    out[group!] = part === undefined ? value : { ...(out[group!] as object | undefined), [part]: value };
  }
  return out;
}

function noteOf({ epoch, epochs, weights }: WeightSharingProgress): string {
  return `epoch ${epoch + 1} of ${epochs}, loss ${decimal(weights.loss, 3)}, ${decimal(weights.top1, 1)} %`;
}

/** Draws the test accuracy of the cell over epochs. */
async function draw(done: WeightSharingRun, { svg, png, dataset }: Options, known: Known | undefined): Promise<void> {
  if (!known || !(svg || png)) return;
  const points = done.epochs.map(({ epoch, cell }) => ({
    title: done.title,
    epoch: epoch + 1,
    accuracy: known.truth.test[known.api.queryIndexByArch(cell)] ?? Number.NaN,
  }));
  const text = await svgOfEpochs(points, dataset);
  if (svg) await writeWhole(svg, [text]);
  if (png) await writeWhole(png, [await pngOfSvg(text)]);
}

/** Tells of each epoch: a line for people, or one of JSON. */
class Report {
  readonly #began = performance.now();
  epochs = 0;

  constructor(
    readonly terminal: Terminal,
    readonly known: Known | undefined,
    readonly total: number,
  ) {}

  epoch(epoch: WeightSharingEpoch): void {
    this.epochs++;
    const truth = this.#truth(epoch.cell);
    if (this.terminal.json) return void process.stdout.write(`${JSON.stringify({ ...epoch, ...truth })}\n`);
    const { dim } = this.terminal.colors;
    const left = ((performance.now() - this.#began) / 1000 / this.epochs) * (this.total - epoch.epoch - 1);
    const percent = (what: string, value: number | undefined) =>
      value === undefined ? [] : [`${what} ${decimal(value, 2)} %`];
    const parts = [
      `epoch ${String(epoch.epoch + 1).padStart(String(this.total).length)} of ${this.total}`,
      `loss ${decimal(epoch.weights.loss, 3)}`,
      ...percent('train', epoch.weights.top1),
      ...percent('arch', epoch.architecture?.top1),
      ...percent('valid', epoch.evaluation?.top1),
      ...percent('test of the cell', truth?.test),
      `${durationText(left)} left`,
    ];
    process.stdout.write(`${parts.join('  ')}\n${dim(`  ${printable(epoch.cell)}`)}\n`);
  }

  async end(done: WeightSharingRun, path: string): Promise<void> {
    const truth = this.#truth(done.found);
    const { bold, dim, green } = this.terminal.colors;
    const { found, best, seconds, evaluation, seed } = done;
    if (this.terminal.json) {
      return this.terminal.print(JSON.stringify({ found, seed, best, seconds, evaluation, ...truth, result: path }));
    }
    await this.terminal.print(
      '',
      `${truth ? `${bold(String(truth.index))}  ` : ''}${bold(printable(found))}`,
      ...facts(
        [
          ...(truth
            ? ([
                ['test accuracy', `${green(`${decimal(truth.test, 2)} %`)}  after 200 epochs, mean over trials`],
                ['rank', `${integer(truth.rank)} of ${integer(this.known!.api.length)}`],
              ] as [string, string][])
            : []),
          ['search', `${integer(done.epochs.length)} epochs, ${durationText(seconds)}`],
          ['result', printable(path)],
        ],
        dim,
      ),
    );
  }

  #truth(cell: string): { index: number; test: number; rank: number } | undefined {
    if (!this.known) return undefined;
    const { api, truth } = this.known;
    const index = api.queryIndexByArch(cell);
    // A file of a part of the space need not know it.
    if (index < 0) return undefined;
    return { index, test: truth.test[index]!, rank: truth.rank(index) };
  }
}
