import { Argument, Command, InvalidArgumentError } from 'commander';
import type { Request, Step } from '../libtorch/install.js';
import type { Terminal } from '../terminal.js';
import { facts, printable, table } from '../text.js';

interface Options {
  cpu?: true;
  cuda?: true;
  release?: string;
  from?: string;
  sha256?: string;
  verify: boolean;
  force?: true;
}

const STEPS: Record<Step, string> = { download: 'fetching', verify: 'verifying', unpack: 'unpacking' };

function sha256(text: string): string {
  if (!/^[0-9a-f]{64}$/i.test(text)) throw new InvalidArgumentError('expected 64 hexadecimal digits.');
  return text;
}

export function libtorch(terminal: Terminal): Command {
  return new Command('libtorch')
    .addArgument(new Argument('<action>').choices(['install', 'list']))
    .option('--cpu', 'for the processor (default)')
    .option('--cuda', 'for NVIDIA GPUs')
    .option('--release <version>', 'of libtorch, such as 2.5.1 (default: the newest that is known)')
    .option('--from <file or address>', 'a zip of libtorch that lies there')
    .option('--sha256 <digits>', 'what the zip must have (default: the published one, where it is known)', sha256)
    .option('--no-verify', 'take a zip that no SHA-256 is known of')
    .option('--force', 'fetch and unpack it even if it is there')
    .action(async (action: 'install' | 'list', options: Options) => {
      if (action === 'list') return list(terminal);
      const { chooseRelease, install } = await import('../libtorch/install.js');
      const request: Request = {
        ...(options.from === undefined
          ? { release: chooseRelease(options.release, options.cuda === true) }
          : { from: options.from }),
        ...(options.sha256 && { sha256: options.sha256 }),
        unverified: !options.verify,
        force: options.force === true,
      };
      const done = await terminal.during('libtorch', (bar) =>
        install(request, terminal.signal, (step, bytes, total) => bar.update(bytes, total, STEPS[step])),
      );
      if (terminal.json) return terminal.printJson(done);
      const { dim, bold } = terminal.colors;
      await terminal.print(
        bold(`libtorch ${done.version} ${done.already ? 'is there already' : 'is installed'}`),
        ...facts([['folder', printable(done.folder)]], dim),
        '',
        'Compile the addon for it: npx nb201 build --torch',
      );
    });
}

async function list(terminal: Terminal): Promise<void> {
  const { installed } = await import('../libtorch/install.js');
  const { RELEASES } = await import('../libtorch/releases.js');
  const here = await installed();
  const known = RELEASES.filter(({ platform }) => platform === `${process.platform}-${process.arch}`);
  if (terminal.json) return terminal.printJson({ installed: here, known });
  const { dim, bold } = terminal.colors;
  await terminal.print(
    bold('installed'),
    ...(here.length === 0
      ? ['none']
      : table(
          [{ title: 'version' }, { title: 'used' }, { title: 'folder' }],
          here.map(({ version, current, folder }) => [version, current ? 'yes' : '', printable(folder)]),
          dim,
        )),
    '',
    bold(`can be installed on ${process.platform}-${process.arch}`),
    ...(known.length === 0
      ? ['none with a known checksum: --from and --sha256']
      : table(
          [{ title: 'version' }, { title: 'for' }, { title: 'address' }],
          known.map(({ version, variant, url }) => [version, variant, url]),
          dim,
        )),
  );
}
