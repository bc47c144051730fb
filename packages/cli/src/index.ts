import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { COMMANDS } from './commands.js';
import { describeFailure } from './failure.js';
import { Interrupted, Terminal } from './terminal.js';

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
  const asked = askedFor(args);
  for (const { name, description, load } of COMMANDS) {
    const command = name === asked ? (await load())(terminal) : new Command(name);
    program.addCommand(command.description(description));
    if (name === asked) for (const each of [command, ...command.commands]) addCommonOptions(each);
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

/** The word that may be a command's name: `query`, `help query`. */
function askedFor(args: readonly string[]): string | undefined {
  const [first, second] = args.filter((word) => !word.startsWith('-'));
  return first === 'help' ? second : first;
}

function addCommonOptions(command: Command): void {
  if (!command.options.some(({ long }) => long === '--json')) command.option('--json', 'one JSON document on stdout');
  command
    .option('--side-car <folder>', "keep what was found in large files here (default: beside them; 'off': nowhere)")
    .showHelpAfterError(USAGE_HINT)
    .exitOverride();
}

/** Failures that tell what was tried and what to do, in lines. */
const IN_LINES = new Set(['NO_BINARY', 'NO_LIBTORCH', 'BUILD_FAILED']);

const USAGE_HINT = '(--help tells more)';
