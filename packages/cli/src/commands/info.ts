import { basename } from 'node:path';
import { Command } from 'commander';
import type { FileDescription, ResultsSummary, UnreadableDescription } from 'nas-bench-201';
import { showOpening } from '../open.js';
import type { Terminal } from '../terminal.js';
import { bytesText, facts, integer, printable, shortened, table } from '../text.js';

export function info(terminal: Terminal): Command {
  return new Command('info').argument('<file>', 'a file or folder').action(async (file: string) => {
    const { describeFile } = await import('nas-bench-201');
    const description = await terminal.during(basename(file), (bar) =>
      describeFile(file, { signal: terminal.signal, onProgress: showOpening(bar) }),
    );
    const unreadable = 'code' in description ? description : undefined;
    if (unreadable) terminal.exitCode = 1;
    if (terminal.json) await terminal.printJson(unreadable ? withError(unreadable) : description);
    else await terminal.print(...lines(description, terminal));
  });
}

function withError({ code, offset, message, ...rest }: UnreadableDescription) {
  return { ...rest, error: { code, file: rest.path, offset, message } };
}

const CONTAINERS = { 'torch-legacy': 'torch, legacy', 'torch-zip': 'torch, zip', pickle: 'bare pickle' };
const HP_NAMES: Record<string, string> = { '12': '12 (less)', '200': '200 (full)' };

function lines(d: FileDescription, { colors: { bold, dim, yellow, cyan } }: Terminal): string[] {
  const unreadable = 'code' in d;
  const known: [string, string][] = [
    ['file', `${printable(d.path)} (${bytesText(d.size)})`],
    ...('container' in d
      ? [['container', CONTAINERS[d.container] + (d.bzip2 ? ', bzip2' : '')] as [string, string]]
      : []),
    ...factsOf(d),
  ];
  return [
    (unreadable ? yellow : bold)(d.title),
    '',
    ...facts(known, dim),
    ...('results' in d && d.results.length ? ['', ...resultsTable(d.results, dim)] : []),
    ...('results' in d && 'layout' in d && d.layout !== 'file' && d.results.length
      ? [dim('(as in its first file)')]
      : []),
    ...(d.problems.length ? ['', ...d.problems.map((problem) => `${yellow('!')} ${printable(problem)}`)] : []),
    '',
    `${cyan('→')} ${d.hint}`,
  ];
}

function factsOf(d: FileDescription): [string, string][] {
  switch (d.kind) {
    case 'nas-bench-201':
    case 'intermediate':
    case 'nats-bench':
      return [
        ['architectures', `${integer(d.architectures)} named, ${integer(d.evaluated)} with results`],
        ['hps', d.hps.map((hp) => (d.kind === 'nats-bench' ? hp : (HP_NAMES[hp] ?? hp))).join(', ') || 'none'],
        ['weights', d.weights ? 'yes' : 'no'],
      ];
    case 'converted':
      return [['architectures', `${integer(d.architectures)} named, ${integer(d.evaluated)} with results`]];
    case 'architecture':
      return [
        ['architecture', `${d.index}  ${printable(d.architecture)}`],
        ['hps', d.hps.join(', ')],
        ['weights', d.weights ? 'yes' : 'no'],
      ];
    case 'nats-meta':
      return [['architectures', integer(d.architectures)]];
    case 'meta-node':
      return [['architectures', `${integer(d.architectures)} of ${integer(d.total)}, ${d.maxNode} nodes`]];
    case 'training-run':
      return d.datasets.map(({ dataset, epochs, finished, weights }) => [
        printable(dataset),
        `${epochs ?? '?'} epochs${finished ? '' : ', not finished'}${weights ? ', with weights' : ''}`,
      ]);
    case 'data-batch':
      return [
        ['images', integer(d.images)],
        ['labels', `${d.labels.min} to ${d.labels.max}`],
      ];
    case 'state-dict':
    case 'torch':
    case 'pickle':
      return [
        ...(d.pickles > 1 ? [['pickles', integer(d.pickles)] as [string, string]] : []),
        ...(d.tensors
          ? [['tensors', `${integer(d.tensors)}, ${integer(d.parameters)} elements`] as [string, string]]
          : []),
        ...(d.keys.length ? [['keys', shortened(printable(d.keys.join(', ')), 90)] as [string, string]] : []),
      ];
    case 'archive-folder':
    case 'runs-folder':
      return [['files', integer(d.files)]];
    case 'folder':
      return [];
    default:
      return [['error', `${d.code} at byte ${integer(d.offset)}`]];
  }
}

function resultsTable(results: readonly ResultsSummary[], dim: (s: string) => string): string[] {
  const trials = [...new Set(results.flatMap((r) => Object.keys(r.trials).map(Number)))].sort((a, b) => a - b);
  const columns = [
    { title: 'hp', right: true },
    { title: 'data set' },
    ...trials.map((n) => ({ title: n === 1 ? '1 trial' : `${n} trials`, right: true })),
    { title: 'times' },
    { title: 'evaluated on' },
  ];
  const rows = results.map(({ hp, dataset, trials: counts, times, sets }) => [
    hp,
    dataset,
    ...trials.map((n) => (counts[n] ? integer(counts[n]) : '–')),
    times ? 'yes' : 'no',
    sets.join(', '),
  ]);
  return table(columns, rows, dim);
}
