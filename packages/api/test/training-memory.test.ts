// A training whose tensors do not fit. In a process of its own: the limit counts all tensors that there are, and those of other
// tests go when the garbage collector finds them.
import { expect, it } from 'vitest';
import { limitTensorMemory, Network, type NetworkError } from '../src/index.js';
import { describeWithTorch } from './support/networks.js';
import { answers, CIFAR10_CHANNELS, dataSet } from './support/training.js';

describeWithTorch('a training', () => {
  it('fails where tensors would take more memory than they may, and goes on when they may', async () => {
    const data = dataSet({ size: 32, classes: 10, split: false, ...CIFAR10_CHANNELS });
    await using network = await Network.fromArch(answers.trials[1]!.arch, { C: 4, N: 1, seed: 1 });
    const epoch = (batch_size: number) => network.train(data, { config: { batch_size } }).next();
    try {
      limitTensorMemory(6 * 2 ** 20);
      const message = /^out of memory on cpu with batches of 96 images; batches of (\d+) fit$/;
      const error = (await epoch(96).catch((failure: unknown) => failure)) as NetworkError;
      expect([error.code, error.message]).toEqual(['OUT_OF_MEMORY', expect.stringMatching(message)]);
      expect((await epoch(Number(message.exec(error.message)![1]))).value).toMatchObject({ train: { count: 96 } });
    } finally {
      limitTensorMemory(null);
    }
    expect((await epoch(96)).value).toMatchObject({ train: { count: 96 } });
    expect(() => limitTensorMemory(0)).toThrow(RangeError);
  });
});
