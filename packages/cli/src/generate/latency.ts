import { Command, Option } from 'commander';
import { wholeNumber } from '../options.js';
import type { Terminal } from '../terminal.js';
import { integer } from '../text.js';
import { addSizeOptions, type SizeOptions } from './options.js';

interface Options extends SizeOptions {
  archs?: string;
  device: string;
  batch: number;
  batches: number;
}

export function latency(terminal: Terminal): Command {
  const command = new Command('latency')
    .description('measures how long the networks take for a batch; nothing else should run meanwhile')
    .argument('<folder>', 'where the benchmark is made')
    .option('--archs <indices>', 'some architectures: 0-99,284 (default: those that have finished runs)')
    .option('--device <name>', 'cpu, cuda, cuda:1', 'cpu')
    .addOption(new Option('--batch <n>', 'images a batch').argParser(wholeNumber).default(256))
    .addOption(new Option('--batches <n>', 'batches that are measured').argParser(wholeNumber).default(20));
  return addSizeOptions(command).action(async (folder: string, { archs, ...options }: Options) => {
    const { measureLatencies } = await import('nas-bench-201');
    const { parseIndexes } = await import('@nas-bench-201/converters');
    const measured = await terminal.during(
      'latency',
      (bar) =>
        measureLatencies(folder, {
          ...options,
          archs: archs === undefined ? undefined : parseIndexes(archs),
          signal: terminal.signal,
          onArchitecture: (_, seconds, done, total) =>
            bar.update(done, total, `architectures  ${(seconds.cifar10 * 1000).toFixed(1)} ms a batch`),
        }),
      integer,
    );
    if (terminal.json) return terminal.printJson({ measured });
    return terminal.print(`${integer(measured)} architectures measured`);
  });
}
