import { InvalidArgumentError, Option } from 'commander';
import type { Dataset, HpName, NASBench201API } from 'nas-bench-201';

// Spelled out here: to ask the API for them would load it before anybody needs it.
export const DATASETS = [
  'cifar10-valid',
  'cifar10',
  'cifar100',
  'ImageNet16-120',
] as const satisfies readonly Dataset[];
const HPS = ['01', '12', '90', '200'] as const satisfies readonly HpName[];

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new InvalidArgumentError('expected a whole number.');
  return value;
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value > 0)) throw new InvalidArgumentError('expected a number above 0.');
  return value;
}

/** An architecture as the command line names it: an index or a text. */
export function architecture(text: string): number | string {
  return /^\d+$/.test(text) ? wholeNumber(text) : text;
}

export const datasetOption = () => new Option('--dataset <name>', 'one data set (default: all)').choices(DATASETS);

export const hpOption = () =>
  new Option('--hp <epochs>', 'hyper-parameters (default: 200; 90 in the size space)').choices(HPS);

/** The hyper-parameters that were asked for, or the longest training there is in this space. */
export function hpOf(api: NASBench201API, hp: HpName | undefined): HpName {
  return hp ?? (/^\d+(:\d+)+$/.test(api.arch(0)) ? '90' : '200');
}

/** In bytes. */
export const memoryOption = (): Option =>
  new Option('--memory <MiB>', 'the most that tensors may take on the CPU; needing more is an error').argParser(
    (text) => Math.ceil(positiveNumber(text) * 2 ** 20),
  );
