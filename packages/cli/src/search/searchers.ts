import { basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { HpName, NASBench201API, PaperDataset, SearchSource, SearchTable } from 'nas-bench-201';

/** An algorithm as the command line named it. */
export interface Searcher {
  /** As it was asked for. */
  name: string;
  /** As tables call it. */
  title: string;
  source: SearchSource;
  hp: HpName;
  /** All of them, defaults included; none of a module. */
  options: Readonly<Record<string, number | string>>;
  epochs: readonly number[] | undefined;
}

/** A name, or the path of a module whose default export begins a search. @throws SearchError */
export async function searcherOf(
  name: string,
  options: Readonly<Record<string, number | string>>,
  hp: HpName | undefined,
): Promise<Searcher> {
  const { loadSearch, prepareSearch, SEARCH_ALGORITHMS, SearchError } = await import('nas-bench-201');
  if (/\.[cm]?js$/.test(name)) {
    const source = { module: pathToFileURL(resolve(name)).href };
    await loadSearch(source);
    const [option] = Object.keys(options);
    if (option !== undefined)
      throw new SearchError('UNKNOWN_OPTION', `${name}: a module takes no options, found '${option}'`);
    return {
      name,
      title: basename(name).replace(/\.\w+$/, ''),
      source,
      hp: hp ?? '12',
      options: {},
      epochs: undefined,
    };
  }
  const prepared = prepareSearch(name, options, hp);
  const { title } = SEARCH_ALGORITHMS[name as keyof typeof SEARCH_ALGORITHMS];
  const source = { name, options: prepared.options, hp: prepared.hp };
  return { name, title, source, hp: prepared.hp, options: prepared.options, epochs: prepared.epochs };
}

/** The tables that algorithms ask, each read once. */
export class Tables {
  readonly #read = new Map<string, Promise<SearchTable>>();

  constructor(
    readonly api: NASBench201API,
    readonly dataset: PaperDataset,
    readonly signal: AbortSignal,
  ) {}

  /** @throws SearchError where the file lacks what the algorithm asks for */
  async for({ hp, epochs }: Searcher): Promise<SearchTable> {
    const { SearchTable } = await import('nas-bench-201');
    const key = `${hp} ${epochs ?? ''}`;
    let table = this.#read.get(key);
    if (!table) {
      table = SearchTable.read(this.api, this.dataset, { hp, epochs, signal: this.signal });
      this.#read.set(key, table);
    }
    return table;
  }
}
