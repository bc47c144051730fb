import { randomInt } from 'node:crypto';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { HpName, PaperDataset, RepeatOptions } from 'nas-bench-201';
import { positiveNumber, wholeNumber } from '../options.js';

export const PAPER_DATASETS = ['cifar10', 'cifar100', 'ImageNet16-120'] as const satisfies readonly PaperDataset[];

/** What both `search` and `compare` are told. */
export interface RunsOptions {
  dataset: PaperDataset;
  seed: number;
  runs: number;
  budget: number;
  hp?: HpName;
  threads?: number;
  realTime?: boolean;
  csv?: string;
  parquet?: string;
}

export function seedNumber(text: string): number {
  const seed = Number(text);
  if (/^\d+$/.test(text) ? seed < 2 ** 32 : text === '-1') return seed;
  throw new InvalidArgumentError('expected a whole number below 2^32, or -1.');
}

function runsNumber(text: string): number {
  const runs = wholeNumber(text);
  if (runs === 0) throw new InvalidArgumentError('expected a whole number above 0.');
  return runs;
}

export function addRunsOptions(command: Command, runs: number): Command {
  return command
    .addOption(
      new Option('--dataset <name>', 'the data set that the search sees').choices(PAPER_DATASETS).default('cifar10'),
    )
    .addOption(
      new Option(
        '--seed <n>',
        "of the first run; the others' are the numbers after it. -1: each takes its seed from the run before, as the reference's scripts do",
      )
        .argParser(seedNumber)
        .default(0),
    )
    .addOption(new Option('--runs <n>', 'how many times').argParser(runsNumber).default(runs))
    .addOption(
      new Option('--budget <seconds>', 'simulated seconds of training and validation')
        .argParser(positiveNumber)
        .default(12_000),
    )
    .addOption(
      new Option('--hp <epochs>', 'whose results an evaluation gives (default: 12, as published)').choices([
        '12',
        '200',
      ]),
    )
    .addOption(new Option('--threads <n>', 'worker threads (default: one a core)').argParser(wholeNumber))
    .option('--real-time', 'charge the real seconds that the algorithm takes, too')
    .option('--csv <file>', 'write every step of every run')
    .option('--parquet <file>', 'the same as Parquet');
}

/** How the API is to repeat a search. */
export async function repeatOptions(options: RunsOptions): Promise<RepeatOptions> {
  const { independentSeeds } = await import('nas-bench-201');
  const { seed, runs, budget, threads, realTime } = options;
  return {
    seeds: seed === -1 ? { walkFrom: randomInt(1, 100_001), runs } : independentSeeds(seed, runs),
    budget,
    threads,
    chargeRealTime: realTime,
  };
}

/** Collects `--option name=value`. */
export function namedValue(
  text: string,
  known: Readonly<Record<string, number | string>> = {},
): Record<string, number | string> {
  const [, name, value] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('expected name=value.');
  return { ...known, [name]: Number.isNaN(Number(value)) ? value : Number(value) };
}
