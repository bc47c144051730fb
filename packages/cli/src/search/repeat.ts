import type { RepeatOptions, SearchRun } from 'nas-bench-201';
import { Interrupted, type Terminal } from '../terminal.js';
import { integer } from '../text.js';
import type { Searcher, Tables } from './searchers.js';

/** The runs of one algorithm, and what ended them early: those that had finished are kept. */
export interface Runs {
  searcher: Searcher;
  runs: SearchRun[];
  ended?: Error;
}

/** Repeats a search with a progress bar. @throws what made it fail before the first run had finished */
export async function repeated(
  terminal: Terminal,
  searcher: Searcher,
  tables: Tables,
  options: RepeatOptions,
): Promise<Runs> {
  const { repeatSearch, SearchError } = await import('nas-bench-201');
  const { seeds } = options;
  const count = 'runs' in seeds ? seeds.runs : seeds.length;
  const runs: SearchRun[] = [];
  try {
    const table = await tables.for(searcher);
    const sorted = await terminal.during(
      searcher.title,
      (bar) =>
        repeatSearch(table, searcher.source, {
          ...options,
          // A single run is done sooner than a thread begins; somebody's own may never be done, and is ended with its thread.
          threads: count === 1 && 'name' in searcher.source ? 0 : options.threads,
          signal: terminal.signal,
          onRun(run, finished) {
            runs.push(run);
            bar.update(finished, count);
          },
        }),
      (runsDone) => `${integer(runsDone)} runs`,
    );
    return { searcher, runs: sorted };
  } catch (error) {
    if (runs.length === 0 || !(error instanceof SearchError || error instanceof Interrupted)) throw error;
    return { searcher, runs: runs.sort((a, b) => a.seed - b.seed), ended: error };
  }
}
