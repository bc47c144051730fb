// Wrong data sets, sets and hyper-parameters are compile errors. `tsc` checks this file: an expected error that is none
// fails the build of the tests.
import { expectTypeOf, it } from 'vitest';
import type { MoreInfo, NASBench201API, prepareSearch } from '../src/index.js';

it('types questions and answers by their data set', () => {
  expectTypeOf<MoreInfo<'cifar10'>>().toHaveProperty('test-accuracy');
  expectTypeOf<MoreInfo<'cifar10-valid'>['valid-accuracy']>().toEqualTypeOf<number>();
  expectTypeOf<MoreInfo<'cifar10'>>().not.toHaveProperty('valid-accuracy');
  expectTypeOf<MoreInfo<'cifar100'>>().toHaveProperty('valtest-loss');
});

export function wrongQuestions(api: NASBench201API): void {
  // @ts-expect-error no such data set
  api.getMoreInfo(0, 'mnist');
  // @ts-expect-error no such hyper-parameters
  api.getMoreInfo(0, 'cifar10', { hp: 13 });
  // @ts-expect-error cifar10 has no x-valid
  api.findBest('cifar10', 'x-valid');
  // @ts-expect-error cifar10-valid has no x-test
  api.column('cifar10-valid', { metric: 'accuracy', set: 'x-test' });
  // @ts-expect-error searches know the three data sets of the paper
  api.simulateTrainEval(0, 'cifar10-valid');
  // @ts-expect-error no such answer
  void api.getMoreInfo(0, 'cifar10')['valid-loss'];
}

export function wrongSearches(prepare: typeof prepareSearch, anyName: string): void {
  // @ts-expect-error no such option
  prepare('r-ea', { samplesize: 3 });
  // @ts-expect-error a number
  prepare('reinforce', { learningRate: 'fast' });
  // @ts-expect-error no such step
  prepare('local-search', { step: 'worst' });
  prepare('local-search', { step: 'first' });
  // What a user typed is checked when it is there.
  prepare(anyName, { samplesize: 3 });
}
