import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { Command, Option } from 'commander';
import type { PythonValue } from 'nas-bench-201';
import { CommandError } from '../failure.js';
import { withBenchmark } from '../open.js';
import { wholeNumber } from '../options.js';
import type { Terminal } from '../terminal.js';

/** Files up to here are decoded as a whole; benchmarks beyond are read record by record. */
const SMALL = 8 * 2 ** 20;
/** Pickles that are no benchmark, and longer than this, would fill the memory. */
const MAX_PICKLE = 256 * 2 ** 20;

interface InspectOptions {
  path: string;
  depth: number;
  items: number;
}

export function inspect(terminal: Terminal): Command {
  return new Command('inspect')
    .argument('<file>', 'any torch file or pickle, or a NATS-Bench folder')
    .option('--path <path>', "from here on: arch2infos[284].full.all_results[('cifar10', 777)]", '')
    .addOption(new Option('--depth <n>', 'so many levels').argParser(wholeNumber).default(2))
    .addOption(new Option('--items <n>', 'so many members of each').argParser(wholeNumber).default(8))
    .addHelpText(
      'after',
      '\n--json prints all levels; tensors are described. JSON as @nas-bench-201/converters maps it.',
    )
    .action(async (file: string, options: InspectOptions) => {
      const converters = await import('@nas-bench-201/converters');
      const steps = parse(converters, options.path);
      await withValue(terminal, file, async (whole) => {
        let value = whole;
        steps.forEach((step, i) => {
          const next = converters.stepInto(value, step);
          if (next === undefined) throw missing(converters.formatPath(steps.slice(0, i + 1)), value);
          value = next;
        });
        if (terminal.json) {
          // The first round finds out whether it fits: half a document would help nobody.
          for (const _ of converters.encodeJson(value, { indent: 2 })) terminal.signal.throwIfAborted();
          await converters.writeJson(value, process.stdout, { signal: terminal.signal, indent: 2 });
          return terminal.print('');
        }
        const { tree } = await import('../tree.js');
        await terminal.print(...tree(value, { ...options, width: terminal.width, colors: terminal.colors }));
      });
    });
}

function parse(converters: typeof import('@nas-bench-201/converters'), text: string) {
  try {
    return converters.parsePath(text);
  } catch (error) {
    if (error instanceof converters.PathError) throw new CommandError('BAD_PATH', error.message);
    throw error;
  }
}

function missing(path: string, value: PythonValue): CommandError {
  const keys = value instanceof Map ? [...value.keys()].slice(0, 10).map(String) : [];
  const there =
    value instanceof Map
      ? `it has ${keys.join(', ') || 'no keys'}${value.size > keys.length ? ', …' : ''}`
      : Array.isArray(value)
        ? `it has ${value.length} members`
        : 'it has no parts';
  return new CommandError('NO_SUCH_PATH', `there is no ${path}; ${there}`);
}

async function withValue(terminal: Terminal, file: string, work: (value: PythonValue) => Promise<void>): Promise<void> {
  const info = statSync(file, { throwIfNoEntry: false });
  if (info && !info.isDirectory() && info.size <= SMALL) return work(await decoded(terminal, file));
  const { ReadError } = await import('nas-bench-201');
  let opened = false;
  try {
    await withBenchmark(terminal, file, async (api) => {
      opened = true;
      const { benchmarkValue } = await import('../benchmark-value.js');
      await work(benchmarkValue(api));
    });
  } catch (error) {
    if (opened || !(error instanceof ReadError) || error.code !== 'NOT_A_BENCHMARK') throw error;
    await work(await decoded(terminal, file));
  }
}

async function decoded(terminal: Terminal, file: string): Promise<PythonValue> {
  const { openTorch } = await import('nas-bench-201');
  const { values } = await terminal.orInterrupted(openTorch(file, { maxPickleBytes: MAX_PICKLE }));
  if (values.length > 1) terminal.warn(`${basename(file)} holds ${values.length} pickles, here as one list`);
  return values.length === 1 ? values[0]! : values;
}
