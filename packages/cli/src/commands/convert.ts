import { basename } from 'node:path';
import type { Conversion, ConvertOptions, ConvertProgress } from '@nas-bench-201/converters';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { CurveField } from 'nas-bench-201';
import { CommandError } from '../failure.js';
import { DATASETS, wholeNumber } from '../options.js';
import { ProgressBar } from '../progress.js';
import type { Terminal } from '../terminal.js';
import { bytesText, integer, printable } from '../text.js';

// Spelled out here, as in options.ts: the converters are loaded when they are needed.
const CHOICES = {
  hp: ['01', '12', '90', '200'],
  datasets: DATASETS,
  sets: ['train', 'x-valid', 'x-test', 'ori-test'],
  fields: [
    'train_acc1es',
    'train_acc5es',
    'train_losses',
    'train_times',
    'eval_acc1es',
    'eval_losses',
    'eval_times',
  ] satisfies CurveField[],
} as const;

function list(choices: readonly string[]): (text: string) => string[] {
  return (text) => {
    const chosen = text.split(',').map((name) => name.trim());
    const unknown = chosen.find((name) => !choices.includes(name));
    if (unknown !== undefined) throw new InvalidArgumentError(`'${unknown}' is none of ${choices.join(', ')}.`);
    return chosen;
  };
}

function epochs(text: string): 'last' | 'all' | number {
  return text === 'last' || text === 'all' ? text : wholeNumber(text);
}

interface Options {
  archs?: string;
  hp?: string[];
  datasets?: string[];
  sets?: string[];
  fields?: CurveField[];
  epochs?: 'last' | 'all' | number;
  summary?: true;
  format?: string;
  container?: 'legacy' | 'zip';
  force?: true;
}

const choice = (name: keyof typeof CHOICES, about: string) =>
  new Option(`--${name} <list>`, `${about}: ${CHOICES[name].join(', ')}`).argParser(list(CHOICES[name]));

export function convert(terminal: Terminal): Command {
  return new Command('convert')
    .argument('<in>', 'a benchmark file of any format, or a NATS-Bench folder')
    .argument('<out>', 'a file; its name tells the format: .pb .jsonl .json .parquet .arrow .csv .pth; - for stdout')
    .option('--archs <indices>', 'some architectures: 0-99,284')
    .addOption(choice('hp', 'some hyper-parameters'))
    .addOption(choice('datasets', 'some data sets'))
    .addOption(choice('sets', 'what was measured on some sets'))
    .addOption(choice('fields', 'some curves'))
    .addOption(new Option('--epochs <which>', 'last, all, or one from 0').argParser(epochs))
    .option('--summary', 'one row an architecture, hp and data set: means over trials')
    .option('--format <name>', "what the file's name does not tell: pb, jsonl.gz …")
    .addOption(new Option('--container <kind>', 'of a .pth (default: legacy)').choices(['legacy', 'zip']))
    .option('--force', 'replace a file that is there')
    .addHelpText('after', '\n.gz and .zst after the name compress: out.jsonl.zst. Weights are not converted.')
    .action((from: string, to: string, options: Options) => run(terminal, from, to, options));
}

async function run(terminal: Terminal, from: string, to: string, { archs, ...options }: Options): Promise<void> {
  if (to === '-' && terminal.json) throw new CommandError('BAD_USAGE', '--json and - both want the standard output');
  if (to === '-' && !options.format) throw new CommandError('BAD_USAGE', 'for the standard output name a --format');
  const converters = await import('@nas-bench-201/converters');
  const bar = new ProgressBar(basename(from), process.stderr, integer);
  const began = performance.now();
  const request: ConvertOptions = {
    ...options,
    ...(archs !== undefined && { archs: converters.parseIndexes(archs) }),
    signal: terminal.signal,
    onProgress: (progress) => show(bar, progress, (performance.now() - began) / 1000),
    onWarning: (message) => {
      bar.clear();
      terminal.warn(message);
    },
  };
  try {
    const done = await converters.convert(from, to === '-' ? process.stdout : to, request);
    bar.clear();
    if (terminal.json) await terminal.printJson({ file: to, ...done });
    else if (to !== '-') await terminal.print(...summary(to, done));
  } catch (error) {
    bar.clear();
    if (terminal.signal.aborted)
      terminal.complain(`interrupted: ${to === '-' ? 'the output is not complete' : `${to} was not written`}`);
    throw error;
  }
}

function show(bar: ProgressBar, { architectures, total, bytes }: ConvertProgress, seconds: number): void {
  const rate = `${integer(Math.round(architectures / seconds))}/s`;
  bar.update(architectures, total, `architectures  ${rate}  ${bytesText(bytes)} written`);
}

function summary(to: string, { architectures, trials, rows, values, bytes, seconds }: Conversion): string[] {
  const what = rows > 0 ? `${integer(rows)} rows` : `${integer(trials)} trials, ${integer(values)} numbers`;
  const rate = `${integer(Math.round(architectures / seconds))} architectures/s`;
  return [
    `${printable(to)}  ${bytesText(bytes)}`,
    `${integer(architectures)} architectures, ${what} in ${seconds.toFixed(1)} s (${rate})`,
  ];
}
