import { fixed, listRepr, padded } from '../python-format.js';
import { isChannels } from '../space/channels.js';
import type { ArchResults, ComputeCosts, Metrics } from './arch-results.js';
import type { Reference } from './averaging.js';

function costLine(dataset: string, { flops, params, latency }: ComputeCosts): string {
  const milliseconds = latency !== null && latency > 0 ? fixed(latency * 1000, 2) : 'None';
  return `${dataset.padEnd(14)} FLOP=${padded(flops, 6, 2)} M, Params=${fixed(params, 3)} MB, latency=${milliseconds} ms.`;
}

/** The text that the references print for an architecture (their `print_information`), line by line. */
export function informationLines(results: ArchResults, extraInfo: string | null, reference: Reference): string[] {
  const and = reference === 'nats-bench' ? ' & ' : ', ';
  const measured = (dataset: string, set: string): string => {
    const { loss, accuracy }: Metrics = results.getMetrics(dataset, set);
    return `[loss = ${fixed(loss, 3)}${and}top1 = ${fixed(accuracy, 2)}%]`;
  };
  const sizeSpace = isChannels(results.archStr);
  const names = results.getDatasetNames();
  const lines = [results.archStr, `datasets : ${listRepr(names)}, extra-info : ${extraInfo ?? 'None'}`];
  for (const dataset of names) {
    lines.push(costLine(dataset, results.getComputeCosts(dataset)));
    const parts = [`train : ${measured(dataset, 'train')}`];
    if (dataset === 'cifar10') parts.push(`test  : ${measured(dataset, 'ori-test')}`);
    else parts.push(`valid : ${measured(dataset, 'x-valid')}`);
    if (dataset === 'cifar10-valid' && sizeSpace) parts.push(`test : ${measured(dataset, 'ori-test')}`);
    if (dataset !== 'cifar10' && dataset !== 'cifar10-valid') parts.push(`test : ${measured(dataset, 'x-test')}`);
    lines.push(`${dataset.padEnd(14)} ${parts.join(', ')}`);
  }
  return lines;
}
