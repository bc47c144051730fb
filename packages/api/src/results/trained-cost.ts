import type { PythonValue } from '@nas-bench-201/core-native';
import type { Dataset } from '../names.js';
import { type NetworkCost, networkCost, TASK_SHAPES } from '../space/cost.js';

/**
 * What the network costs that a trial has trained, by its `arch_config`; with 16 channels and 5 cells where that does not
 * say. Null where there is no such network.
 */
export function trainedCost(arch: string, dataset: Dataset, config: PythonValue): NetworkCost | null {
  const number = (key: string, usual: number): number => Number((config instanceof Map && config.get(key)) || usual);
  try {
    const size = { C: number('channel', 16), N: number('num_cells', 5) };
    return networkCost(arch, TASK_SHAPES[dataset], size);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
