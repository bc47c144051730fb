import { basename } from 'node:path';
import { Command, Option } from 'commander';
import type { ArchResults, Dataset, HpName, PythonValue, Tensor } from 'nas-bench-201';
import { CommandError } from '../failure.js';
import { showOpening } from '../open.js';
import { datasetOption, hpOption, wholeNumber } from '../options.js';
import type { Terminal } from '../terminal.js';
import { bytesText, integer, printable, table } from '../text.js';

interface WeightsOptions {
  dataset: Dataset;
  seed: number;
  hp?: HpName;
  out?: string;
  list?: boolean;
  overwrite?: boolean;
}

export function weights(terminal: Terminal): Command {
  return new Command('weights')
    .argument('<source>', 'an archive (folder, .tar, first piece .taraa), or a file of one architecture')
    .argument('<index>', "the architecture's index", wholeNumber)
    .addOption(datasetOption().makeOptionMandatory())
    .addOption(new Option('--seed <n>', "the trial's seed").argParser(wholeNumber).makeOptionMandatory())
    .addOption(hpOption())
    .addOption(new Option('--out <file>', 'write a safetensors file').conflicts('list'))
    .addOption(new Option('--list', 'print names, shapes, types and a summary of the values'))
    .addOption(new Option('--overwrite', 'replace the file that is there'))
    .action(async (source: string, index: number, options: WeightsOptions, command: Command) => {
      if (options.out === undefined && !options.list) command.error('error: expected --out FILE or --list');
      const { hp, results } = await resultsOf(terminal, source, index, options);
      const stateDict = results.getNetParam(options.dataset, options.seed);
      if (!(stateDict instanceof Map)) {
        throw new CommandError('NOTHING_FOUND', 'the weights of this trial are no state dict');
      }
      const trial = { index, architecture: results.archStr, dataset: options.dataset, seed: options.seed, hp };
      if (options.out === undefined) await list(terminal, trial, stateDict);
      else await write(terminal, trial, stateDict, options.out, options.overwrite === true);
    });
}

interface Trial {
  index: number;
  architecture: string;
  dataset: Dataset;
  seed: number;
  hp: string;
}

type StateDict = ReadonlyMap<PythonValue, PythonValue>;

/** The architecture's results out of an archive, a file of its own, or a benchmark: that one says where weights are. */
async function resultsOf(
  terminal: Terminal,
  source: string,
  index: number,
  { hp }: WeightsOptions,
): Promise<{ hp: string; results: ArchResults }> {
  const { Archive, NASBench201API, openArchitecture, QueryError, ReadError } = await import('nas-bench-201');
  const { signal } = terminal;
  return terminal.during(basename(source), async (bar) => {
    const open = async () => {
      if (Archive.isOne(source)) {
        const archive = await Archive.open(source, { signal });
        const { family } = archive;
        const file = archive.record(index, family);
        if (file === undefined) throw new QueryError('NO_FILE', `there is no ${archive.nameOf(index, family)}`);
        return openArchitecture(file, { signal });
      }
      try {
        return await openArchitecture(source, { signal, onProgress: showOpening(bar) });
      } catch (error) {
        if (!(error instanceof ReadError) || error.code !== 'BAD_RECORD') throw error;
        const api = await NASBench201API.open(source, { signal, onWarning: () => {} });
        const hps = hp ? [hp] : (['90', '200', '12', '01'] as const);
        const all = new Map<string, ArchResults>();
        for (const name of hps) {
          try {
            all.set(name, api.queryMetaInfoByIndex(index, { hp: name }));
          } catch (failure) {
            // A benchmark has two of these settings; which ones, only asking tells.
            if (!(failure instanceof QueryError)) throw failure;
          }
        }
        return all;
      }
    };
    const all: ReadonlyMap<string, ArchResults> = await open();
    const asked = hp ?? ['200', '90', '12', '01'].find((name) => all.has(name)) ?? '200';
    const results = all.get(asked);
    if (!results) {
      const there = [...all.keys()].map((name) => `'${name}'`).join(', ') || 'none';
      throw new QueryError('UNKNOWN_HP', `architecture ${index} has no results for hp '${asked}'; it has ${there}`);
    }
    if (results.archIndex !== index) {
      throw new QueryError(
        'UNKNOWN_ARCHITECTURE',
        `${source} has the results of architecture ${results.archIndex}, not ${index}`,
      );
    }
    return { hp: asked, results };
  });
}

async function write(terminal: Terminal, trial: Trial, stateDict: StateDict, out: string, overwrite: boolean) {
  const { writeSafetensors } = await import('nas-bench-201');
  const metadata = Object.fromEntries(Object.entries(trial).map(([key, value]) => [key, String(value)]));
  const bytes = await writeSafetensors(out, stateDict, { metadata, overwrite, signal: terminal.signal });
  const { tensors, parameters } = await totals(stateDict);
  if (terminal.json) return terminal.printJson({ ...trial, out, bytes, tensors, parameters });
  const what = `${integer(tensors)} tensors, ${integer(parameters)} elements, ${bytesText(bytes)}`;
  await terminal.print(`${terminal.colors.green('written')}  ${printable(out)}: ${what}`);
}

async function totals(stateDict: StateDict): Promise<{ tensors: number; parameters: number }> {
  const { Tensor } = await import('nas-bench-201');
  const tensors = [...stateDict.values()].filter((value) => value instanceof Tensor);
  return { tensors: tensors.length, parameters: tensors.reduce((sum, { size }) => sum + size, 0) };
}

/** What the values of a tensor are like; nothing of one that has none, or none that are real numbers. */
interface Summary {
  min: number;
  max: number;
  mean: number;
  std: number;
}

async function list(terminal: Terminal, trial: Trial, stateDict: StateDict) {
  const { Tensor } = await import('nas-bench-201');
  const tensors = [...stateDict].flatMap(([name, value]) =>
    value instanceof Tensor
      ? [{ name: String(name), dtype: value.dtype, shape: value.shape, size: value.size, values: summaryOf(value) }]
      : [],
  );
  const parameters = tensors.reduce((sum, { size }) => sum + size, 0);
  if (terminal.json) return terminal.printJson({ ...trial, tensors, parameters });
  const { bold, dim } = terminal.colors;
  const right = (title: string) => ({ title, right: true });
  const digits = (value: number | undefined) =>
    value === undefined ? '–' : String(Number.isInteger(value) ? value : Number(value.toPrecision(4)));
  const rows = tensors.map(({ name, dtype, shape, values }) => [
    printable(name),
    dtype,
    shape.join(' × ') || 'scalar',
    ...[values?.min, values?.max, values?.mean, values?.std].map(digits),
  ]);
  await terminal.print(
    bold(`${trial.index}  ${printable(trial.architecture)}`),
    dim(`${trial.dataset}, seed ${trial.seed}, hp ${trial.hp}`),
    '',
    ...table(
      [
        { title: 'tensor' },
        { title: 'type' },
        { title: 'shape' },
        right('min'),
        right('max'),
        right('mean'),
        right('std'),
      ],
      rows,
      dim,
    ),
    '',
    `${integer(tensors.length)} tensors, ${integer(parameters)} elements`,
  );
}

function summaryOf(tensor: Tensor): Summary | null {
  if (tensor.size === 0 || tensor.dtype.startsWith('complex')) return null;
  const half = tensor.dtype === 'float16' || tensor.dtype === 'bfloat16';
  const values = half ? tensor.toFloat32Array() : tensor.data;
  let [min, max, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const item of values) {
    const value = Number(item);
    if (!(value >= min)) min = value;
    if (!(value <= max)) max = value;
    sum += value;
  }
  const mean = sum / tensor.size;
  let squares = 0;
  for (const item of values) squares += (Number(item) - mean) ** 2;
  return { min, max, mean, std: Math.sqrt(squares / tensor.size) };
}
