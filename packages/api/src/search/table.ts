import type { NASBench201API } from '../api.js';
import { orNone } from '../errors.js';
import {
  type Dataset,
  EPOCHS_OF_HP,
  type HpName,
  type HpOption,
  hpName,
  PAPER_DATASETS,
  type PaperDataset,
} from '../names.js';
import type { PythonRandom } from '../random/python-random.js';
import { isChannels } from '../space/channels.js';
import type { Evaluation, Suggestion } from './algorithm.js';
import { SearchError } from './errors.js';
import { SearchSpace } from './space.js';

/** What is known after so many epochs: a number for each trial, NaN where the file has none. */
export interface TableLevel {
  epochs: number;
  /** On x-valid, in per cent. */
  accuracy: Float64Array;
  /** Seconds of training so far and of one pass over x-valid. */
  cost: Float64Array;
  /** Seconds of training so far. */
  training: Float64Array;
}

/** What a table is made of. Plain, and in shared memory: it can be posted to worker threads without being copied. */
export interface TableParts {
  dataset: PaperDataset;
  hp: HpName;
  architectures: readonly string[];
  /** The trials of architecture i stand from starts[i] to before starts[i + 1], in the order of the file's seeds. */
  starts: Uint32Array;
  /** By epochs, ascending. */
  levels: readonly TableLevel[];
}

export interface TableOptions extends HpOption {
  /** After how many epochs the searches will ask. Default: all. */
  epochs?: readonly number[] | undefined;
  signal?: AbortSignal | undefined;
}

/** The data set that a search on `cifar10` asks the benchmark for: validation needs half of the training images. */
export function searchedDataset(dataset: PaperDataset): Dataset {
  return dataset === 'cifar10' ? 'cifar10-valid' : dataset;
}

function inSharedMemory(values: Float64Array): Float64Array {
  const shared = new Float64Array(new SharedArrayBuffer(values.byteLength));
  shared.set(values);
  return shared;
}

/**
 * All that searches ask of a benchmark, for one data set and one set of hyper-parameters: accuracy and cost of every
 * trial of every architecture. Read once; a search on it asks neither the file nor the API again, and sees what
 * `getMoreInfo(index, dataset, { hp, isRandom: true })` would have answered.
 */
export class SearchTable {
  readonly space: SearchSpace;
  readonly #levels: ReadonlyMap<number, TableLevel>;
  readonly #last: TableLevel;
  #cheapest: number | undefined;

  /** From its parts, as a worker thread gets them. @throws SearchError where no level is given */
  constructor(readonly parts: TableParts) {
    this.space = new SearchSpace(parts.architectures);
    this.#levels = new Map(parts.levels.map((level) => [level.epochs, level]));
    const last = parts.levels.at(-1);
    if (!last) throw new SearchError('NO_RESULTS', 'expected results after some number of epochs');
    this.#last = last;
  }

  /**
   * Reads a table. `cifar10` is what the reference's scripts make of it: `cifar10-valid`, trained on half of the images.
   * @throws SearchError NO_RESULTS where the file lacks the data set, the hyper-parameters, an epoch or the times
   */
  static async read(api: NASBench201API, dataset: PaperDataset, options: TableOptions = {}): Promise<SearchTable> {
    const hp = hpName(options);
    if (!PAPER_DATASETS.includes(dataset)) {
      throw new SearchError('NO_RESULTS', `expected one of ${PAPER_DATASETS.join(', ')}, found ${String(dataset)}`);
    }
    if (isChannels(api.arch(0))) {
      throw new SearchError('NO_RESULTS', `the searches choose among cells; ${api.filename} is of the size space`);
    }
    const trained = searchedDataset(dataset);
    const all = EPOCHS_OF_HP[hp];
    const wanted = [...new Set(options.epochs?.length ? options.epochs : [all])].sort((a, b) => a - b);
    const wrong = wanted.find((epochs) => !Number.isInteger(epochs) || epochs < 1 || epochs > all);
    if (wrong !== undefined) {
      throw new SearchError('BAD_OPTION', `expected numbers of epochs from 1 to ${all}, found ${wrong}`);
    }
    const requests = wanted.flatMap((epochs) => {
      const iepoch = epochs === all ? undefined : epochs - 1;
      return [
        { metric: 'accuracy', set: 'x-valid', iepoch },
        { metric: 'all-time', set: 'train', iepoch },
        { metric: 'all-time', set: 'x-valid', iepoch },
      ] as const;
    });
    const columns = await api.trialColumns(trained, requests, { hp, signal: options.signal });
    const { starts } = columns[0]!;
    const levels: TableLevel[] = [];
    for (const [i, epochs] of wanted.entries()) {
      const [accuracy, training, validation] = columns.slice(3 * i, 3 * i + 3).map((column) => column.values);
      for (const [what, values] of [
        ['validation accuracies', accuracy!],
        ['training times', training!],
        ['validation times', validation!],
      ] as const) {
        const after = `${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}`;
        if (values.every(Number.isNaN)) throw missing(api, dataset, hp, `${what} after ${after}`);
      }
      levels.push({
        epochs,
        accuracy: inSharedMemory(accuracy!),
        training: inSharedMemory(training!),
        cost: inSharedMemory(training!.map((seconds, trial) => seconds + validation![trial]! / epochs)),
      });
    }
    return new SearchTable({ dataset, hp, architectures: api.metaArchs, starts, levels });
  }

  get dataset(): PaperDataset {
    return this.parts.dataset;
  }

  get hp(): HpName {
    return this.parts.hp;
  }

  /** Simulated seconds that an evaluation takes at least. */
  get cheapest(): number {
    if (this.#cheapest === undefined) {
      this.#cheapest = Number.POSITIVE_INFINITY;
      for (const seconds of this.parts.levels[0]!.cost) if (seconds < this.#cheapest) this.#cheapest = seconds;
    }
    return this.#cheapest;
  }

  /** Trains an architecture and validates it, as far as anybody can tell. @throws SearchError */
  evaluate(suggested: Suggestion | Suggestion['architecture'], random: PythonRandom): Evaluation {
    const suggestion = typeof suggested === 'object' ? suggested : { architecture: suggested };
    const index = this.#index(suggestion.architecture);
    const { epochs = this.#last.epochs, resume } = suggestion as Suggestion;
    const level = this.#levels.get(epochs);
    if (!level) {
      const known = [...this.#levels.keys()].join(', ');
      throw new SearchError('NO_RESULTS', `expected a number of epochs among ${known}, found ${epochs}`);
    }
    const { starts } = this.parts;
    const first = starts[index]!;
    const count = starts[index + 1]! - first;
    if (count === 0) throw this.#notEvaluated(index);
    const trial = resume ? resume.trial : random.randint(0, count - 1);
    const accuracy = level.accuracy[first + trial]!;
    let cost = level.cost[first + trial]!;
    if (resume) cost -= this.#levels.get(resume.epochs)?.training[first + trial] ?? 0;
    if (Number.isNaN(accuracy) || Number.isNaN(cost)) throw this.#notEvaluated(index);
    if (cost <= 0) {
      throw new SearchError('NO_RESULTS', `architecture ${index} takes ${cost} s on '${this.dataset}': no budget ends`);
    }
    return { index, epochs, trial, accuracy, cost, paid: true };
  }

  #index(architecture: number | string): number {
    const { architectures, size } = this.space;
    const index = typeof architecture === 'string' ? architectures.indexOf(architecture) : architecture;
    if (!Number.isInteger(index) || index < 0 || index >= size) {
      const found = typeof architecture === 'string' ? JSON.stringify(architecture) : String(architecture);
      throw new SearchError(
        'NOT_IN_SPACE',
        `expected an architecture of this space, an index from 0 to ${size - 1} or its string, found ${found}`,
      );
    }
    return index;
  }

  #notEvaluated(index: number): SearchError {
    return new SearchError(
      'NOT_IN_SPACE',
      `architecture ${index} was suggested, and the file has no results of it on '${this.dataset}' with hp '${this.hp}'`,
    );
  }
}

/** Says what a file has in place of what it lacks, going by its first architecture. */
function missing(api: NASBench201API, dataset: PaperDataset, hp: HpName, what: string): SearchError {
  const [first] = api.evaluatedIndexes;
  const has = (other: PaperDataset, hyper: HpName): boolean =>
    orNone(false, () => {
      const options = { hp: hyper, isRandom: false };
      const info: Partial<Record<string, number | null>> = api.getMoreInfo(first ?? 0, searchedDataset(other), options);
      return info['valid-accuracy'] != null && info['valid-all-time'] != null && info['train-all-time'] != null;
    });
  const known = PAPER_DATASETS.flatMap((other) =>
    api.availableHps.filter((hyper) => has(other, hyper)).map((hyper) => `${other} with hp '${hyper}'`),
  );
  const there = known.length ? `after the last epoch it has them of ${known.join(', ')}` : 'it has none of any';
  const better =
    dataset !== 'cifar10' && hp === '12' ? '; FILEv1.1 (NAS-Bench-201-v1_1-096897.pth) has them of all' : '';
  return new SearchError(
    'NO_RESULTS',
    `${api.filename} has no ${what} of ${dataset} with hp '${hp}': ${there}${better}`,
  );
}
