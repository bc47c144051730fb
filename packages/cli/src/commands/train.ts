import { Command, Option } from 'commander';
import type { DataSet, Dataset, EpochResult, HpName, MoreInfo, ResultsCount, TrainingProgress } from 'nas-bench-201';
import { architectureOf } from '../architecture.js';
import { CommandError } from '../failure.js';
import { withBenchmark } from '../open.js';
import { hpOption, memoryOption, positiveNumber, wholeNumber } from '../options.js';
import { pngOfSvg } from '../plot.js';
import type { ProgressBar } from '../progress.js';
import { resultsTable } from '../results-table.js';
import type { Terminal } from '../terminal.js';
import { decimal, integer, printable, table } from '../text.js';
import { type AccuracyCurve, accuracyCurves, svgOfAccuracies } from '../training/plot.js';
import { infoOf } from '../training/summary.js';
import { writeWhole } from '../write.js';

interface TrainOptions {
  dataset: string;
  data?: string;
  hp?: HpName;
  epochs?: number;
  batch?: number;
  lr?: number;
  seed: number;
  device: string;
  order?: 'reference' | 'device';
  channelsLast?: true;
  cudaGraph?: true;
  channels: number;
  cells: number;
  limit?: number;
  imageSize?: number;
  memory?: number;
  anySums?: true;
  benchmark?: string;
  out?: string;
  force?: true;
  svg?: string;
  png?: string;
}

export function train(terminal: Terminal): Command {
  const count = (flags: string, about: string) => new Option(flags, about).argParser(wholeNumber);
  return new Command('train')
    .argument('<architecture>', "an index or an architecture's text")
    .requiredOption(
      '--dataset <name>',
      'cifar10-valid, cifar10, cifar100, ImageNet16-120, or a folder of images by class',
    )
    .option('--data <path>', "the data set's folder, or its archive as downloaded (default: $TORCH_HOME)")
    .addOption(hpOption().default('12', '12'))
    .addOption(count('--seed <n>', 'of weights, order of images and augmentation').default(777))
    .option('--device <name>', 'cpu, cuda, cuda:1', 'cpu')
    .option('--benchmark <file>', 'shows what a benchmark has recorded beside it')
    .option('--out <file>', 'writes the trial (.pth), as the reference reads it')
    .option('--force', 'replace a file that is there')
    .option('--svg <file>', 'the accuracies of all epochs as a picture')
    .option('--png <file>', 'the same as PNG')
    .addOption(count('--epochs <n>', 'otherwise than --hp says'))
    .addOption(count('--batch <n>', 'images a batch (default: 256)'))
    .addOption(new Option('--lr <rate>', 'the first learning rate (default: 0.1)').argParser(positiveNumber))
    .addOption(
      new Option(
        '--order <how>',
        "where order and augmentation come from: the reference's random numbers, or the device's (default on a GPU)",
      ).choices(['reference', 'device']),
    )
    .option('--channels-last', 'another order in memory: faster on many devices, rounded otherwise')
    .option('--cuda-graph', 'a training step as one CUDA graph; needs libtorch 2.12.1 or newer')
    .addOption(count('--channels <n>', 'of the first third of the network').default(16))
    .addOption(count('--cells <n>', 'of each third').default(5))
    .addOption(count('--limit <n>', 'the first images of each set alone'))
    .addOption(count('--image-size <n>', 'of a folder of images: pixels that they are scaled to (default: 32)'))
    .addOption(memoryOption())
    .option('--any-sums', 'take files whose MD5 is not the published one')
    .action(async (asked: string, options: TrainOptions) => {
      const { index, text } = await architectureOf(asked);
      await checkOutput(options);
      const { limitTensorMemory, openDataset } = await import('nas-bench-201');
      if (options.memory !== undefined) limitTensorMemory(options.memory);
      const { anySums, limit, imageSize } = options;
      const { signal } = terminal;
      const data = await openDataset(options.dataset, options.data ?? process.env.TORCH_HOME, {
        ...{ anySums, limit, imageSize, signal },
      });
      const recorded = options.benchmark ? await recordedOf(options.benchmark, text, data, options, terminal) : null;
      if (!terminal.json) await terminal.print(...heading(index, text, data, options, terminal));
      const epochs = await trained(text, data, options, terminal);
      const info = infoOf(data.key, epochs);
      const curves = [...accuracyCurves(epochs), ...(recorded?.curves ?? [])];
      await draw(`${index >= 0 ? `${index} ` : ''}on ${data.key}`, text, curves, options);
      if (terminal.json) {
        const { hp, seed, device, out = null } = options;
        const plain = epochs.map(({ sets, ...epoch }) => ({ ...epoch, sets: Object.fromEntries(sets) }));
        const { info: known = null, seeds = [] } = recorded ?? {};
        const beside = recorded && { seeds, info: known };
        const found = { index, architecture: text, dataset: data.key, hp, seed, device, info, epochs: plain };
        return await terminal.printJson({ ...found, recorded: beside, out });
      }
      const part = { dataset: data.key, seeds: [options.seed], info, recorded: recorded?.info };
      await terminal.print('', ...resultsTable([part], terminal.colors));
      if (recorded)
        await terminal.print(terminal.colors.dim(`recorded: hp ${options.hp}, seeds ${recorded.seeds.join(' ')}`));
      if (options.out) await terminal.print('', `written to ${printable(options.out)}`);
    });
}

/** Better found before the training than after it. */
async function checkOutput({ out, force }: TrainOptions): Promise<void> {
  const { existsSync } = await import('node:fs');
  if (out && !force && existsSync(out)) {
    throw new CommandError('BAD_USAGE', `${out}: there is a file of this name; --force replaces it`);
  }
}

function heading(index: number, text: string, data: DataSet, options: TrainOptions, terminal: Terminal): string[] {
  const { bold, dim } = terminal.colors;
  const images = data.train.indices?.length ?? data.train.of.labels.length;
  const altered = data.files.filter(({ md5, expected }) => md5 !== expected);
  for (const { path, md5, expected } of altered) {
    terminal.warn(`${path}: its MD5 is ${md5}, not the published ${expected}`);
  }
  const sums = data.files.length > 0 && altered.length === 0 ? ', MD5 as published' : '';
  return [
    bold(index >= 0 ? `${index}  ${text}` : text),
    dim(
      `${printable(data.key)}: ${integer(images)} images of ${data.numClasses} classes${sums}; seed ${options.seed}, ${options.device}`,
    ),
    '',
  ];
}

async function trained(arch: string, data: DataSet, options: TrainOptions, terminal: Terminal): Promise<EpochResult[]> {
  const { machineInfo, trainTrial, writeTrials } = await import('nas-bench-201');
  const { hp, seed, device, order, channelsLast, cudaGraph, channels: C, cells: N, out, force: overwrite } = options;
  const { epochs: count, batch, lr } = options;
  const config = {
    ...(count !== undefined && { epochs: count }),
    ...(batch !== undefined && { batch_size: batch }),
    ...(lr !== undefined && { LR: lr }),
  };
  const epochs: EpochResult[] = [];
  const printing: Promise<void>[] = [];
  await terminal.during(
    'training',
    async (bar) => {
      const trial = await trainTrial({
        ...{ arch, dataset: data.key, data, hp, config, seed, device, order, channelsLast, cudaGraph, C, N },
        signal: terminal.signal,
        onProgress: (progress) => showProgress(bar, progress),
        onEpoch: (epoch) => {
          epochs.push(epoch);
          if (terminal.json) return;
          bar.clear();
          printing.push(terminal.print(...epochLines(epoch, terminal)));
        },
      });
      if (!out) return;
      const results = new Map([[data.key, trial]]);
      await writeTrials(out, { info: await machineInfo(), results }, { overwrite, signal: terminal.signal });
    },
    (done) => (Number.isInteger(done) ? `${done} epochs` : decimal(done, 1)),
  );
  await Promise.all(printing);
  return epochs;
}

/** A third of the time of training an image is what evaluating one takes. */
const EVALUATION = 1 / 3;

function showProgress(bar: ProgressBar, progress: TrainingProgress): void {
  const { epoch, epochs, set, images, total, loss, top1, seconds } = progress;
  const part = images / total;
  // Evaluation comes after training, and takes the last quarter of the epoch, whatever its sets are.
  const share = set === 'train' ? part / (1 + EVALUATION) : (1 + part * EVALUATION) / (1 + EVALUATION);
  const speed = seconds > 0 ? `${integer(Math.round(images / seconds))} images/s` : '';
  const note = `epoch ${epoch} ${set}  loss ${decimal(loss, 3)}  top-1 ${decimal(top1, 2)} %  ${speed}`;
  bar.update(Math.min(epoch + share, epoch + 0.999), epochs, note);
}

function epochLines({ epoch, learningRate, train: trainSet, sets }: EpochResult, terminal: Terminal): string[] {
  const right = (title: string) => ({ title, right: true });
  const all = [['train', trainSet] as const, ...sets];
  const seconds = all.reduce((sum, [, metrics]) => sum + metrics.seconds, 0);
  const columns = [
    right('epoch'),
    right('rate   '),
    ...all.flatMap(([name]) => [right(`${name.padStart(9)} loss`), right('  top-1')]),
    right('images/s'),
    right('     s'),
  ];
  const row = [
    String(epoch),
    decimal(learningRate, 5),
    ...all.flatMap(([, { loss, top1 }]) => [decimal(loss, 4), decimal(top1, 2)]),
    integer(Math.round(trainSet.count / trainSet.seconds)),
    decimal(seconds, 1),
  ];
  const [title, line] = table(columns, [row], terminal.colors.dim) as [string, string];
  return epoch === 0 ? [title, line] : [line];
}

interface Recorded {
  info: MoreInfo;
  seeds: number[];
  curves: AccuracyCurve[];
}

/** What the benchmark has: the trial of this seed, or the mean of those that there are. */
async function recordedOf(
  file: string,
  arch: string,
  data: DataSet,
  { hp = '12', seed }: TrainOptions,
  terminal: Terminal,
): Promise<Recorded | null> {
  const dataset = data.key as Dataset;
  return withBenchmark(terminal, file, async (api) => {
    const index = api.queryIndexByArch(arch);
    if (index < 0) throw new CommandError('NOTHING_FOUND', `${file}: no such architecture in this space: ${arch}`);
    const results = api.queryMetaInfoByIndex(index, { hp });
    const there = results.getDatasetSeeds(dataset);
    const seeds = there.includes(seed) ? [seed] : there;
    const one = seeds.length === 1 ? { seed: seeds[0]! } : {};
    const info = api.getMoreInfo(index, dataset, { hp, ...one, isRandom: false });
    const trials = seeds.map((of) => api.queryByIndex(index, dataset, { hp }).get(of)!);
    const curves = ['train', ...data.sets.keys()].flatMap((set) => {
      const values = meanCurve(trials, set);
      return values ? [{ title: set, recorded: true, values }] : [];
    });
    return { info, seeds, curves };
  });
}

/** Undefined where a trial lacks an epoch of it. */
function meanCurve(trials: readonly ResultsCount[], set: string): number[] | undefined {
  if (trials.some((trial) => set !== 'train' && !trial.getEvalSet().includes(set))) return undefined;
  const curves = trials.map((trial) => trial.curve('accuracy', set));
  const mean = Array.from(curves[0] ?? [], (_, epoch) => {
    return curves.reduce((sum, curve) => sum + (curve[epoch] ?? Number.NaN), 0) / curves.length;
  });
  return mean.every(Number.isFinite) ? mean : undefined;
}

async function draw(title: string, subtitle: string, curves: readonly AccuracyCurve[], { svg, png }: TrainOptions) {
  if (!svg && !png) return;
  const picture = await svgOfAccuracies(`Architecture ${title}`, subtitle, curves);
  if (svg) await writeWhole(svg, [picture]);
  if (png) await writeWhole(png, [await pngOfSvg(picture)]);
}
