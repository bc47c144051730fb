import { basename } from 'node:path';
import type { BenchmarkSource, Difference } from '@nas-bench-201/converters';
import { Command, Option } from 'commander';
import { wholeNumber } from '../options.js';
import type { Terminal } from '../terminal.js';
import { integer, printable } from '../text.js';

interface Options {
  archs?: string;
  limit: number;
}

export function diff(terminal: Terminal): Command {
  return new Command('diff')
    .argument('<a>', 'a benchmark file of any format, or a NATS-Bench folder')
    .argument('<b>', 'another')
    .option('--archs <indices>', 'some architectures: 0-99,284')
    .addOption(new Option('--limit <n>', 'show so many differences').argParser(wholeNumber).default(20))
    .addHelpText(
      'after',
      '\nNumbers are compared bit for bit. The order of records and trials, and weights, make no difference.\nExit codes: 0 the same, 1 different or failed.',
    )
    .action((a: string, b: string, options: Options) => run(terminal, a, b, options));
}

async function run(terminal: Terminal, a: string, b: string, { archs: wanted, limit }: Options): Promise<void> {
  const { differences, openBenchmark, parseIndexes } = await import('@nas-bench-201/converters');
  const archs = wanted === undefined ? undefined : parseIndexes(wanted);
  const { signal } = terminal;
  const shown: Difference[] = [];
  let found = 0;
  let architectures = 0;
  const sources: BenchmarkSource[] = [];
  try {
    for (const path of [a, b]) sources.push(await openBenchmark(path, { signal }));
    const [first, second] = sources as [BenchmarkSource, BenchmarkSource];
    const total = archs?.length ?? first.header.evaluated.length;
    await terminal.during(
      `${basename(a)}, ${basename(b)}`,
      async (bar) => {
        const onProgress = (done: number) => {
          architectures = done;
          bar.update(done, total, 'architectures');
        };
        for await (const difference of differences(first, second, { archs, signal, onProgress })) {
          if (shown.length < limit) shown.push(difference);
          found++;
        }
      },
      integer,
    );
  } finally {
    for (const source of sources) source.close();
  }
  if (found > 0) terminal.exitCode = 1;
  if (terminal.json) {
    const listed = shown.map(({ place, first = null, second = null }) => ({ place, first, second }));
    return terminal.printJson({ a, b, same: found === 0, architectures, differences: found, shown: listed });
  }
  const { green, red, dim } = terminal.colors;
  if (found === 0) return terminal.print(`${green('the same')}  ${integer(architectures)} architectures`);
  const text = (value: unknown) => (value === undefined ? 'nothing' : printable(String(value)));
  await terminal.print(
    ...shown.map(({ place, first, second }) => `${printable(place)}  ${text(first)} ${dim('|')} ${text(second)}`),
    ...(found > shown.length ? [dim(`… and ${integer(found - shown.length)} more`)] : []),
    `${red('different')}  ${integer(found)} ${found === 1 ? 'difference' : 'differences'}`,
  );
}
