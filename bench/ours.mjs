// bench/ours.mjs FILE: opens it and asks it; one JSON line with milliseconds a job and the peak memory.
import { dirname, join } from 'node:path';
import { NASBench201API } from 'nas-bench-201';

const [file] = process.argv.slice(2);
const bare = process.resourceUsage().maxRSS;
const jobs = {};
const time = async (name, count, work) => {
  const start = performance.now();
  await work();
  jobs[name] = (performance.now() - start) / count;
};

let api;
await time('open', 1, async () => {
  api = await NASBench201API.open(file, { seed: 0, onWarning() {}, sideCar: false });
});
const opened = process.resourceUsage().maxRSS;
await time('open on one core', 1, async () => {
  (await NASBench201API.open(file, { onWarning() {}, sideCar: false, limits: { threads: 1 } })).close();
});
const indexes = api.evaluatedIndexes;
// Spread over the file, each once: no answer comes from a record that was read before.
const picks = Array.from({ length: Math.min(1000, indexes.length) }, (_, i) => indexes[(i * 7919) % indexes.length]);
const moreInfo = (dataset = 'cifar100', hp = '200') => {
  for (const index of picks) api.getMoreInfo(index, dataset, { hp, isRandom: false });
};
const query = (hp) => {
  for (const index of picks) api.queryByIndex(index, 'cifar100', { hp });
};
// The first thousand of a process: most of that is the interpreter's and the compiler's.
await time('getMoreInfo, never touched before', picks.length, () => moreInfo());
await time('getMoreInfo, touched before', picks.length, () => moreInfo());
await time('queryByIndex', picks.length, () => query('200'));
for (let i = 0; i < 20; i++) moreInfo();
moreInfo('cifar10-valid');
await time('getMoreInfo, never touched before, compiled', picks.length, () => moreInfo('ImageNet16-120'));
await time('getMoreInfo, touched before, compiled', picks.length * 20, () => {
  for (let i = 0; i < 20; i++) moreInfo();
});
await time('queryByIndex, never touched before, compiled', picks.length, () => query('12'));
await time('getMoreInfos of all architectures, last epoch', 1, () =>
  api.getMoreInfos(indexes, 'cifar100', { hp: '200', isRandom: false }),
);
await time('getMoreInfos of 1,000 architectures, epoch 150', 1, () =>
  api.getMoreInfos(picks, 'cifar100', { hp: '200', isRandom: false, iepoch: 150 }),
);
await time('curves of 1,000 architectures', 1, () =>
  api.curves(picks, 'cifar100', { hp: '200', metric: 'accuracy', set: 'x-valid' }),
);
await time('findBest, first call', 1, () => api.findBest('cifar10', 'test', { hp: '200' }));
await time('findBest, after that', 1, () => api.findBest('cifar10', 'test', { hp: '200' }));
await time('simulateTrainEval', picks.length, () => {
  for (const index of picks) api.simulateTrainEval(index, 'cifar10', { hp: '12' });
});
await time('1,000,000 steps of simulateTrainEval', 1, () => {
  for (let i = 0; i < 1_000_000; i++)
    api.simulateTrainEval(indexes[(i * 7919) % indexes.length], 'cifar10', { hp: '12' });
});
const middle = { metric: 'accuracy', set: 'x-valid', hp: '200', iepoch: 150 };
await time('a column of an epoch in the middle, first call', 1, () => api.column('cifar10-valid', middle));
await time('the same, after that', 1, () => api.column('cifar10-valid', middle));
const peak = process.resourceUsage().maxRSS;
await time('the whole sweep', 1, async () => {
  for await (const batch of api.sweep()) if (batch.values.length === 0) throw new Error('an empty batch');
});
// Its own folder, so that what is measured as the first opening stays one.
const sideCar = join(dirname(file), 'side-cars');
const walked = await NASBench201API.open(file, { sideCar });
await walked.sideCarKept();
walked.close();
let again;
await time('open again, with the side-car', 1, async () => {
  again = await NASBench201API.open(file, { sideCar });
});
if (again.sideCar === null) throw new Error('the side-car was not used');
console.log(JSON.stringify({ jobs, peak: peak / 1024, opening: (opened - bare) / 1024 }));
