import type { PythonValue, TrialHead, TrialsState } from '@nas-bench-201/core-native';
import type { Recent } from '../recent.js';
import type { ResultsSource } from './arch-results.js';
import type { Curves } from './series.js';
import { FileTrial, type TrialData } from './trial-data.js';

/** Where the results of an architecture in a file come from. Its trials are made when they are asked for. */
export class FileResults implements ResultsSource {
  readonly #trials: (FileTrial | undefined)[] = [];

  constructor(
    readonly state: TrialsState,
    private readonly recent: Recent<object, Curves>,
    /** Finds the weights of a trial that has none here. */
    private readonly weightsOf: (trial: TrialHead) => PythonValue,
  ) {}

  get archIndex(): number {
    return this.state.archIndex;
  }
  get archStr(): string {
    return this.state.archStr;
  }
  get cleared(): boolean {
    return this.state.cleared;
  }
  get datasets(): TrialsState['datasets'] {
    return this.state.datasets;
  }
  get trialCount(): number {
    return this.state.trialCount;
  }

  find(dataset: string, seed: number): number {
    return this.state.find(dataset, seed);
  }

  key(number: number): { dataset: string; seed: number } {
    return this.state.trial(number);
  }

  data(number: number): TrialData {
    const known = this.#trials[number];
    if (known) return known;
    const { file, index, hp } = this.state;
    const head = this.state.trial(number);
    const made = new FileTrial(file, [index, hp, number], head, this.recent, () => this.weightsOf(head));
    this.#trials[number] = made;
    return made;
  }
}
