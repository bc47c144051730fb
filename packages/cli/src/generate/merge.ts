import { Command, Option } from 'commander';
import type { Terminal } from '../terminal.js';
import { bytesText, facts, integer, printable } from '../text.js';
import { addSizeOptions, type SizeOptions } from './options.js';

interface Options extends SizeOptions {
  times: 'corrected' | 'measured';
  force?: true;
}

export function merge(terminal: Terminal): Command {
  const command = new Command('merge')
    .description('collects what was trained, and merges it into a benchmark file')
    .argument('<folder>', 'where the benchmark is made')
    .addOption(
      new Option('--times <source>', 'corrected: from one run, in proportion to the images, as in FILEv1.1')
        .choices(['corrected', 'measured'])
        .default('corrected'),
    )
    .option('--force', 'collect what is collected already, too');
  return addSizeOptions(command).action(async (folder: string, options: Options) => {
    const { mergeBenchmark } = await import('nas-bench-201');
    let done = 0;
    const merged = await terminal.during(
      'merge',
      (bar) =>
        mergeBenchmark(folder, {
          ...options,
          signal: terminal.signal,
          onArchitecture: () => bar.update(++done, 0, 'architectures'),
        }),
      integer,
    );
    for (const { index, message } of merged.problems) terminal.warn(`architecture ${index} is left out: ${message}`);
    if (merged.problems.length > 0) terminal.exitCode = 1;
    if (terminal.json) return terminal.printJson(merged);
    const { path, md5, bytes, ranges, architectures } = merged;
    return terminal.print(
      `${terminal.colors.green('written')}  ${printable(path)}`,
      ...facts(
        [
          ['architectures', `${integer(architectures)}, of ${integer(ranges)} ${ranges === 1 ? 'range' : 'ranges'}`],
          ['size', bytesText(bytes)],
          ['MD5', md5],
        ],
        terminal.colors.dim,
      ),
    );
  });
}
