import { closeSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TrainEvent } from './train.js';

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const two = (value: number) => String(value).padStart(2, '0');

/** What becomes of runs, as text beside them, under the name that the reference's logs have. */
export class RunLog {
  readonly #files = new Map<string, number>();

  write(event: TrainEvent): void {
    const stamp = new Date().toISOString().replace('T', ' ').slice(0, 19);
    try {
      writeSync(this.#in(dirname(event.path)), `[${stamp}] arch ${event.index} seed ${event.seed} ${textOf(event)}\n`);
    } catch {
      // No room, say. What matters more is written soon, and says so.
    }
  }

  #in(folder: string): number {
    let file = this.#files.get(folder);
    if (file === undefined) {
      const now = new Date();
      const day = `${two(now.getUTCDate())}-${MONTHS[now.getUTCMonth()]}`;
      const time = [now.getUTCHours(), now.getUTCMinutes(), now.getUTCSeconds()].map(two).join('-');
      // Where two workers begin in one second both write here, line by line.
      file = openSync(join(folder, `seed-0-T-${day}-at-${time}.log`), 'a');
      this.#files.set(folder, file);
    }
    return file;
  }

  close(): void {
    for (const file of this.#files.values()) closeSync(file);
    this.#files.clear();
  }
}

function textOf(event: TrainEvent): string {
  if (event.kind === 'postponed') return `postponed, ${event.networks} at a time fit: ${event.error.message}`;
  if (event.kind === 'failed') return `failed: ${event.error.message}`;
  if (event.kind !== 'epoch') return event.kind;
  const { dataset, epoch } = event;
  const of = ({ loss, top1, top5 }: { loss: number; top1: number; top5: number }) =>
    `[loss=${loss.toFixed(5)}, acc@1=${top1.toFixed(2)}%, acc@5=${top5.toFixed(2)}%]`;
  const sets = [...epoch.sets].map(([set, metrics]) => ` ${set} ${of(metrics)}`).join('');
  return `${dataset} epoch=${epoch.epoch}/${epoch.epochs} :: Train ${of(epoch.train)}${sets}, lr=${epoch.learningRate}`;
}
