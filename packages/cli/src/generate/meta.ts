import { Command } from 'commander';
import type { Terminal } from '../terminal.js';
import { printable } from '../text.js';

export function meta(terminal: Terminal): Command {
  return new Command('meta')
    .description('the list of all architectures, and the commands of the reference for each part of them')
    .argument('<folder>', 'where the benchmark will be; made where it is missing')
    .action(async (folder: string) => {
      const { generateMeta } = await import('nas-bench-201');
      const written = await generateMeta(folder);
      if (terminal.json) return terminal.printJson({ written });
      return terminal.print(...written.map((path) => `${terminal.colors.green('written')}  ${printable(path)}`));
    });
}
