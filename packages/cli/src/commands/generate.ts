import { Command } from 'commander';
import { latency } from '../generate/latency.js';
import { merge } from '../generate/merge.js';
import { meta } from '../generate/meta.js';
import { slurm } from '../generate/slurm.js';
import { status } from '../generate/status.js';
import { train } from '../generate/train.js';
import type { Terminal } from '../terminal.js';

/** In the order in which they are needed. */
const STEPS = [meta, train, slurm, status, latency, merge];

const EPILOGUE = `
From nothing to a benchmark file:
  nb201 generate meta    bench
  nb201 generate train   bench --hp 12 --data DATA --archs 0-5
  nb201 generate train   bench --hp 200 --data DATA --archs 0-5    # or: generate slurm
  nb201 generate latency bench
  nb201 generate merge   bench

Folders, names and contents are those of the reference's scripts. Any step can be ended at any time and called again.`;

export function generate(terminal: Terminal): Command {
  const command = new Command('generate')
    // What stands behind a step is the step's.
    .enablePositionalOptions()
    .addHelpText('after', EPILOGUE);
  for (const step of STEPS) command.addCommand(step(terminal));
  return command;
}
