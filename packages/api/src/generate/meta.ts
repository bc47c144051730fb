import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readTorch, writeTorch, writeWhole } from '@nas-bench-201/core-native';
import { cifar10Split } from '../datasets/splits.js';
import { publishedArchitectures } from '../space/cell.js';
import { GenerateError } from './errors.js';
import { Layout, RANGE_SIZE, TOTAL } from './layout.js';

const SEEDS = "'777 888 999'";

function scripts(layout: Layout): [name: string, line: (from: number, to: number) => string][] {
  const train = (less: 0 | 1) => (from: number, to: number) => {
    const range = `${String(from).padStart(5)} ${String(to).padStart(5)}`;
    return `bash ./scripts-search/NAS-Bench-201/train-models.sh ${less} ${range} -1 ${SEEDS}`;
  };
  const collect = (from: number, to: number) =>
    'OMP_NUM_THREADS=6 CUDA_VISIBLE_DEVICES=0 python exps/NAS-Bench-201/statistics.py --mode cal ' +
    `--target_dir ${layout.nameOf({ from, to })}`;
  return [
    ['BENCH-201-N4.opt-full.script', train(0)],
    ['BENCH-201-N4.opt-less.script', train(1)],
    ['meta-node-4.cal-script.txt', collect],
  ];
}

/**
 * The first step: writes the list of all architectures, `meta-node-4.pth`, and the reference's three lists of commands
 * beside it (`generate_meta_info` of its `main.py`).
 * @param folder is made where it is missing
 * @returns the paths that were written, the list first
 * @throws WriteError EXISTS where there is a list already
 */
export async function generateMeta(folder: string): Promise<string[]> {
  const layout = new Layout(folder);
  await mkdir(folder, { recursive: true });
  const archs = [...publishedArchitectures()];
  const { train, valid } = cifar10Split();
  const halves = new Map([
    ['train', Array.from(train)],
    ['valid', Array.from(valid)],
  ]);
  const info = new Map<string, unknown>([
    ['archs', archs],
    ['total', archs.length],
    ['max_node', 4],
    ['splits', new Map([[train.length + valid.length, halves]])],
  ]);
  const written = [layout.meta];
  await writeTorch(layout.meta, info as never);
  for (const [name, line] of scripts(layout)) {
    const path = join(folder, name);
    const lines: string[] = [];
    for (let from = 0; from < TOTAL; from += RANGE_SIZE) {
      lines.push(`${line(from, Math.min(from + RANGE_SIZE, TOTAL) - 1)}\n`);
    }
    await writeWhole(path, lines);
    written.push(path);
  }
  return written;
}

/** An architecture of these, by its index. @throws GenerateError BAD_RANGE */
export function architectureAt(layout: Layout, archs: readonly string[], index: number): string {
  const arch = archs[index];
  if (arch !== undefined) return arch;
  throw new GenerateError(
    'BAD_RANGE',
    `there is no architecture ${index} in ${layout.meta}, which has ${archs.length}`,
  );
}

/** The architectures that a benchmark is made of, in the order of their indices. @throws GenerateError, ReadError */
export async function metaArchitectures(layout: Layout): Promise<string[]> {
  if (!existsSync(layout.meta)) {
    throw new GenerateError('NO_META', `there is no ${layout.meta}: make it with nb201 generate meta ${layout.folder}`);
  }
  const meta = await readTorch(layout.meta);
  const archs = meta instanceof Map ? meta.get('archs') : undefined;
  const total = meta instanceof Map ? meta.get('total') : undefined;
  if (!Array.isArray(archs) || !archs.every((arch) => typeof arch === 'string') || archs.length !== total) {
    throw new GenerateError(
      'BAD_META',
      `${layout.meta}: expected a list of architectures, \`archs\`, and their \`total\``,
    );
  }
  return archs;
}
