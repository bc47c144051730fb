import { Command } from 'commander';
import type { Claimant, TrainEvent, TrainSummary } from 'nas-bench-201';
import { CommandError } from '../failure.js';
import { ProgressBar } from '../progress.js';
import type { Terminal } from '../terminal.js';
import { integer, printable } from '../text.js';
import { addTrainingOptions, type TrainingOptions, trainRequest, trainWords } from './options.js';
import { isWorker, tellParent, withWorkers } from './workers.js';

interface Options extends TrainingOptions {
  wait?: true;
}

export function train(terminal: Terminal): Command {
  const command = new Command('train')
    .description('trains architectures from seeds on all data sets; skips what is finished or at work elsewhere')
    .argument('<folder>', 'where the benchmark is made');
  return addTrainingOptions(command)
    .option('--wait', 'wait for runs that others work on, and take over those of processes that die')
    .action((folder: string, options: Options) => run(terminal, folder, options));
}

async function run(terminal: Terminal, folder: string, options: Options): Promise<void> {
  const devices = await devicesOf(options.device);
  const progress = new Progress(terminal);
  try {
    const summary =
      devices.length === 1
        ? await here(terminal, folder, { ...options, device: devices[0]! }, progress)
        : await withWorkers(terminal, devices, workerWords(folder, options), (event) => progress.show(event));
    progress.clear();
    if (summary.failed > 0) terminal.exitCode = 1;
    if (terminal.json) return await terminal.printJson(summary);
    if (!isWorker) await terminal.print(sentence(summary));
  } finally {
    progress.clear();
  }
}

async function here(terminal: Terminal, folder: string, options: Options, progress: Progress): Promise<TrainSummary> {
  const { limitTensorMemory, setTorchThreads, trainRuns } = await import('nas-bench-201');
  if (options.memory !== undefined) limitTensorMemory(options.memory);
  if (options.threads !== undefined) await setTorchThreads(options.threads);
  const summary = await trainRuns(folder, {
    ...(await trainRequest(options)),
    wait: options.wait,
    signal: terminal.signal,
    onEvent: (event) => (isWorker ? tellParent(event) : progress.show(event)),
  });
  if (isWorker) tellParent(summary);
  return summary;
}

const workerWords = (folder: string, options: Options) => [
  ...['generate', 'train', folder, ...trainWords(options)],
  ...(options.archs === undefined ? [] : ['--archs', options.archs]),
  ...(options.wait ? ['--wait'] : []),
];

async function devicesOf(text: string): Promise<string[]> {
  const devices = text.split(',').map((name) => name.trim());
  if (devices.some((name) => name === '')) throw new CommandError('BAD_USAGE', `expected devices, found '${text}'`);
  if (text !== 'cuda') return devices;
  const { torchInfo } = await import('nas-bench-201');
  const { cudaDevices } = await torchInfo();
  return cudaDevices > 1 ? Array.from({ length: cudaDevices }, (_, i) => `cuda:${i}`) : devices;
}

const runOf = ({ index, seed }: { index: number; seed: number }) =>
  `${String(index).padStart(6, '0')} seed ${String(seed).padStart(4, '0')}`;

function holderText({ holder }: Claimant): string {
  return holder ? `${holder.host}, process ${holder.pid}` : 'another process';
}

function sentence({ trained, there, taken, failed }: TrainSummary): string {
  return [
    `${integer(trained)} runs trained`,
    ...(there ? [`${integer(there)} there already`] : []),
    ...(taken ? [`${integer(taken)} at work elsewhere`] : []),
    ...(failed ? [`${integer(failed)} failed`] : []),
  ].join(', ');
}

/** A line for each run that ends, and one that is drawn over and over of what is under way. */
class Progress {
  readonly #bar = new ProgressBar('train', process.stderr, integer);
  readonly #began = new Map<string, number>();

  constructor(readonly terminal: Terminal) {}

  show(event: TrainEvent): void {
    const { green, red, yellow } = this.terminal.colors;
    const name = runOf(event);
    if (event.kind === 'started') {
      this.#began.set(name, performance.now());
    } else if (event.kind === 'epoch') {
      const { dataset, epoch } = event;
      const sets = [...epoch.sets].map(([set, { top1 }]) => `${set} ${top1.toFixed(2)}`).join('  ');
      const note = `${name}  ${dataset}  train ${epoch.train.top1.toFixed(2)}  ${sets}`;
      this.#bar.update(epoch.epoch + 1, epoch.epochs, note);
    } else if (event.kind === 'taken') {
      this.#line(`${yellow('skipped')}  ${name}: ${holderText(event.by)} works on it`);
    } else if (event.kind === 'postponed') {
      const fit = event.networks === 1 ? 'one network at a time fits' : `${event.networks} networks at a time fit`;
      this.#line(`${yellow('postponed')}  ${name}: ${event.error.message}; ${fit}`);
    } else if (event.kind === 'failed') {
      this.#line(`${red('failed')}   ${name}: ${event.error.message}`);
    } else if (event.kind === 'done') {
      const seconds = (performance.now() - (this.#began.get(name) ?? performance.now())) / 1000;
      const took = seconds < 120 ? `${seconds.toFixed(1)} s` : `${(seconds / 60).toFixed(1)} min`;
      this.#line(`${green('trained')}  ${name} in ${took}`);
    }
  }

  #line(text: string): void {
    this.#bar.clear();
    if (!this.terminal.json) process.stdout.write(`${printable(text)}\n`);
  }

  clear(): void {
    this.#bar.clear();
  }
}
