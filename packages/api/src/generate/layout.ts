import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { GenerateError } from './errors.js';

/** The hyper-parameters that NAS-Bench-201 was made with: 12 epochs (`less`) and 200 (`full`). */
export type GeneratedHp = '12' | '200';

/** The size of the networks. */
export interface NetworkSize {
  /** Channels of the first third. Default: 16. */
  C?: number | undefined;
  /** Cells of each third. Default: 5. */
  N?: number | undefined;
}

/** Architectures from one to another, both included. */
export interface Range {
  from: number;
  to: number;
}

/** A run: all data set keys of one architecture, from one seed. */
export interface Run {
  index: number;
  seed: number;
}

/** Architectures of a folder, as the reference's scripts divide the 15,625: 40 parts, and one more for the rest. */
export const RANGE_SIZE = 390;
export const TOTAL = 15_625;

const digits = (value: number, width: number) => String(value).padStart(width, '0');
const RUN = /^arch-(\d{6})-seed-(\d{4,})\.pth$/;

/** Where the reference's scripts put what a benchmark is made of, and by what names (`main.py`, `statistics.py`). */
export class Layout {
  /** Such as C16-N5. */
  readonly base: string;

  constructor(
    /** The reference's `save_dir`. */
    readonly folder: string,
    { C = 16, N = 5 }: NetworkSize = {},
  ) {
    this.base = `C${C}-N${N}`;
  }

  /** The list of architectures. */
  get meta(): string {
    return join(this.folder, 'meta-node-4.pth');
  }

  /** What was collected. */
  get simplifies(): string {
    return join(this.folder, 'simplifies');
  }

  /** The file of all architectures. */
  get final(): string {
    return join(this.simplifies, `${this.base}-final-infos.pth`);
  }

  /** Where the scripts and outputs of a cluster's jobs are. */
  get jobs(): string {
    return join(this.folder, 'slurm');
  }

  nameOf({ from, to }: Range): string {
    return `${digits(from, 6)}-${digits(to, 6)}-${this.base}`;
  }

  /** The folder of a range's runs. */
  runs(range: Range, hp: GeneratedHp): string {
    return join(this.folder, `${this.nameOf(range)}${hp === '12' ? '-LESS' : ''}`);
  }

  run(range: Range, hp: GeneratedHp, { index, seed }: Run): string {
    return join(this.runs(range, hp), `arch-${digits(index, 6)}-seed-${digits(seed, 4)}.pth`);
  }

  /** What was collected of a range. */
  collected(range: Range): string {
    return join(this.simplifies, `${this.nameOf(range)}.pth`);
  }

  /** One architecture's results, with weights (`FULL`) and without (`SIMPLE`). */
  architecture(index: number, kind: 'FULL' | 'SIMPLE'): string {
    return join(this.simplifies, 'architectures', `${digits(index, 6)}-${kind}.pth`);
  }

  /** The measured latency of an architecture's networks. */
  latency(index: number): string {
    return join(this.folder, `latency-${this.base}`, `${digits(index, 6)}.json`);
  }

  /** The ranges that there are folders of, ascending. @throws GenerateError CONFLICT where two overlap */
  ranges(): Range[] {
    const found = new Map<string, Range>();
    for (const name of namesIn(this.folder)) {
      const parts = /^(\d{6})-(\d{6})-(C\d+-N\d+)(-LESS)?$/.exec(name);
      if (!parts || parts[3] !== this.base) continue;
      const range = { from: Number(parts[1]), to: Number(parts[2]) };
      found.set(this.nameOf(range), range);
    }
    const ranges = [...found.values()].sort((a, b) => a.from - b.from || a.to - b.to);
    ranges.slice(1).forEach((range, i) => {
      if (range.from > ranges[i]!.to) return;
      const both = `${this.nameOf(ranges[i]!)} and ${this.nameOf(range)}`;
      throw new GenerateError('CONFLICT', `${this.folder}: the folders ${both} have architectures in common`);
    });
    return ranges;
  }

  /** The range that an architecture belongs to: one that has a folder, else one of the reference's scripts. */
  rangeOf(index: number, ranges: readonly Range[]): Range {
    const there = ranges.find(({ from, to }) => from <= index && index <= to);
    if (there) return there;
    const from = Math.floor(index / RANGE_SIZE) * RANGE_SIZE;
    return { from, to: Math.min(from + RANGE_SIZE, TOTAL) - 1 };
  }

  /** The runs that are finished, by architecture and seed. */
  finished(range: Range, hp: GeneratedHp): (Run & { path: string })[] {
    const folder = this.runs(range, hp);
    const runs = namesIn(folder).flatMap((name) => {
      const parts = RUN.exec(name);
      return parts ? [{ index: Number(parts[1]), seed: Number(parts[2]), path: join(folder, name) }] : [];
    });
    return runs.sort((a, b) => a.index - b.index || a.seed - b.seed);
  }
}

/** What is in a folder; nothing where there is none. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
