// bench/ours.mjs FILE: opens it and asks it; one JSON line with milliseconds a job and the peak memory.
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
  api = await NASBench201API.open(file, { seed: 0, onWarning() {} });
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
await time('simulateTrainEval', picks.length, () => {
  for (const index of picks) api.simulateTrainEval(index, 'cifar10', { hp: '12' });
});
console.log(JSON.stringify({ jobs, peak: process.resourceUsage().maxRSS / 1024, opening: (opened - bare) / 1024 }));
