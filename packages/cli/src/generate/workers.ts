import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { TrainEvent, TrainSummary } from 'nas-bench-201';
import { CommandError } from '../failure.js';
import { Interrupted, type Terminal } from '../terminal.js';

/** What the environment of a process says that another one has started to do its share. */
const WORKER = 'NB201_WORKER';

export const isWorker = process.env[WORKER] === '1' && process.send !== undefined;

export function tellParent(message: TrainEvent | TrainSummary): void {
  process.send?.(message);
}

/**
 * Trains in a process for each device. They need nothing but the folder to divide the work: whoever comes first to a run
 * claims it. Where one fails the others go on.
 * @throws CommandError where a process failed; Interrupted
 */
export async function withWorkers(
  terminal: Terminal,
  devices: readonly string[],
  words: readonly string[],
  onEvent: (event: TrainEvent) => void,
): Promise<TrainSummary> {
  const finished: TrainSummary[] = [];
  const children = devices.map((device) => {
    // Advanced: what is no number, and maps, arrive as they are.
    const child = fork(process.argv[1]!, [...words, '--device', device], {
      env: { ...process.env, [WORKER]: '1' },
      serialization: 'advanced',
    });
    child.on('message', (message) => {
      if ('kind' in (message as TrainEvent)) onEvent(message as TrainEvent);
      else finished.push(message as TrainSummary);
    });
    return { device, child };
  });
  const end = () => {
    for (const { child } of children) child.kill('SIGTERM');
  };
  terminal.signal.addEventListener('abort', end, { once: true });
  const codes = await Promise.all(children.map(({ child }) => codeOf(child)));
  terminal.signal.removeEventListener('abort', end);
  if (terminal.signal.aborted) throw new Interrupted();
  const early = children.filter((_, i) => codes[i] !== 0 && codes[i] !== 1).map(({ device }) => device);
  if (finished.length < children.length) {
    throw new CommandError('WORKER', `the process of ${early.join(', ') || 'a device'} ended early`);
  }
  const sum = (of: (summary: TrainSummary) => number) => finished.reduce((total, summary) => total + of(summary), 0);
  const [trained, failed] = [sum((s) => s.trained), sum((s) => s.failed)];
  // Each goes through all runs, and finds those of the others there, or at work.
  const runs = finished[0]!.trained + finished[0]!.there + finished[0]!.taken + finished[0]!.failed;
  return { trained, there: runs - trained - failed, taken: 0, failed };
}

async function codeOf(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, 'close')) as [number | null];
  return code;
}
