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
const indexes = api.evaluatedIndexes;
// Spread over the file, each once: no answer comes from a record that was read before.
const picks = Array.from({ length: Math.min(1000, indexes.length) }, (_, i) => indexes[(i * 7919) % indexes.length]);
const moreInfo = () => {
  for (const index of picks) api.getMoreInfo(index, 'cifar100', { hp: '200', isRandom: false });
};
await time('getMoreInfo, never touched before', picks.length, moreInfo);
await time('getMoreInfo, touched before', picks.length, moreInfo);
await time('queryByIndex', picks.length, () => {
  for (const index of picks) api.queryByIndex(index, null, { hp: '200' });
});
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
