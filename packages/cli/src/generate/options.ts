import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Dataset, GeneratedHp, TrainRunsOptions } from 'nas-bench-201';
import { DATASETS, memoryOption, positiveNumber, wholeNumber } from '../options.js';

/** What every step is told. */
export interface SizeOptions {
  C: number;
  N: number;
}

export const addSizeOptions = (command: Command): Command =>
  command
    .addOption(new Option('-C <channels>', 'channels of the first third').argParser(wholeNumber).default(16))
    .addOption(new Option('-N <cells>', 'cells of each third').argParser(wholeNumber).default(5));

/** What is trained, and how. */
export interface TrainingOptions extends SizeOptions {
  hp: GeneratedHp;
  data: string;
  archs?: string;
  seeds?: number[];
  datasets?: Dataset[];
  epochs?: number;
  batch?: number;
  channelsLast?: true;
  cudaGraph?: true;
  device: string;
  order?: 'reference' | 'device';
  limit?: number;
  anySums?: true;
  threads?: number;
  memory?: number;
  networks?: number;
}

function numbers(text: string): number[] {
  return text.split(',').map((number) => wholeNumber(number.trim()));
}

function datasets(text: string): Dataset[] {
  return text.split(',').map((name) => {
    const known = DATASETS.find((dataset) => dataset === name.trim());
    if (!known) throw new InvalidArgumentError(`'${name}' is none of ${DATASETS.join(', ')}.`);
    return known;
  });
}

function above0(text: string): number {
  const value = wholeNumber(text);
  return positiveNumber(String(value));
}

export const addTrainingOptions = (command: Command): Command =>
  addSizeOptions(
    command
      .addOption(new Option('--hp <epochs>', 'the hyper-parameters').choices(['12', '200']).makeOptionMandatory())
      .requiredOption('--data <folder>', "the folder with the data sets' files")
      .option('--archs <indices>', 'some architectures: 0-99,284 (default: all)')
      .addOption(
        new Option(
          '--seeds <list>',
          'a run for each (default: 111,777 with 12 epochs, 777,888,999 with 200)',
        ).argParser(numbers),
      )
      .addOption(
        new Option('--datasets <list>', `what each run trains on (default: ${DATASETS.join(',')})`).argParser(datasets),
      )
      .option('--device <name>', 'cpu, cuda (all GPUs), cuda:1; several with commas: a process for each', 'cpu')
      .addOption(
        new Option('--order <source>', 'where order and augmentation are drawn').choices(['reference', 'device']),
      )
      .option('--channels-last', 'another order in memory: faster on many devices, rounded otherwise')
      .option('--cuda-graph', 'a training step as one CUDA graph; needs libtorch 2.12.1 or newer')
      .addOption(new Option('--threads <n>', 'threads of each process').argParser(above0))
      .addOption(
        new Option(
          '--networks <n>',
          'runs that each process trains at the same time, on one copy of the data',
        ).argParser(above0),
      )
      .addOption(memoryOption())
      .option('--any-sums', 'take data files whose MD5 is not the published one')
      .addOption(new Option('--epochs <n>', 'another number of epochs, to try things out').argParser(above0))
      .addOption(new Option('--batch <n>', 'another batch size').argParser(above0))
      .addOption(new Option('--limit <n>', 'the first images of each set alone').argParser(above0)),
  );

/** What `trainRuns` is asked for. */
export async function trainRequest(options: TrainingOptions): Promise<TrainRunsOptions> {
  const { parseIndexes } = await import('@nas-bench-201/converters');
  const { hp, data, seeds, datasets, device, order, limit, C, N, epochs, batch, channelsLast, cudaGraph, networks } =
    options;
  return {
    ...{ hp, data, seeds, datasets, device, order, channelsLast, cudaGraph, limit, C, N, networks },
    archs: options.archs === undefined ? undefined : parseIndexes(options.archs),
    files: { anySums: options.anySums },
    config: {
      ...(epochs !== undefined && { epochs }),
      ...(batch !== undefined && { batch_size: batch }),
    },
  };
}

/** The same options as words, for a process of its own; its architectures and device are named by the caller. */
export function trainWords(options: TrainingOptions): string[] {
  const { hp, data, seeds, datasets, order, limit, epochs, batch, C, N, anySums, threads, memory, networks } = options;
  const words = (name: string, value: unknown) => (value === undefined ? [] : [`--${name}`, String(value)]);
  return [
    ...words('hp', hp),
    ...words('data', data),
    ...words('seeds', seeds?.join(',')),
    ...words('datasets', datasets?.join(',')),
    ...words('order', order),
    ...words('threads', threads),
    ...words('memory', memory === undefined ? undefined : memory / 2 ** 20),
    ...words('networks', networks),
    ...words('limit', limit),
    ...words('epochs', epochs),
    ...words('batch', batch),
    ...(anySums ? ['--any-sums'] : []),
    ...(options.channelsLast ? ['--channels-last'] : []),
    ...(options.cudaGraph ? ['--cuda-graph'] : []),
    ...['-C', String(C), '-N', String(N)],
  ];
}
