import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { archs } from './commands/archs.js';
import { best } from './commands/best.js';
import { build } from './commands/build.js';
import { compare } from './commands/compare.js';
import { convert } from './commands/convert.js';
import { diff } from './commands/diff.js';
import { doctor } from './commands/doctor.js';
import { generate } from './commands/generate.js';
import { info } from './commands/info.js';
import { inspect } from './commands/inspect.js';
import { libtorch } from './commands/libtorch.js';
import { net } from './commands/net.js';
import { query } from './commands/query.js';
import { run as runNetwork } from './commands/run.js';
import { search } from './commands/search.js';
import { show } from './commands/show.js';
import { train } from './commands/train.js';
import { verify } from './commands/verify.js';
import { weights } from './commands/weights.js';
import { describeFailure } from './failure.js';
import { Interrupted, Terminal } from './terminal.js';

/** In the order of the help. */
const COMMANDS = [
  info,
  inspect,
  query,
  best,
  show,
  archs,
  weights,
  convert,
  diff,
  search,
  compare,
  net,
  runNetwork,
  train,
  generate,
  verify,
  doctor,
  build,
  libtorch,
];

const EPILOGUE = `
Files are the published ones (NAS-Bench-201-v1_1-096897.pth), NATS-Bench's files and folders, and any torch file or
pickle. Nothing in them is run.

Each command takes --json: one JSON document on stdout, in which null stands for NaN and what was not recorded.
Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.

Examples:
  nb201 info NAS-Bench-201-v1_1-096897.pth
  nb201 query NAS-Bench-201-v1_1-096897.pth 284 --dataset cifar100
  nb201 best NAS-Bench-201-v1_1-096897.pth --max-params 0.5
  nb201 convert NAS-Bench-201-v1_1-096897.pth nas-bench-201.parquet
  nb201 search r-ea NAS-Bench-201-v1_1-096897.pth --seed 7
  nb201 archs '|nor_conv_3x3~0|+|nor_conv_3x3~0|none~1|+|skip_connect~0|none~1|none~2|'
  nb201 net 284 --svg cell.svg
  nb201 run 284 --input cat.png
  nb201 train 284 --dataset cifar10 --data cifar-10-python.tar.gz --hp 12 --seed 111
  nb201 generate meta bench`;

/**
 * The command line.
 * @param args what stands behind the command's name
 * @returns the exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted
 */
export async function run(args: readonly string[]): Promise<number> {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const terminal = new Terminal();
  const program = new Command('nas-bench-201')
    .description('Looks into, queries, converts and checks NAS-Bench-201 files.')
    .version(version)
    .addHelpText('after', EPILOGUE)
    .hook('preAction', (_, command) => {
      const { json, sideCar } = command.optsWithGlobals<{ json?: boolean; sideCar?: string }>();
      terminal.json = json === true;
      if (sideCar !== undefined) process.env.NB201_SIDE_CAR = sideCar;
    });
  for (const command of COMMANDS) {
    const added = command(terminal);
    for (const each of [added, ...added.commands]) {
      if (!each.options.some(({ long }) => long === '--json')) each.option('--json', 'one JSON document on stdout');
      each
        .option('--side-car <folder>', "keep what was found in large files here (default: beside them; 'off': nowhere)")
        .showHelpAfterError(USAGE_HINT)
        .exitOverride();
    }
    program.addCommand(added);
  }
  program.enablePositionalOptions().showHelpAfterError(USAGE_HINT).exitOverride();
  try {
    await program.parseAsync(args, { from: 'user' });
    return terminal.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof Interrupted) return 130;
    const failure = describeFailure(error);
    terminal.complain(failure.message, IN_LINES.has(failure.code));
    // On one line, as some commands print a document a line.
    if (terminal.json) await terminal.print(JSON.stringify({ error: failure }));
    return 1;
  } finally {
    terminal.dispose();
  }
}

/** Failures that tell what was tried and what to do, in lines. */
const IN_LINES = new Set(['NO_BINARY', 'NO_LIBTORCH', 'BUILD_FAILED']);

const USAGE_HINT = '(--help tells more)';
