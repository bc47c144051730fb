import { Command } from 'commander';
import type { Holder, JobStatus, RangeStatus } from 'nas-bench-201';
import type { Terminal } from '../terminal.js';
import { integer, printable, shortened, table } from '../text.js';
import { addSizeOptions, type SizeOptions } from './options.js';

export function status(terminal: Terminal): Command {
  const command = new Command('status')
    .description('what is done, running and failed, from the files and the queue of the cluster')
    .argument('<folder>', 'where the benchmark is made');
  return addSizeOptions(command).action(async (folder: string, options: SizeOptions) => {
    const { benchmarkStatus } = await import('nas-bench-201');
    const found = await benchmarkStatus(folder, options);
    if (found.queueProblem) terminal.warn(`the queue was not asked: ${found.queueProblem}`);
    if (terminal.json) return terminal.printJson(found);
    if (found.ranges.length === 0 && found.jobs.length === 0) return terminal.print('nothing is trained yet');
    return terminal.print(...rangeLines(found.ranges, terminal), ...jobLines(found.jobs, terminal));
  });
}

const run = (index: number, seed: number) => `architecture ${index}, seed ${seed}`;

function where(holder: Holder | undefined): string {
  if (!holder) return 'by nobody knows whom';
  return `${holder.host}, process ${holder.pid}${holder.job ? `, job ${holder.job}` : ''}, since ${holder.since}`;
}

function rangeLines(ranges: readonly RangeStatus[], terminal: Terminal): string[] {
  if (ranges.length === 0) return [];
  const right = (title: string) => ({ title, right: true });
  const rows = ranges.map(({ folder, hp, architectures, done, running, interrupted, failed }) => [
    folder,
    hp,
    ...[architectures, done, running.length, interrupted.length, failed.length].map(integer),
  ]);
  const titles = ['hp', 'architectures', 'runs done', 'running', 'interrupted', 'failed'].map(right);
  const details = ranges.flatMap(({ running, interrupted, failed }) => [
    ...running.map(({ index, seed, holder }) => `running      ${run(index, seed)}  ${where(holder)}`),
    ...interrupted.map(({ index, seed, holder }) => `interrupted  ${run(index, seed)}  ${where(holder)}`),
    ...failed.map(({ index, seed, message }) => `failed       ${run(index, seed)}  ${message}`),
  ]);
  const lines = table([{ title: 'folder' }, ...titles], rows, terminal.colors.dim);
  return [...lines, ...(details.length ? ['', ...details.map((line) => shortened(printable(line), 200))] : [])];
}

function jobLines(jobs: readonly JobStatus[], terminal: Terminal): string[] {
  if (jobs.length === 0) return [];
  const rows = jobs.map(({ job, hp, tasks, queued }) => {
    const running = queued.filter(({ state }) => state === 'RUNNING' || state === 'COMPLETING').length;
    const gone = tasks.length - queued.length;
    return [String(job), hp, ...[tasks.length, running, queued.length - running, gone].map(integer)];
  });
  const right = (title: string) => ({ title, right: true });
  const titles = ['hp', 'tasks', 'running', 'waiting', 'not in the queue'].map(right);
  return ['', ...table([right('job'), ...titles], rows, terminal.colors.dim)];
}
