import type { Evaluation, SearchMethod, Suggestion } from './algorithm.js';
import { Bracket, type BracketRun } from './bracket.js';

export interface HyperbandOptions {
  eta: number;
  /** Epochs on the first rung at least; on the last one at most. */
  minEpochs: number;
  maxEpochs: number;
}

/** Epochs by rung: the most that there are, and each time eta times fewer, rounded down, while there are enough. */
export function rungEpochs({ eta, minEpochs, maxEpochs }: HyperbandOptions): number[] {
  const epochs: number[] = [];
  for (let k = 0; ; k++) {
    const rung = Math.floor(maxEpochs / eta ** k + 1e-9);
    if (rung < Math.max(1, minEpochs) || rung === epochs[0]) return epochs;
    epochs.unshift(rung);
  }
}

interface Result {
  loss: number;
  evaluation: Evaluation;
}

/** One bracket after another, each with so many architectures at random on each of the upper rungs. */
function brackets(options: HyperbandOptions, countsOf: (bracket: number, rungs: number) => number[]): SearchMethod {
  const epochs = rungEpochs(options);
  return ({ space, random }) => {
    let started = 0;
    let bracket: Bracket<Suggestion, Result> | undefined;
    let run: BracketRun<Suggestion> | undefined;
    let best: Evaluation | undefined;
    const onRung = (rung: number) => epochs[epochs.length - bracket!.counts.length + rung]!;
    return {
      suggest() {
        run = bracket?.next();
        while (!run) {
          bracket = new Bracket<Suggestion, Result>(
            countsOf(started++, epochs.length),
            () => ({ architecture: space.random(random) }),
            ({ architecture }, { evaluation }) => ({ architecture, resume: evaluation }),
          );
          run = bracket.next();
        }
        return { ...run.candidate, epochs: onRung(run.rung) };
      },
      observe(evaluation) {
        bracket!.report(run!, { loss: 100 - evaluation.accuracy, evaluation });
        const further = evaluation.epochs - (best?.epochs ?? 0);
        if (!best || further > 0 || (further === 0 && evaluation.accuracy > best.accuracy)) best = evaluation;
      },
      incumbent: () => best?.index,
    };
  };
}

const halved = (first: number, eta: number, rungs: number) =>
  Array.from({ length: rungs }, (_, i) => Math.max(1, Math.floor(first * eta ** -i + 1e-9)));

/**
 * Successive halving (Jamieson and Talwalkar, AISTATS 2016) on the recorded curves: of eta^(rungs - 1) architectures at
 * random, trained for a few epochs, the best go on with their training; again until the budget ends. An architecture
 * that goes on pays for the epochs since, and one validation. The answer is the best of those trained longest.
 */
export function successiveHalving(options: HyperbandOptions): SearchMethod {
  return brackets(options, (_, rungs) => halved(options.eta ** (rungs - 1), options.eta, rungs));
}

/**
 * Hyperband (Li et al., JMLR 2018) on the recorded curves: brackets of successive halving by turns, from many
 * architectures that begin with few epochs to few that are trained to the end at once.
 */
export function hyperband(options: HyperbandOptions): SearchMethod {
  const { eta } = options;
  return brackets(options, (bracket, rungs) => {
    const s = rungs - 1 - (bracket % rungs);
    return halved(Math.ceil((rungs / (s + 1)) * eta ** s - 1e-9), eta, s + 1);
  });
}
