import { Command } from 'commander';
import type { Terminal } from '../terminal.js';

export function build(terminal: Terminal): Command {
  return new Command('build')
    .option('--torch', 'the addon of the networks, for the libtorch that is found (nb201 doctor tells which)')
    .action(async ({ torch }: { torch?: true }) => {
      const { buildBinary } = await import('@nas-bench-201/core-native/build');
      const path = await buildBinary(torch ? 'torch' : 'reader', {
        signal: terminal.signal,
        onOutput: (text) => process.stderr.write(text),
      });
      return terminal.json ? terminal.printJson({ path }) : terminal.print(`compiled ${path}`);
    });
}
