import type { HpName } from '../names.js';
import type { SearchMethod } from './algorithm.js';
import { SearchError } from './errors.js';
import { prepareSearch } from './registry.js';

/** Where an algorithm comes from, in words that a worker thread understands, too. */
export type SearchSource =
  /** One that is brought along. */
  | { name: string; options?: Readonly<Record<string, unknown>> | undefined; hp?: HpName | undefined }
  /** The default export of a module, a `SearchMethod`: the URL of its file. */
  | { module: string };

/** The algorithm. @throws SearchError where there is none */
export async function loadSearch(source: SearchSource): Promise<SearchMethod> {
  if ('name' in source) return prepareSearch(source.name, source.options, source.hp).method;
  const fail = (why: string, cause?: unknown) =>
    new SearchError('ALGORITHM_FAILED', `${source.module}: ${why}`, { cause });
  let loaded: { default?: unknown };
  try {
    loaded = await import(source.module);
  } catch (error) {
    throw fail(error instanceof Error ? error.message : String(error), error);
  }
  if (typeof loaded.default !== 'function') {
    throw fail(`expected its default export to be a function that begins a search, found ${typeof loaded.default}`);
  }
  return loaded.default as SearchMethod;
}
