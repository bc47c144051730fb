// bench/search-ours.mjs FILE: R-EA on cifar10; one JSON line with milliseconds a job, and what the ten runs found.
import { independentSeeds, NASBench201API, prepareSearch, repeatSearch, runSearch, SearchTable } from 'nas-bench-201';

const jobs = {};
const time = async (name, work) => {
  const start = performance.now();
  const answer = await work();
  jobs[name] = performance.now() - start;
  return answer;
};
const { method } = prepareSearch('r-ea');
const runs = (seeds) => seeds.map((seed) => runSearch(table, method, { seed }).found);

const api = await NASBench201API.open(process.argv[2], { onWarning() {} });
const table = await time('reading what searches ask, once a file', () => SearchTable.read(api, 'cifar10'));
const ten = independentSeeds(0, 10);
await time('10 R-EA runs, the first of a process', () => runs(ten));
// Other seeds than the ten.
runs(independentSeeds(1000, 200));
const found = await time('10 R-EA runs', () => runs(ten));
await time('500 R-EA runs, threads begun and ended', () =>
  repeatSearch(table, { name: 'r-ea' }, { seeds: independentSeeds(0, 500) }),
);
console.log(JSON.stringify({ jobs, found }));
