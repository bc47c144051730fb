import { basename } from 'node:path';
import { Command } from 'commander';
import type { Terminal } from '../terminal.js';

export function verify(terminal: Terminal): Command {
  return new Command('verify')
    .argument('<file>', 'a file with its published name, such as NAS-Bench-201-v1_1-096897.pth')
    .action(async (file: string) => {
      const { expectedMd5, md5OfFile } = await import('nas-bench-201');
      const expected = expectedMd5(basename(file));
      const md5 = await terminal.during(basename(file), (bar) =>
        md5OfFile(file, { signal: terminal.signal, onProgress: (bytes, total) => bar.update(bytes, total) }),
      );
      const matches = md5.endsWith(expected);
      if (!matches) terminal.exitCode = 1;
      if (terminal.json) return terminal.printJson({ file, md5, expected, matches });
      const { green, red } = terminal.colors;
      const published = expected.length === 32 ? `the published ${expected}` : `one that ends in ${expected}`;
      await terminal.print(
        matches
          ? `${green('ok')}  ${md5}  ${expected.length === 32 ? 'is the published MD5' : `ends in ${expected} as published`}`
          : `${red('different')}  ${md5}, expected ${published}: fetch the file again`,
      );
    });
}
