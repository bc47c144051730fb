import { EPOCHS_OF_HP, type HpName } from '../names.js';
import type { SearchMethod } from './algorithm.js';
import { bohb } from './bohb.js';
import { SearchError } from './errors.js';
import { hyperband, rungEpochs, successiveHalving } from './hyperband.js';
import { localSearch } from './local-search.js';
import { nearest } from './nearest.js';
import { randomSearch } from './random-search.js';
import { regularizedEvolution } from './regularized-evolution.js';
import { reinforce } from './reinforce.js';

/** A number that an algorithm can be set to. */
interface NumberOption {
  default: number;
  whole?: boolean;
  min: number;
  max?: number;
  about: string;
}

/** A word that an algorithm can be set to. */
interface ChoiceOption<T extends string = string> {
  default: T;
  choices: readonly T[];
  about: string;
}

export type OptionSpec = NumberOption | ChoiceOption;
type Specs = Readonly<Record<string, OptionSpec>>;
type Values<S extends Specs> = {
  -readonly [K in keyof S]: S[K] extends ChoiceOption<infer T> ? T : number;
};

/** An algorithm by name. */
export interface SearchEntry<S extends Specs = Specs> {
  /** As the papers' tables call it. */
  title: string;
  /** For people: one line. */
  about: string;
  options: S;
  /** The hyper-parameters that it asks for unless it is told otherwise. */
  hp: HpName;
  /** @internal */
  create(options: Values<S>, hp: HpName): SearchMethod;
  /** After how many epochs it asks; undefined: after all. @internal */
  epochs?(options: Values<S>, hp: HpName): readonly number[];
}

const entry = <const S extends Specs>(definition: SearchEntry<S>): SearchEntry<S> => definition;

const HALVING = {
  eta: { default: 3, min: 1.5, about: 'of how many one goes on to the next rung' },
  minEpochs: { default: 1, whole: true, min: 1, about: 'epochs on the first rung, at least' },
} as const;
const untilTheEnd = (options: Values<typeof HALVING>, hp: HpName) => ({ ...options, maxEpochs: EPOCHS_OF_HP[hp] });

/** The algorithms that are brought along. Their defaults are the published settings. */
export const SEARCH_ALGORITHMS = {
  'r-ea': entry({
    title: 'R-EA',
    about: 'regularized evolution (Real et al., 2019)',
    hp: '12',
    options: {
      populationSize: { default: 10, whole: true, min: 1, about: 'architectures in the population' },
      sampleSize: { default: 3, whole: true, min: 1, about: 'architectures in a tournament, drawn with replacement' },
    },
    create: regularizedEvolution,
  }),
  random: entry({
    title: 'RS',
    about: 'random search (Bergstra and Bengio, 2012)',
    hp: '12',
    options: {},
    create: () => randomSearch,
  }),
  reinforce: entry({
    title: 'REINFORCE',
    about: 'policy gradient (Williams, 1992)',
    hp: '12',
    options: {
      // The rate behind the published row is documented nowhere; this is the one of the authors' next paper.
      learningRate: { default: 0.01, min: 0, about: "Adam's" },
      emaMomentum: { default: 0.9, min: 0, max: 1, about: 'of the baseline, a moving average of the rewards' },
    },
    create: reinforce,
  }),
  bohb: entry({
    title: 'BOHB',
    about: 'Hyperband that samples by densities of good and bad results (Falkner et al., 2018)',
    hp: '12',
    options: {
      iterations: { default: 50, whole: true, min: 1, about: 'brackets' },
      samples: { default: 4, whole: true, min: 1, about: 'candidates of which the most promising is evaluated' },
      randomFraction: { default: 0, min: 0, max: 1, about: 'share of configurations drawn at random' },
      minBandwidth: { default: 0.3, min: 0, about: 'of the densities' },
      eta: { default: 3, min: 1.5, about: 'of how many one goes on to the next rung' },
      minBudget: { default: 12, min: 1, about: 'on the first rung; changes nothing of what is asked' },
      maxBudget: { default: 200, min: 1, about: 'on the last rung' },
    },
    create: bohb,
  }),
  'local-search': entry({
    title: 'local search',
    about: 'hill climbing to neighbours that differ in one edge, with random restarts (White et al., 2021)',
    hp: '12',
    options: {
      step: { default: 'best', choices: ['best', 'first'], about: 'to the best neighbour, or to the first better one' },
    },
    create: localSearch,
  }),
  'successive-halving': entry({
    title: 'successive halving',
    about: 'the best of many go on with their training (Jamieson and Talwalkar, 2016), on the recorded curves',
    hp: '12',
    options: HALVING,
    create: (options, hp) => successiveHalving(untilTheEnd(options, hp)),
    epochs: (options, hp) => rungEpochs(untilTheEnd(options, hp)),
  }),
  hyperband: entry({
    title: 'Hyperband',
    about: 'successive halving from several starts by turns (Li et al., 2018), on the recorded curves',
    hp: '12',
    options: HALVING,
    create: (options, hp) => hyperband(untilTheEnd(options, hp)),
    epochs: (options, hp) => rungEpochs(untilTheEnd(options, hp)),
  }),
} as const;

export type SearchName = keyof typeof SEARCH_ALGORITHMS;
/** The options of an algorithm. */
export type SearchOptions<N extends SearchName> = Partial<Values<(typeof SEARCH_ALGORITHMS)[N]['options']>>;

/** An algorithm that is set up. */
export interface PreparedSearch {
  method: SearchMethod;
  hp: HpName;
  /** All of them, defaults included. */
  options: Readonly<Record<string, number | string>>;
  /** What `SearchTable.read` has to read for it; undefined: the last epoch. */
  epochs: readonly number[] | undefined;
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}

function unknown(what: string, name: string, names: readonly string[]): string {
  const near = nearest(name, names);
  const known = names.length ? `there are ${quoted(names)}` : 'there are none';
  return `there is no ${what} '${name}'${near === undefined ? '' : `; did you mean '${near}'?`} (${known})`;
}

function checkedOption(owner: string, name: string, spec: OptionSpec, value: unknown): number | string {
  const bad = (expected: string) =>
    new SearchError('BAD_OPTION', `${owner}: expected ${expected} as ${name}, found ${JSON.stringify(value)}`);
  if ('choices' in spec) {
    if (!spec.choices.includes(value as string)) throw bad(`one of ${quoted(spec.choices)}`);
    return value as string;
  }
  const { min, max = Number.POSITIVE_INFINITY, whole = false } = spec;
  const number = typeof value === 'number' ? value : Number.NaN;
  if (!(number >= min && number <= max && number < Number.POSITIVE_INFINITY) || (whole && !Number.isInteger(number))) {
    throw bad(`a ${whole ? 'whole ' : ''}number from ${min}${max < Number.POSITIVE_INFINITY ? ` to ${max}` : ''}`);
  }
  return number;
}

/**
 * Sets up an algorithm by its name.
 * @param hp the hyper-parameters whose results it asks for. Default: what it was published with
 * @throws SearchError UNKNOWN_ALGORITHM, UNKNOWN_OPTION, BAD_OPTION
 */
export function prepareSearch<N extends SearchName>(name: N, options?: SearchOptions<N>, hp?: HpName): PreparedSearch;
export function prepareSearch(name: string, options?: Readonly<Record<string, unknown>>, hp?: HpName): PreparedSearch;
export function prepareSearch(
  name: string,
  options: Readonly<Record<string, unknown>> = {},
  hp?: HpName,
): PreparedSearch {
  const names = Object.keys(SEARCH_ALGORITHMS);
  if (!names.includes(name)) throw new SearchError('UNKNOWN_ALGORITHM', unknown('algorithm', name, names));
  const algorithm = SEARCH_ALGORITHMS[name as SearchName] as unknown as SearchEntry;
  const known = Object.keys(algorithm.options);
  const wrong = Object.keys(options).find((option) => !known.includes(option));
  if (wrong !== undefined) throw new SearchError('UNKNOWN_OPTION', `${name}: ${unknown('option', wrong, known)}`);
  const values = Object.fromEntries(
    Object.entries(algorithm.options).map(([option, spec]) => [
      option,
      checkedOption(name, option, spec, options[option] ?? spec.default),
    ]),
  );
  const asked = hp ?? algorithm.hp;
  return {
    method: algorithm.create(values as never, asked),
    hp: asked,
    options: values,
    epochs: algorithm.epochs?.(values as never, asked),
  };
}
