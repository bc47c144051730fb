// A worker thread of `repeatSearch`: runs a search for each seed that it is sent.
import { parentPort, workerData } from 'node:worker_threads';
import { SearchError } from './errors.js';
import { type RunOptions, runSearch, type SearchRun } from './runner.js';
import { loadSearch, type SearchSource } from './source.js';
import { SearchTable, type TableParts } from './table.js';

/** What a thread begins with. */
export interface WorkerTask {
  parts: TableParts;
  source: SearchSource;
  options: Omit<RunOptions, 'seed'>;
}

/** A run, or why there is none. Errors lose their class between threads. */
export type WorkerAnswer = { run: SearchRun } | { failure: { code: SearchError['code']; message: string } };

const { parts, source, options } = workerData as WorkerTask;
const table = new SearchTable(parts);
const method = loadSearch(source);
method.catch(() => {}); // told with the first seed

parentPort!.on('message', async (seed: number) => {
  let answer: WorkerAnswer;
  try {
    answer = { run: runSearch(table, await method, { ...options, seed }) };
  } catch (error) {
    if (!(error instanceof SearchError)) throw error;
    answer = { failure: { code: error.code, message: error.message } };
  }
  parentPort!.postMessage(answer);
});
