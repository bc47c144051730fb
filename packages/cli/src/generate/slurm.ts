import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { wholeNumber } from '../options.js';
import type { Terminal } from '../terminal.js';
import { integer, printable } from '../text.js';
import { addTrainingOptions, type TrainingOptions, trainWords } from './options.js';

interface Options extends TrainingOptions {
  chunk?: number;
  gres: string;
  requeue: number;
  atOnce?: number;
  dryRun?: true;
}

/** Tasks that a job array may have where nobody changed Slurm's MaxArraySize. */
const MAX_TASKS = 1000;
const ARCHITECTURES = 15_625;

export function slurm(terminal: Terminal): Command {
  const command = new Command('slurm')
    .description('trains on a cluster, through Slurm: a job array, a task for each part of the architectures')
    .argument('<folder>', 'where the benchmark is made; all nodes must see it')
    .argument('[sbatch...]', 'behind --: further options of sbatch, --partition=gpu --time=12:00:00');
  return addTrainingOptions(command)
    .addOption(
      new Option('--chunk <n>', 'architectures a task (default: as many as make 1000 tasks)').argParser(wholeNumber),
    )
    .option('--gres <what>', "what each task gets, as Slurm's --gres has it; none for no such thing", 'gpu:1')
    .addOption(new Option('--at-once <n>', 'tasks that run at a time').argParser(wholeNumber))
    .addOption(new Option('--requeue <n>', 'how often a task is tried again').argParser(wholeNumber).default(5))
    .option('--dry-run', 'write the script, and do not submit it')
    .action((folder: string, sbatch: string[], options: Options) => run(terminal, folder, sbatch, options));
}

async function run(terminal: Terminal, folder: string, sbatch: readonly string[], options: Options): Promise<void> {
  const { SEEDS, submitJobArray, writeJobArray } = await import('nas-bench-201');
  const { parseIndexes } = await import('@nas-bench-201/converters');
  const { hp, gres, requeue, atOnce, dryRun } = options;
  const archs = parseIndexes(options.archs ?? `0-${ARCHITECTURES - 1}`);
  const chunk = options.chunk || Math.ceil(archs.length / MAX_TASKS);
  const tasks = Array.from({ length: Math.ceil(archs.length / chunk) }, (_, i) =>
    indexesText(archs.slice(i * chunk, (i + 1) * chunk)),
  );
  const words = trainWords({ ...options, data: resolve(options.data) });
  const place = ['--device', options.device, '--wait', '--archs', '{}'];
  const command = [process.execPath, process.argv[1]!, 'generate', 'train', resolve(folder), ...words, ...place];
  const script = await writeJobArray(folder, {
    ...{ hp, tasks, command, requeue, atOnce },
    gres: gres === 'none' ? null : gres,
  });
  if (dryRun) {
    if (terminal.json) return terminal.printJson({ script, tasks });
    return terminal.print(`${terminal.colors.green('written')}  ${printable(script)}: ${integer(tasks.length)} tasks`);
  }
  const about = { hp, seeds: options.seeds ?? SEEDS[hp], tasks };
  const submitted = await submitJobArray(folder, script, about, sbatch);
  if (terminal.json) return terminal.printJson({ script, ...submitted });
  return terminal.print(
    `${terminal.colors.green('submitted')}  job ${submitted.job}: ${integer(tasks.length)} tasks (${printable(script)})`,
  );
}

/** Indices as `parseIndexes` reads them: `0-389,400`. */
function indexesText(indexes: readonly number[]): string {
  const parts: [from: number, to: number][] = [];
  for (const index of indexes) {
    const last = parts.at(-1);
    if (last && last[1] === index - 1) last[1] = index;
    else parts.push([index, index]);
  }
  return parts.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(',');
}
