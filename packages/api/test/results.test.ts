// Results that are made, not read: what the reference's makers of the benchmark do with them.
import type { PythonValue } from '@nas-bench-201/core-native';
import { expect, it } from 'vitest';
import { ArchResults, QueryError, ResultsCount } from '../src/index.js';
import { resultsOf } from '../src/results/arch-results.js';

const byEpoch = (...values: number[]) => new Map(values.map((value, epoch) => [epoch, value]));
const bySet = (set: string, ...values: number[]) => new Map(values.map((value, epoch) => [`${set}@${epoch}`, value]));

function trial(): ResultsCount {
  return ResultsCount.create({
    name: 'cifar10',
    trainAccs: byEpoch(50, 60),
    trainLosses: byEpoch(1.5, 1.25),
    params: 0.073306,
    flop: 7.78305,
    archConfig: new Map<PythonValue, PythonValue>([
      ['channel', 16],
      ['num_cells', 5],
      ['arch_str', '|none~0|+|none~0|none~1|+|none~0|none~1|none~2|'],
      ['class_num', 10],
    ]),
    seed: '0777',
    epochs: 2,
    latency: [0.25, 0.5],
  });
}

it('adds evaluation results set by set', () => {
  const made = trial();
  expect(made.getTrain()).toEqual({ iepoch: 1, loss: 1.25, accuracy: 60, cur_time: null, all_time: null });
  made.updateTrainInfo(byEpoch(51, 61), null, byEpoch(1.5, 1.25), byEpoch(3, 4));
  made.updateEval(bySet('ori-test', 40, 45), bySet('ori-test', 2, 1.75), bySet('ori-test', 1, 2));
  expect(made.getTrain()).toEqual({ iepoch: 1, loss: 1.25, accuracy: 61, cur_time: 4, all_time: 7 });
  expect(made.getEval('ori-test')).toEqual({ iepoch: 1, loss: 1.75, accuracy: 45, cur_time: 2, all_time: 3 });
  expect(() => made.updateEval(bySet('ori-test', 1, 1), new Map(), new Map())).toThrow(QueryError);
  expect(made.getTimes()).toEqual({
    'T-train@epoch': 3.5,
    'T-train@total': 7,
    'T-ori-test@epoch': 1.5,
    'T-ori-test@total': 3,
  });
  expect(String(made)).toBe(
    'ResultsCount(cifar10, arch=|none~0|+|none~0|none~1|+|none~0|none~1|none~2|, FLOP=7.78M, Param=0.073MB, seed=0777, 1 eval-sets: [ori-test])',
  );
  expect(made.getConfig((text) => text.length)).toEqual({
    name: 'infer.tiny',
    C: 16,
    N: 5,
    num_classes: 10,
    genotype: 47,
  });
  const again = ResultsCount.createFromStateDict(made.stateDict());
  expect(again.stateDict()).toEqual(made.stateDict());
  made.resetEval();
  expect(made.getEvalSet()).toEqual([]);
  expect(() => made.getEval('ori-test')).toThrow(QueryError);
});

it('knows sets that were evaluated at some epochs only', () => {
  const made = trial();
  made.updateOldEval('x-valid', new Map([[1, 44]]), new Map([[1, 1.9]]));
  expect(made.getEval('valid')).toMatchObject({ accuracy: 44, all_time: null });
  expect(() => made.getEval('x-valid', 0)).toThrow(/epoch 0/);
});

it('collects trials of an architecture', () => {
  const results = new ArchResults(resultsOf({ archIndex: 7, archStr: '|…|', cleared: true, datasets: [] }, []));
  results.update('cifar10', 888, trial());
  results.update('cifar10', 777, trial());
  expect(results.getDatasetSeeds('cifar10')).toEqual([777, 888]);
  expect(results.getLatency('cifar10')).toBe(0.375);
  expect(() => results.update('cifar10', 777, trial())).toThrow(/777/);
  expect(String(results)).toBe('ArchResults(arch-index=7, arch=|…|, 2 runs, clear=False)');
});
