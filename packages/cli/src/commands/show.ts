import { Command } from 'commander';
import { withBenchmark } from '../open.js';
import { wholeNumber } from '../options.js';
import type { Terminal } from '../terminal.js';

export function show(terminal: Terminal): Command {
  return new Command('show')
    .argument('<file>', 'a benchmark file, or a NATS-Bench folder')
    .argument('<index>', 'the index of an architecture', wholeNumber)
    .action((file: string, index: number) =>
      withBenchmark(terminal, file, async (api) => {
        const text = api.showText(index);
        if (terminal.json) await terminal.printJson({ index, text });
        else await terminal.print(text);
      }),
    );
}
