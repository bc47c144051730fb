import { EDGES } from '../space/cell.js';
import { OPERATIONS } from '../space/operations.js';
import type { Evaluation, SearchContext, SearchMethod } from './algorithm.js';

export interface RegularizedEvolutionOptions {
  populationSize: number;
  sampleSize: number;
}

/** The edges that end at each node after the first, by their numbers. */
const EDGES_OF_NODES = [1, 2, 3].map((node) => EDGES.flatMap((edge, number) => (edge.node === node ? [number] : [])));

/**
 * Another operation on one edge. A node is drawn first and then one of its edges, so the edge of node 1 changes in a
 * third of the cases; an operation that is there already is drawn again (the reference's `mutate_arch_func`).
 */
function mutate({ space, random }: SearchContext, parent: number): number {
  const edge = random.choice(random.choice(EDGES_OF_NODES));
  const current = space.operation(parent, edge);
  let operation: number;
  do operation = random.randint(0, OPERATIONS.length - 1);
  while (operation === current);
  return space.withOperation(parent, edge, operation);
}

/**
 * Regularized evolution (Real et al., AAAI 2019, algorithm 1), the reference's R_EA.py: a population at random; then the
 * best of a sample, drawn with replacement, has a mutated child, which takes the place of the oldest.
 */
export function regularizedEvolution({ populationSize, sampleSize }: RegularizedEvolutionOptions): SearchMethod {
  return (context) => {
    const population: Evaluation[] = [];
    const { space, random } = context;
    let born = 0;
    return {
      // The reference pays for the first population whatever the budget.
      unconditional: populationSize,
      suggest() {
        if (born++ < populationSize) return space.random(random);
        let parent = random.choice(population);
        for (let drawn = 1; drawn < sampleSize; drawn++) {
          const candidate = random.choice(population);
          if (candidate.accuracy > parent.accuracy) parent = candidate;
        }
        return mutate(context, parent.index);
      },
      observe(child) {
        population.push(child);
        if (population.length > populationSize) population.shift();
      },
    };
  };
}
